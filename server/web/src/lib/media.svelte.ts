import { getEvent } from './api';
import { ProblemError } from './problem';
import { ended, forgo, leave, offer, preferH264, Refused, sleep } from './wish';

export type WatchStatus = 'idle' | 'connecting' | 'playing' | 'waiting' | 'failed';
export type PublishStatus = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'failed';

declare global {
  interface Window {
    /** For tests that drive the page. */
    __marquee?: { watching?: Watching };
  }
}

/** ms between two looks at what arrives, and how many looks without a byte make a pause. */
const LOOK = 1_000;
const QUIET_LOOKS = 3;
/** ms of the longest wait between two attempts, the first being a thirtieth of it. */
const LONGEST = 15_000;
/** Bits per second of the video that is sent: every viewer gets these very packets. */
const VIDEO_BITRATE = 2_500_000;

function backoff(attempt: number): number {
  return 200 + Math.random() * Math.min(LONGEST, 500 * 2 ** Math.min(attempt, 10));
}

/** Watches a session by WHEP and keeps watching: through pauses, lost networks and restarts of the server, until stopped. */
export class Watching {
  /** `waiting`: nobody publishes, or nothing arrives. `failed`: not allowed to watch; only a new start tries again. */
  status: WatchStatus = $state('idle');
  readonly #url: string;
  readonly #token: string;
  readonly #getVideo: () => HTMLVideoElement | null;
  #running: AbortController | null = null;
  #pc: RTCPeerConnection | null = null;
  #early: () => void = () => undefined;

  constructor(url: string, token: string, getVideo: () => HTMLVideoElement | null) {
    this.#url = url;
    this.#token = token;
    this.#getVideo = getVideo;
  }

