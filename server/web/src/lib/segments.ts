/** Lines cut into captions of two rows, as in files (`translation/lines.py`): a translation, or what a person corrected, may be longer. */
import { length, type Said } from './timeline';

/** Where a caption may end, best first, and how much of its room is filled by then at least: after a sentence, a clause, a word. */
const BREAKS = [
  [/(?<=[.!?…。！？؟])\s*/gu, 1 / 3],
  [/(?<=[,;:，；：、،؛])\s*/gu, 1 / 2],
  [/\s+/gu, 0],
] as const;
/** Closes something, or belongs to the letter before it: no caption begins so. */
const CLOSING = /^[\p{M}\p{Pe}\p{Pf}\p{Po}]/u;

/** Graphemes of a caption: two rows, less the dash of another speaker. */
export function longest(lang: string): number {
  return /^(zh|ja)\b/.test(lang) ? 30 : /^ko\b/.test(lang) ? 34 : 82;
}

/** The line in captions, each with its share of the time; they count on from the line's number in thousandths. */
export function segmented<L extends Said>(line: L): L[] {
  const texts = cut(line.text, longest(line.lang));
  if (texts.length === 1) return [line];
  const whole = texts.reduce((sum, text) => sum + length(text), 0);
  const time = (line.end ?? line.start) - line.start;
  let told = 0;
  return texts.map((text, part) => {
    const start = line.start + (time * told) / whole;
    told += length(text);
    return { ...line, number: line.number + part / 1000, text, start, ...(line.end === undefined ? {} : { end: line.start + (time * told) / whole }) };
  });
}

function cut(text: string, limit: number): string[] {
  const found: string[] = [];
  let rest = text;
  while (rest.length > limit) {
    const letters = [...new Intl.Segmenter().segment(rest)].map(({ segment }) => segment);
    if (letters.length <= limit) break;
    const place = placed(letters, limit);
    found.push(rest.slice(0, place).trim());
    rest = rest.slice(place).trim();
  }
  return [...found, rest];
}

/** Where the first caption ends. */
function placed(letters: string[], limit: number): number {
  const head = letters.slice(0, limit + 1).join('');
  const full = letters.slice(0, limit).join('').length;
  for (const [pattern, least] of BREAKS) {
    const places = [...head.matchAll(pattern)].filter(({ index }) => index >= Math.max(1, limit * least) && index <= full);
    const last = places.at(-1);
    if (last !== undefined) return last.index + last[0].length;
  }
  let size = limit;
  while (size > 1 && CLOSING.test(letters[size] ?? '')) size -= 1;
  return letters.slice(0, size > 1 ? size : limit).join('').length;
}
