/**
 * Captions as one viewer sees them: not before their moment in the picture, shifted as the viewer likes, and each for as long as it
 * takes to read. Times are ms of the server's clock.
 */

/** Graphemes a second that people read: with ease, and when lines wait; Chinese, Japanese and Korean in the second pair. */
const RATES = { ease: 17, hurry: 20 };
const RATES_CJK = { ease: 9, hurry: 11 };
/** Lines that may wait to be read; with more the oldest are let go: a hall must not read last minute's words. */
const WAITING_LIMIT = 3;
/** Guesses and lines that are held back at once: past it the oldest is shown. More than come in 20 s. */
const HELD_LIMIT = 400;
/** ms beyond which nothing is held back: a viewer so far behind reads the transcript. */
const HOLD_LIMIT = 40_000;
/** Lines whose lateness tells how late the captions are. */
const LAGS = 5;

export interface Said {
  number: number;
  text: string;
  lang: string;
  start: number;
  end?: number;
}

/** ms to hold captions back, so that they come with a picture that is `delay` behind, when they are `lag` behind what is said. */
export function hold(delay: number, lag: number, offset: number): number {
  return Math.min(HOLD_LIMIT, Math.max(0, Math.max(0, delay - lag) + offset));
}

/** Whether a finished line has been said in a picture that is `delay` behind: the transcript is not ahead of it. */
export function passed(line: Said, now: number, delay: number, offset: number): boolean {
  return (line.end ?? line.start) <= now - hold(delay, 0, offset);
}

export function length(text: string): number {
  return [...new Intl.Segmenter().segment(text)].length;
}

/** ms a line stays at least. */
export function reading(line: Said, hurry: boolean): number {
  const rates = /^(zh|ja|ko)\b/.test(line.lang) ? RATES_CJK : RATES;
  return (length(line.text) / rates[hurry ? 'hurry' : 'ease']) * 1000;
}

interface Moment<L> {
  at: number;
  lines: L[];
}

/** The lines of one language. `note` what comes in when it does; `at` says what is read at a moment. */
export class Timeline<L extends Said> {
  #held: Moment<L>[] = [];
  #lags: number[] = [];
  /** The newest line when the viewer came; the last one that was shown, and since when. */
  #known = -Infinity;
  #read = -Infinity;
  #since = 0;

  /** Finals in order, and the line in the making (number -1) last. */
  note(lines: L[], now: number): void {
    const finals = lines.filter(({ number }) => number >= 0);
    const newest = finals.at(-1)?.number ?? -Infinity;
    if (this.#held.length === 0) [this.#known, this.#read] = [newest, newest];
    for (const { number, end } of finals) if (number > this.#known && end !== undefined) this.#lags.push(now - end);
    this.#lags = this.#lags.slice(-LAGS);
    this.#known = Math.max(this.#known, newest);
    this.#held = [...this.#held, { at: now, lines }].slice(-HELD_LIMIT);
  }

  /** ms by which captions come after what is said: the middle of the last few. */
  get lag(): number {
    const sorted = [...this.#lags].sort((a, b) => a - b);
    return Math.max(0, sorted[Math.floor(sorted.length / 2)] ?? 0);
  }

  /** What is read now: the last lines up to the one whose turn it is, and the line in the making once all others had theirs. */
  at(now: number, delay: number, offset: number): L[] {
    const due = now - hold(delay, this.lag, offset);
    const passed = this.#held.findLastIndex(({ at }) => at <= due);
    // What was there when the viewer came is shown, whatever its time.
    this.#held = this.#held.slice(Math.max(0, passed));
    const lines = this.#held[0]?.lines ?? [];
    const finals = lines.filter(({ number }) => number >= 0);
    this.#turn(finals, now);
    const read = finals.filter(({ number }) => number <= this.#read);
    return read.length === finals.length ? lines : read;
  }

  /** Goes on to the next line, or the next caption of a long one, when the one before it had its time. */
  #turn(finals: L[], now: number): void {
    for (;;) {
      const waiting = finals.filter(({ number }) => number > this.#read);
      const next = waiting[0];
      if (next === undefined) return;
      const shown = finals.find(({ number }) => number === this.#read);
      const over = new Set(waiting.map(({ number }) => Math.floor(number))).size > WAITING_LIMIT;
      if (shown && !over && now < this.#since + reading(shown, waiting.length > 1)) return;
      this.#read = next.number;
      this.#since = now;
    }
  }
}
