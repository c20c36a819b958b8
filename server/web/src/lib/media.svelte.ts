import { arrived } from './arrived';
import { Beneath } from './beneath';
import { Picturing } from './quality.svelte';
import { Tuning } from './tuning.svelte';
import { backoff, choose, type End, ended, forgo, leave, LONGEST, offer, preferH264, Refused, sleep, type Sound } from './wish';

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
/** ms after an answer in which media must arrive; then HLS plays until it does. */
const PATIENCE = 6_000;
/** ms after which such an attempt is given up: where UDP is dropped, a browser may hope for minutes. */
const HOPE = 20_000;
/** ms between two attempts by WHEP while HLS plays. */
const AGAIN = 20_000;

/**
 * Watches a session by WHEP and keeps watching: through pauses, lost networks and restarts of the server, until stopped. Where WHEP does
 * not get through, HLS plays, and WHEP takes over as soon as its media arrives.
 */
export class Watching {
  /** ms from the server's taking media in to its being seen here: half a round trip, and what the browser keeps to play evenly. */
  delay = $state(0);
  /** ms that HLS shows the session late; null while it is WHEP's, or nothing, that is shown. */
  behind: number | null = $state(null);
  readonly tuning = new Tuning();
  readonly picturing = new Picturing();
  /** The floor beneath the interpretation. */
  readonly beneath = new Beneath();
  #whep: WatchStatus = $state('idle');
  readonly #links: { whep: string; hls: string };
  readonly #token: string;
  readonly #getVideo: () => HTMLVideoElement | null;
  readonly #now: () => number;
  #late: AbortController | null = null;
  #running: AbortController | null = null;
  #pc: RTCPeerConnection | null = null;
  #original: MediaStreamTrack | null = null;
  #early: () => void = () => undefined;

  /** `now` is the server's clock. */
  constructor(links: { whep: string; hls: string }, token: string, getVideo: () => HTMLVideoElement | null, now: () => number) {
    this.#links = links;
    this.#token = token;
    this.#getVideo = getVideo;
    this.#now = now;
  }

  /** `waiting`: nobody publishes, or nothing arrives. `failed`: not allowed to watch; only a new start tries again. */
  get status(): WatchStatus {
    return this.behind === null ? this.#whep : 'playing';
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
    this.#stopLate();
    this.#whep = 'idle';
    const video = this.#getVideo();
    if (video) video.srcObject = null;
  }

  /** Tells it that the session went live, so that it need not wait out its retry. */
  wake(): void {
    this.#early();
  }