  /** Starts watching; once is enough, and a second time does nothing. */
  start(): void {
    if (this.#running !== null) return;
    this.#running = new AbortController();
    window.__marquee = { ...window.__marquee, watching: this };
    void this.#run(this.#running.signal);
  }

  stop(): void {
    this.#running?.abort();
    this.#running = null;
    this.status = 'idle';
    const video = this.#getVideo();
    if (video) video.srcObject = null;
  }

  /** Tells it that the session went live, so that it need not wait out its retry. */
  wake(): void {
    this.#early();
  }

  /** How many frames of video were decoded since the connection was made. */
  async framesDecoded(): Promise<number> {
    return (await arrived(this.#pc)).frames;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const began = Date.now();
      try {
        await this.#watch(signal);
        if (Date.now() - began > LONGEST) attempt = 0;
        this.#become('connecting', signal);
        await sleep(backoff(attempt), signal);
      } catch (error) {
        if (signal.aborted) return;
        const refused = error instanceof Refused ? error : null;
        if (refused !== null && !refused.passing) {
          this.#running = null;
          this.status = 'failed';
          return;
        }
        this.#become(refused?.status ? 'waiting' : 'connecting', signal);
        const wait = refused?.retryAfter ? refused.retryAfter * (1 + Math.random() / 2) : backoff(attempt);
        await sleep(wait, signal, (early) => (this.#early = early)).catch(() => undefined);
      }
    }
  }

  /** One connection, from the offer to its end; the promise resolves when it has ended by itself. */
  async #watch(outer: AbortSignal): Promise<void> {
    const inner = new AbortController();
    const signal = AbortSignal.any([outer, inner.signal]);
    if (this.status !== 'waiting') this.#become('connecting', outer);
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.#pc = pc;
    let resource: string | null = null;
    const goodbye = () => resource !== null && void forgo(resource, this.#token);
    try {
      preferH264(pc.addTransceiver('video', { direction: 'recvonly' }), 'receive');
      pc.addTransceiver('audio', { direction: 'recvonly' });
      this.#show(pc, signal);
      resource = await offer(pc, this.#url, this.#token, signal);
      window.addEventListener('pagehide', goodbye, { signal });
      void this.#look(pc, signal);
      if ((await ended(pc, signal)) === 'closed') resource = null; // The server ended it and has forgotten it.
    } finally {
      inner.abort();
      void leave(pc, resource, this.#token);
    }
  }

  #become(status: WatchStatus, signal: AbortSignal): void {
    if (!signal.aborted) this.status = status;
  }

  #show(pc: RTCPeerConnection, signal: AbortSignal): void {
    const stream = new MediaStream();
    pc.addEventListener('track', ({ track }) => {
      stream.addTrack(track);
      const video = this.#getVideo();
      if (video === null) return;
      if (video.srcObject !== stream) video.srcObject = stream;
      void play(video);
    }, { signal });
  }

  /** Media arriving, not a state of the connection, is what says "playing". */
  async #look(pc: RTCPeerConnection, signal: AbortSignal): Promise<void> {
    let before = 0;
    let quiet = QUIET_LOOKS;
    while (!signal.aborted) {
      const { bytes } = await arrived(pc);
      quiet = bytes > before ? 0 : quiet + 1;
      before = bytes;
      if (quiet === 0) this.#become('playing', signal);
      else if (quiet >= QUIET_LOOKS && this.status === 'playing') this.#become('waiting', signal);
      await sleep(this.status === 'playing' ? LOOK : LOOK / 4, signal).catch(() => undefined);
    }
  }
}

/** A page may not make a sound before its guest touched it: then play without. The element's `volumechange` tells the page. */
async function play(video: HTMLVideoElement): Promise<void> {
  try {
    await video.play();
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || video.muted) return;
    video.muted = true;
    await video.play().catch(() => undefined);
  }
}

async function arrived(pc: RTCPeerConnection | null): Promise<{ bytes: number; frames: number }> {
  const sum = { bytes: 0, frames: 0 };
  const report = pc === null || pc.signalingState === 'closed' ? [] : await pc.getStats();
  report.forEach((stats: { type?: string; bytesReceived?: number; framesDecoded?: number }) => {
    if (stats.type !== 'inbound-rtp') return;
    sum.bytes += stats.bytesReceived ?? 0;
    sum.frames += stats.framesDecoded ?? 0;
  });
  return sum;
}

/** Publishes a stream by WHIP and comes back after losses, until stopped or until another publisher took over. */
export class Publishing {
  status: PublishStatus = $state('idle');
  /** The code of what ended it, such as `forbidden`, `network` or `replaced` (another publisher took over). */
  error: string | null = $state(null);
  readonly #url: string;
  readonly #token: string;
  #running: AbortController | null = null;
  #done: Promise<void> = Promise.resolve();

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** Resolves when the stream is accepted, or when it is refused: then `status` is `failed` and `error` says why. */
  async start(stream: MediaStream): Promise<void> {
    await this.stop();
    const running = new AbortController();
    this.#running = running;
    this.status = 'connecting';
    this.error = null;
    await new Promise<void>((settled) => {
      this.#done = this.#run(stream, running.signal, settled).finally(settled);
    });
  }

  /** Ends the publishing; the stream's tracks stay the caller's. */
  async stop(): Promise<void> {
    this.#running?.abort();
    this.#running = null;
    await this.#done;
    this.status = 'idle';
  }

  async #run(stream: MediaStream, signal: AbortSignal, settled: () => void): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const began = Date.now();
      try {
        const closed = (await this.#publish(stream, signal, settled)) === 'closed';
        if (closed && (await this.#takenOver(signal))) return this.#fail('replaced', signal);
        if (Date.now() - began > LONGEST) attempt = 0;
      } catch (error) {
        if (signal.aborted) return;
        const problem = error instanceof ProblemError ? error : new ProblemError('unknown');
        // The first attempt is the guest's own and answers at once; later ones are ours.
        if (this.status === 'connecting' || (error instanceof Refused && !error.passing)) return this.#fail(problem.code, signal);
      }
      if (signal.aborted) return;
      this.status = 'reconnecting';
      await sleep(backoff(attempt), signal).catch(() => undefined);
    }
  }

  async #publish(stream: MediaStream, outer: AbortSignal, settled: () => void): Promise<'failed' | 'closed'> {
    const inner = new AbortController();
    const signal = AbortSignal.any([outer, inner.signal]);
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    let resource: string | null = null;
    const goodbye = () => resource !== null && void forgo(resource, this.#token);
    try {
      for (const track of stream.getTracks()) send(pc, track, stream);
      resource = await offer(pc, this.#url, this.#token, signal);
      window.addEventListener('pagehide', goodbye, { signal });
      await limitVideo(pc);
      outer.throwIfAborted();
      this.status = 'live';
      settled();
      const end = await ended(pc, signal);
      if (end === 'closed') resource = null; // The server ended it and has forgotten it.
      return end;
    } finally {
      inner.abort();
      await leave(pc, resource, this.#token);
    }
  }

  /** After the server closed us: live without us means that another publisher has the session; taking it back would never end. */
  async #takenOver(signal: AbortSignal): Promise<boolean> {
    await sleep(1_000, signal).catch(() => undefined);
    const session = decodeURIComponent(new URL(this.#url, location.href).pathname.split('/').pop() ?? '');
    return getEvent().then(({ live }) => live[session] === true, () => false);
  }

  #fail(code: string, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#running = null;
    this.error = code;
    this.status = 'failed';
  }
}

function send(pc: RTCPeerConnection, track: MediaStreamTrack, stream: MediaStream): void {
  const transceiver = pc.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
  if (track.kind === 'video') preferH264(transceiver, 'send');
}

async function limitVideo(pc: RTCPeerConnection): Promise<void> {
  for (const sender of pc.getSenders()) {
    if (sender.track?.kind !== 'video') continue;
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) encoding.maxBitrate = VIDEO_BITRATE;
    await sender.setParameters(parameters).catch(() => undefined); // It is sent all the same, at the browser's own rate.
  }
}
