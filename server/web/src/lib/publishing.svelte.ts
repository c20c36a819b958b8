import { ProblemError } from './problem';
import { backoff, ended, forgo, leave, LONGEST, offer, preferH264, Refused, sleep } from './wish';

export type PublishStatus = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'failed';

/** Bits per second at the most of a picture as the camera gives it: viewers get these very packets. */
const WHOLE = 2_500_000;
/** By rid, the smaller pictures for narrow paths: how much smaller, and bits per second at the most. The smallest first, as browsers want it. */
const SMALLER = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
];
/** Pixels of the longer side below which a picture is not worth being seen. */
const SMALLEST = 240;
/** ms after a stream's end until everybody is told who is live. */
const TOLD = 1_000;

/** Publishes a stream by WHIP and comes back after losses, until stopped or until another publisher took over. */
export class Publishing {
  status: PublishStatus = $state('idle');
  /** The code of what ended it, such as `forbidden`, `network` or `replaced` (another publisher took over). */
  error: string | null = $state(null);
  readonly #url: string;
  readonly #token: string;
  readonly #isLive: () => boolean | Promise<boolean>;
  #running: AbortController | null = null;
  #done: Promise<void> = Promise.resolve();

  /** `isLive` says whether anybody publishes there now. */
  constructor(url: string, token: string, isLive: () => boolean | Promise<boolean>) {
    this.#url = url;
    this.#token = token;
    this.#isLive = isLive;
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
        await this.#publish(stream, signal, settled);
        if (Date.now() - began > LONGEST) attempt = 0;
      } catch (error) {
        if (signal.aborted) return;
        const problem = error instanceof ProblemError ? error : new ProblemError('unknown');
        // The first attempt is the guest's own and answers at once; later ones are ours.
        if (this.status === 'connecting' || (error instanceof Refused && !error.passing)) return this.#fail(problem.code, signal);
      }
      if (signal.aborted) return;
      this.status = 'reconnecting';
      await sleep(TOLD + backoff(attempt), signal).catch(() => undefined);
      // Live without us means that another publisher took over; taking it back would never end.
      if (await this.#isLive()) return this.#fail('replaced', signal);
    }
  }

  async #publish(stream: MediaStream, outer: AbortSignal, settled: () => void): Promise<void> {
    const inner = new AbortController();
    const signal = AbortSignal.any([outer, inner.signal]);
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    let resource: string | null = null;
    const goodbye = () => resource !== null && void forgo(resource, this.#token);
    try {
      for (const track of stream.getTracks()) send(pc, track, stream);
      resource = await offer(pc, this.#url, this.#token, signal);
      window.addEventListener('pagehide', goodbye, { signal });
      outer.throwIfAborted();
      this.status = 'live';
      settled();
      if ((await ended(pc, resource, this.#token, signal)) === 'closed') resource = null; // The server ended it and has forgotten it.
    } finally {
      inner.abort();
      await leave(pc, resource, this.#token);
    }
  }

  #fail(code: string, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#running = null;
    this.error = code;
    this.status = 'failed';
  }
}

function send(pc: RTCPeerConnection, track: MediaStreamTrack, stream: MediaStream): void {
  const init: RTCRtpTransceiverInit = { direction: 'sendonly', streams: [stream] };
  if (track.kind === 'audio') pc.addTransceiver(track, init);
  else preferH264(pc.addTransceiver(track, { ...init, sendEncodings: encodingsOf(track.getSettings()) }), 'send');
}

/** What is sent of a picture: in several sizes at once if it is large. A screen has text, which is not to be read any smaller. */
export function encodingsOf({ width = 0, height = 0, displaySurface }: MediaTrackSettings): RTCRtpEncodingParameters[] {
  const side = displaySurface === undefined ? Math.max(width, height) : 0;
  const smaller = SMALLER.filter(({ scaleResolutionDownBy }) => side / scaleResolutionDownBy >= SMALLEST);
  return smaller.length === 0 ? [{ maxBitrate: WHOLE }] : [...smaller, { rid: 'f', maxBitrate: WHOLE }];
}
