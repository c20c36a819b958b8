# The server with its web client built in. The build hook brings its own node, so both stages are the same Python.
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/marquee
COPY .ci/requirements-run.txt .ci/
RUN /opt/marquee/bin/pip install --no-cache-dir -r .ci/requirements-run.txt
COPY pyproject.toml README.md ./
COPY server server
COPY realtime realtime
COPY sessions sessions
COPY translation translation
RUN /opt/marquee/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11.13-slim-bookworm
COPY .ci/system-packages /tmp/system-packages
RUN apt-get update \
    && sed -n 's/^\(apertium[a-z-]*\).*/\1/p' /tmp/system-packages | xargs apt-get install --yes --no-install-recommends \
    && rm -rf /var/lib/apt/lists/* /tmp/system-packages \
    && useradd --system --home-dir /data marquee \
    && install --directory --owner marquee /data
COPY --from=build /opt/marquee /opt/marquee
ENV PATH=/opt/marquee/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MARQUEE_HOST=0.0.0.0 \
    MARQUEE_PORT=8000 \
    MARQUEE_MEDIA_PORT=8443 \
    MARQUEE_DATA=/data
USER marquee
WORKDIR /data
VOLUME /data
EXPOSE 8000/tcp 8443/udp 8443/tcp
# Leaving closes the sockets with "come back soon", which takes the server a second or two.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["marquee", "serve"]
