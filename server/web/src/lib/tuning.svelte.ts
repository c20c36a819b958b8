import { backoff, Refused, sleep, type Sound } from './wish';

/** Tells a stream what is wanted; rejects with the problem. */
type Tell = (sound: Sound, signal: AbortSignal) => Promise<void>;

/** A stream that is there, until `signal` aborts; `told` is what it was last told. */
interface Stream {
  tell: Tell;
  told: Sound;
  signal: AbortSignal;
}

/** What a viewer hears, through changes of mind and of the stream: an interpretation, or the floor. */
export class Tuning {
  /** The language that is wanted; null is the floor, which also comes while that language's booth is silent. */
  lang: string | null = $state(null);
  /** How loud the floor is wanted beneath the interpretation, of its own loudness; 0 is not at all. */
  beneath = $state(0);
  #stream: Stream | null = null;
  #busy: Promise<void> | null = null;

  /** What a stream is to be told. */
  get sound(): Sound {
    return { lang: this.lang, original: this.lang !== null && this.beneath > 0 };
  }

  /**
   * Shows at once and is told to the stream that is there, one request at a time, so that the newest wish is the last one told. A lost
   * network is waited out. Rejects with the problem when it is refused; `lang` is then what is heard.
   */
  choose(lang: string | null): Promise<void> {
    this.lang = lang;
    return this.#tuned();
  }

  /** As `choose`, for the floor beneath the interpretation. */
  mix(beneath: number): Promise<void> {
    this.beneath = beneath;
    return this.#tuned();
  }

  /** Tunes a stream that began with `told`, until `signal` aborts. */
  follow(tell: Tell, told: Sound, signal: AbortSignal): Promise<void> {
    const stream = { tell, told, signal };
    this.#stream = stream;
    signal.addEventListener('abort', () => this.#stream === stream && (this.#stream = null));
    return this.#tuned();
  }

  #tuned(): Promise<void> {
    return (this.#busy ??= Promise.resolve().then(() => this.#tune()));
  }

  async #tune(): Promise<void> {
    for (let attempt = 0; this.#stream !== null && !same(this.#stream.told, this.sound); attempt++) {
      const stream = this.#stream;
      const { sound } = this;
      try {
        await stream.tell(sound, stream.signal);
        stream.told = sound;
      } catch (error) {
        if (stream.signal.aborted || !same(this.sound, sound)) continue; // The next stream, or the newer wish, is asked for anew.
        if (!(error instanceof Refused && error.passing)) {
          this.lang = stream.told.lang;
          this.#busy = null;
          throw error;
        }
        await sleep(backoff(attempt), stream.signal).catch(() => undefined);
      }
    }
    this.#busy = null;
  }
}

function same(one: Sound, other: Sound): boolean {
  return one.lang === other.lang && one.original === other.original;
}
