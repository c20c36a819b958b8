// The floor: a send() to each socket in turn, and nothing else. It agrees to every handshake without looking at it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 20000, FRAMES = 65536, LISTENER = -1, INPUT = -2 };
static const char YES[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
static int sockets[SOCKETS], count;

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static size_t frame(char *at, int size) {
    char *start = at;
    *at++ = (char)0x81;
    if (size < 126) *at++ = (char)size;
    else { *at++ = 126; *at++ = (char)(size >> 8); *at++ = (char)size; }
    int head = sprintf(at, "{\"sent\":\"%020lld\",\"text\":\"", (long long)now());
    memset(at + head, 'x', size - head - 2);
    memcpy(at + size - 2, "\"}", 2);
    return at + size - start;
}

static void send_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd writable = {fd, POLLOUT, 0};
            poll(&writable, 1, 1000);
        } else if (sent < 0) return;
        else data += sent, size -= sent;
    }
}

static void publish(int times, double rate, int size, int burst) {
    static char frames[FRAMES];
    int64_t start = now();
    for (int number = 0; number < times; number++) {
        int64_t wait = start + (int64_t)(number / rate * 1e9) - now();
        if (wait > 0) nanosleep(&(struct timespec){wait / 1000000000, wait % 1000000000}, NULL);
        size_t length = 0;
        for (int i = 0; i < burst; i++) length += frame(frames + length, size);
        for (int i = 0; i < count; i++) send_all(sockets[i], frames, length);
    }
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), times, size, burst;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (void *)&address, length) || listen(listener, 2048) || getsockname(listener, (void *)&address, &length)) return 1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    struct epoll_event one = {EPOLLIN, {.fd = LISTENER}}, events[64];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &one);
    one.data.fd = INPUT;
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &one);
    char data[4096];
    double rate;
    for (;;) {
        int ready = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == LISTENER) {
                one.data.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (one.data.fd >= 0) epoll_ctl(epoll, EPOLL_CTL_ADD, one.data.fd, &one);
            } else if (fd == INPUT) {
                ssize_t got = read(0, data, sizeof data - 1);
                if (got <= 0) return 0;
                data[got] = 0;
                if (sscanf(data, "publish %d %lf %d %d", &times, &rate, &size, &burst) != 4) return 1;
                publish(times, rate, size, burst);
                puts("published");
                fflush(stdout);
            } else if (read(fd, data, sizeof data) <= 0) {
                for (int j = 0; j < count; j++)
                    if (sockets[j] == fd) sockets[j] = sockets[--count];
                close(fd);
            } else if (count < SOCKETS && memmem(data, 3, "GET", 3)) {
                send_all(fd, YES, sizeof YES - 1);
                sockets[count++] = fd;
            }
        }
    }
}
