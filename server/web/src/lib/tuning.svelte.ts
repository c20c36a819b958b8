import { backoff, Refused, sleep } from './wish';

/** Tells a stream what is wanted; rejects with the problem. */
type Tell = (lang: string | null, signal: AbortSignal) => Promise<void>;

/** A stream that is there, until `signal` aborts; `lang` is what it was last told. */
interface Stream {
  tell: Tell;
  lang: string | null;
  signal: AbortSignal;
}

/** What a viewer hears, through changes of mind and of the stream: an interpretation, or the floor. */
export class Tuning {
  /** The language that is wanted; null is the floor, which also comes while that language's booth is silent. */
  lang: string | null = $state(null);
  #stream: Stream | null = null;
  #busy: Promise<void> | null = null;

  /**
   * Shows at once and is told to the stream that is there, one request at a time, so that the newest wish is the last one told. A lost
   * network is waited out. Rejects with the problem when it is refused; `lang` is then what is heard.
   */
  choose(lang: string | null): Promise<void> {
    this.lang = lang;
    return this.#tuned();
  }

  /** Tunes a stream that began with `lang`, until `signal` aborts. */
  follow(tell: Tell, lang: string | null, signal: AbortSignal): Promise<void> {
    const stream = { tell, lang, signal };
    this.#stream = stream;
    signal.addEventListener('abort', () => this.#stream === stream && (this.#stream = null));
    return this.#tuned();
  }

  #tuned(): Promise<void> {
    return (this.#busy ??= Promise.resolve().then(() => this.#tune()));
  }

  async #tune(): Promise<void> {
    for (let attempt = 0; this.#stream !== null && this.#stream.lang !== this.lang; attempt++) {
      const stream = this.#stream;
      const lang = this.lang;
      try {
        await stream.tell(lang, stream.signal);
        stream.lang = lang;
      } catch (error) {
        if (stream.signal.aborted || this.lang !== lang) continue; // The next stream, or the newer wish, is asked for anew.
        if (!(error instanceof Refused && error.passing)) {
          this.lang = stream.lang;
          this.#busy = null;
          throw error;
        }
        await sleep(backoff(attempt), stream.signal).catch(() => undefined);
      }
    }
    this.#busy = null;
  }
}
