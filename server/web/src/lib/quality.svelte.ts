import { backoff, type Encoding, encodings, Refused, show, sleep } from './wish';

/** How much of the picture a viewer wants: what its network carries, one of its sizes, or the sound alone. */
export type Quality = (typeof QUALITIES)[number];
export const QUALITIES = ['auto', 'high', 'medium', 'low', 'sound'] as const;

/** A stream that is there, until `signal` aborts; `told` is what it was last told. */
interface Stream {
  resource: string;
  token: string;
  told: Quality;
  signal: AbortSignal;
}

/** ms after a stream has begun in which a publisher's large encodings arrive: browsers send the small ones first. */
const SETTLED = 4_000;

/** What a viewer wants to see, through changes of mind and of the stream. */
export class Picturing {
  wish: Quality = $state('auto');
  /** What there is to choose from. */
  offered: Quality[] = $state(choices([]));
  #stream: Stream | null = null;
  #busy: Promise<void> | null = null;

  /**
   * Shows at once; told one request at a time, the newest last. A lost network is waited out. Rejects with the problem when it is
   * refused; `wish` is then what is seen.
   */
  choose(wish: Quality): Promise<void> {
    this.wish = wish;
    return this.#told();
  }

  /** Tells a new stream, which shows what its path carries, until `signal` aborts. */
  follow(resource: string, token: string, signal: AbortSignal): Promise<void> {
    const stream: Stream = { resource, token, told: 'auto', signal };
    this.#stream = stream;
    const settled = setTimeout(() => void this.look(), SETTLED);
    signal.addEventListener('abort', () => {
      clearTimeout(settled);
      if (this.#stream === stream) this.#stream = null;
    });
    return this.#told();
  }

  /** Asks what there is to choose from now. */
  async look(): Promise<void> {
    const stream = this.#stream;
    if (stream === null) return;
    const found = await encodings(stream.resource, stream.token, stream.signal).catch(() => null);
    if (found !== null) this.offered = choices(found);
  }

  #told(): Promise<void> {
    return (this.#busy ??= Promise.resolve().then(() => this.#tell().finally(() => (this.#busy = null))));
  }

  async #tell(): Promise<void> {
    for (let attempt = 0; this.#stream !== null && this.#stream.told !== this.wish; attempt++) {
      const stream = this.#stream;
      const wish = this.wish;
      try {
        const found = await encodings(stream.resource, stream.token, stream.signal);
        await show(stream.resource, encoding(found, wish), wish === 'sound', stream.token, stream.signal);
        stream.told = wish;
      } catch (error) {
        if (stream.signal.aborted || this.wish !== wish) continue; // The next stream, or the newer wish, is asked for anew.
        if (!(error instanceof Refused && error.passing)) {
          this.wish = stream.told;
          throw error;
        }
        await sleep(backoff(attempt), stream.signal).catch(() => undefined);
      }
    }
  }
}

/** `found` has the largest first. */
export function choices(found: Encoding[]): Quality[] {
  const sizes: Quality[] = found.length < 2 ? [] : found.length === 2 ? ['high', 'low'] : ['high', 'medium', 'low'];
  return ['auto', ...sizes, 'sound'];
}

/** Which encoding a wish is for; null leaves it to the relay. */
export function encoding(found: Encoding[], wish: Quality): string | null {
  const place = { auto: null, high: 0, medium: Math.floor(found.length / 2), low: found.length - 1, sound: null }[wish];
  return place === null || found.length < 2 ? null : (found[place]?.rid ?? null);
}
