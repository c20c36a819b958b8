import { describe, expect, it } from 'vitest';
import { longest, segmented } from '../src/lib/segments';
import { length, Timeline, type Said } from '../src/lib/timeline';

const line = (text: string, lang = 'en', number = 7): Said => ({ number, text, lang, start: 1_000, end: 2_000 });

describe('a line that is longer than two rows', () => {
  it('stays as it is where it is not', () => {
    const short = line('Good evening.');
    expect(segmented(short)).toEqual([short]);
    expect(segmented(line(''))).toEqual([line('')]);
  });

  it.each([
    ['en', 'word '.repeat(120)],
    ['en', 'x'.repeat(400)],
    ['zh', '电影的未来由所有人书写。'.repeat(12)],
    ['ja', '映画「の」、'.repeat(30)],
    ['ar', 'مستقبل السينما، يكتبه الجميع. '.repeat(9)],
    ['en', '👨‍👩‍👧‍👦'.repeat(200)],
  ])('is read in captions of two rows, of which no letter is lost (%s)', (lang, text) => {
    const parts = segmented(line(text, lang));
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.map((part) => part.text).join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
    for (const part of parts) expect(length(part.text)).toBeLessThanOrEqual(longest(lang));
    expect(new Set(parts.map((part) => part.number)).size).toBe(parts.length);
    expect([parts[0]?.start, parts.at(-1)?.end]).toEqual([1_000, 2_000]);
  });

  it('ends its captions after sentences', () => {
    const texts = segmented(line('It was the best of times, it was the worst of times. It was the age of wisdom, of foolishness.')).map((part) => part.text);
    expect(texts).toEqual(['It was the best of times, it was the worst of times.', 'It was the age of wisdom, of foolishness.']);
  });

  it('is read to its end, however many captions it has', () => {
    const timeline = new Timeline();
    timeline.note([], 0);
    timeline.note(segmented(line('word '.repeat(120))), 3_000);
    expect(timeline.at(3_000, 0, 0).map(({ number }) => number)).toEqual([7]);
    expect(timeline.at(9_000, 0, 0).map(({ number }) => number)).toEqual([7, 7.001]);
  });
});