  /** How many frames of video were decoded since the connection was made. */
  async framesDecoded(): Promise<number> {
    if (this.behind !== null) return this.#getVideo()?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
    return (await arrived(this.#pc, this.#original)).frames;
  }

  /** How much sound, but for what is beneath it, was heard since the connection was made: grows while it is not silence. */
  async soundEnergy(): Promise<number> {
    return (await arrived(this.#pc, this.#original)).energy;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const began = Date.now();
      try {
        await this.#watch(signal);
        if (Date.now() - began > LONGEST) attempt = 0;
        this.#become('connecting', signal);
        await this.#wait(backoff(attempt), signal);
      } catch (error) {
        if (signal.aborted) return;
        const refused = error instanceof Refused ? error : null;
        if (refused !== null && !refused.passing) {
          this.#running = null;
          this.#whep = 'failed';
          return;
        }
        this.#become(refused?.status ? 'waiting' : 'connecting', signal);
        // A relay that is being started again is back sooner than HLS.
        if (refused !== null && refused.status >= 500 && refused.code !== 'relay_down') this.#playLate(signal);
        const wait = refused?.retryAfter ? refused.retryAfter * (1 + Math.random() / 2) : backoff(attempt);
        await this.#wait(wait, signal).catch(() => undefined);
      }
    }
  }

  /** Until the next attempt: not long when the machine comes online, or when told. */
  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const early = () => this.#early();
    window.addEventListener('online', early);
    try {
      await sleep(this.behind === null ? ms : Math.max(ms, AGAIN), signal, (end) => (this.#early = end));
    } finally {
      window.removeEventListener('online', early);
    }
  }

  /** One connection, from the offer to its end; the promise resolves when it has ended by itself. */
  async #watch(outer: AbortSignal): Promise<void> {
    const inner = new AbortController();
    const signal = AbortSignal.any([outer, inner.signal]);
    if (this.#whep !== 'waiting') this.#become('connecting', outer);
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.#pc = pc;
    let resource: string | null = null;
    const told = this.tuning.sound;
    const goodbye = () => resource !== null && void forgo(resource, this.#token);
    try {
      preferH264(pc.addTransceiver('video', { direction: 'recvonly' }), 'receive');
      pc.addTransceiver('audio', { direction: 'recvonly' });
      const original = pc.addTransceiver('audio', { direction: 'recvonly' }).receiver.track;
      this.#original = original;
      this.beneath.take(original, signal);
      const stream = this.#collect(pc, signal);
      const here = (resource = await offer(pc, asked(this.#links.whep, told), this.#token, signal));
      window.addEventListener('pagehide', goodbye, { signal });
      const wish = () => {
        void this.picturing.follow(here, this.#token, signal).catch(() => undefined);
        void this.tuning.follow((sound, signal) => choose(here, sound, this.#token, signal), told, signal).catch(() => undefined);
      };
      if (this.#late === null) wish(); // Else the wishes are HLS's to fulfil, for now.
      const patience = setTimeout(() => this.#playLate(outer), PATIENCE);
      let hope: ReturnType<typeof setTimeout> | undefined;
      const hopeless = new Promise<End>((resolve) => (hope = setTimeout(resolve, HOPE, 'failed')));
      const arrived = () => [patience, hope].forEach(clearTimeout);
      signal.addEventListener('abort', arrived);
      void this.#look(pc, signal, () => {
        arrived();
        if (this.#late === null) return;
        this.#stopLate();
        this.#show(stream);
        wish();
      });
      if ((await Promise.race([ended(pc, resource, this.#token, signal), hopeless])) === 'closed') resource = null; // The server ended it and has forgotten it.
    } finally {
      inner.abort();
      void leave(pc, resource, this.#token);
    }
  }

  #become(status: WatchStatus, signal: AbortSignal): void {
    if (!signal.aborted) this.#whep = status;
  }

  /** What a connection brings; shown at once, or while HLS plays when something of it has arrived. */
  #collect(pc: RTCPeerConnection, signal: AbortSignal): MediaStream {
    const stream = new MediaStream();
    pc.addEventListener('track', ({ track }) => {
      if (track === this.#original) return;
      stream.addTrack(track);
      if (this.#late === null) this.#show(stream);
    }, { signal });
    return stream;
  }

  #show(stream: MediaStream): void {
    const video = this.#getVideo();
    if (video === null) return;
    if (video.srcObject !== stream) video.srcObject = stream;
    void play(video);
  }

  /** Plays HLS until WHEP's media arrives, there is nothing to play, or `outer` aborts. Once is enough. */
  #playLate(outer: AbortSignal): void {
    const video = this.#getVideo();
    if (this.#late !== null || video === null || outer.aborted) return;
    const late = (this.#late = new AbortController());
    void this.#followLate(video, AbortSignal.any([outer, late.signal]))
      .catch(() => undefined)
      .finally(() => this.#late === late && this.#stopLate());
  }

  async #followLate(video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
    const { playLate } = await import('./hls');
    const late = await playLate(video, this.#links.hls, this.#token, this.#now, signal);
    late.choose(this.tuning.lang);
    void this.tuning.follow(({ lang }) => Promise.resolve(late.choose(lang)), this.tuning.sound, signal).catch(() => undefined);
    void play(video);
    await late.follow((behind) => (this.behind = behind));
  }

  #stopLate(): void {
    this.#late?.abort();
    this.#late = null;
    this.behind = null;
  }

  /** Media arriving, not a state of the connection, is what says "playing"; `arrives` is called for the first of it. */
  async #look(pc: RTCPeerConnection, signal: AbortSignal, arrives: () => void): Promise<void> {
    let before = await arrived(pc, this.#original);
    let begun = false;
    let quiet = QUIET_LOOKS;
    while (!signal.aborted) {
      const now = await arrived(pc, this.#original);
      if (signal.aborted) return;
      // Of what was played since the last look: a slow beginning is over.
      const played = now.played - before.played;
      if (played > 0) this.delay = now.trip + Math.max(0, now.held - before.held) / played;
      if (!begun && now.bytes > 0) arrives();
      begun ||= now.bytes > 0;
      quiet = now.bytes > before.bytes ? 0 : quiet + 1;
      before = now;
      if (quiet === 0) this.#become('playing', signal);
      else if (quiet >= QUIET_LOOKS && this.#whep === 'playing') this.#become('waiting', signal);
      await sleep(this.#whep === 'playing' ? LOOK : LOOK / 4, signal).catch(() => undefined);
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

/** The address of what is to be heard from the first packet on. */
function asked(whep: string, { lang, original }: Sound): string {
  return lang === null ? whep : `${whep}?${new URLSearchParams({ lang, original: `${original}` })}`;
}
