import { Tuning } from './tuning.svelte';
import { backoff, ended, forgo, leave, LONGEST, offer, preferH264, Refused, sleep } from './wish';

export { Publishing, type PublishStatus } from './publishing.svelte';

export type WatchStatus = 'idle' | 'connecting' | 'playing' | 'waiting' | 'failed';

declare global {
  interface Window {
    /** For tests that drive the page. */
    __marquee?: { watching?: Watching };
  }
}

/** ms between two looks at what arrives, and how many looks without a byte make a pause. */
const LOOK = 1_000;
const QUIET_LOOKS = 3;
/** Watches a session by WHEP and keeps watching: through pauses, lost networks and restarts of the server, until stopped. */
export class Watching {
  /** `waiting`: nobody publishes, or nothing arrives. `failed`: not allowed to watch; only a new start tries again. */
  status: WatchStatus = $state('idle');
  /** ms from the server's taking media in to its being seen here: half a round trip, and what the browser keeps to play evenly. */
  delay = $state(0);
  readonly tuning: Tuning;
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
    this.tuning = new Tuning(token);
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

  /** How much sound was heard since the connection was made: grows while it is not silence. */
  async soundEnergy(): Promise<number> {
    return (await arrived(this.#pc)).energy;
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
    const { lang } = this.tuning;
    const goodbye = () => resource !== null && void forgo(resource, this.#token);
    try {
      preferH264(pc.addTransceiver('video', { direction: 'recvonly' }), 'receive');
      pc.addTransceiver('audio', { direction: 'recvonly' });
      this.#show(pc, signal);
      resource = await offer(pc, lang === null ? this.#url : `${this.#url}?lang=${encodeURIComponent(lang)}`, this.#token, signal);
      void this.tuning.follow(resource, lang, signal).catch(() => undefined);
      window.addEventListener('pagehide', goodbye, { signal });
      void this.#look(pc, signal);
      if ((await ended(pc, resource, this.#token, signal)) === 'closed') resource = null; // The server ended it and has forgotten it.
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
      const { bytes, delay } = await arrived(pc);
      this.delay = delay;
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

interface Arrived {
  bytes: number;
  frames: number;
  energy: number;
  delay: number;
}

/** Of what `getStats` gives, what is looked at (W3C webrtc-stats). */
interface Stats {
  type?: string;
  kind?: string;
  bytesReceived?: number;
  framesDecoded?: number;
  totalAudioEnergy?: number;
  jitterBufferDelay?: number;
  jitterBufferEmittedCount?: number;
  nominated?: boolean;
  currentRoundTripTime?: number;
}

async function arrived(pc: RTCPeerConnection | null): Promise<Arrived> {
  const sum = { bytes: 0, frames: 0, energy: 0, delay: 0 };
  const report = pc === null || pc.signalingState === 'closed' ? [] : await pc.getStats();
  report.forEach((stats: Stats) => {
    if (stats.type === 'candidate-pair' && stats.nominated) sum.delay += ((stats.currentRoundTripTime ?? 0) * 1000) / 2;
    if (stats.type !== 'inbound-rtp') return;
    sum.bytes += stats.bytesReceived ?? 0;
    sum.frames += stats.framesDecoded ?? 0;
    sum.energy += stats.totalAudioEnergy ?? 0;
    // Of the two that are played together one is enough.
    if (stats.kind === 'audio' && stats.jitterBufferEmittedCount) sum.delay += ((stats.jitterBufferDelay ?? 0) * 1000) / stats.jitterBufferEmittedCount;
  });
  return sum;
}
