import { describe, expect, it } from 'vitest';
import { hold, length, passed, reading, Timeline, type Said } from '../src/lib/timeline';

const line = (number: number, text: string, end = 0, lang = 'en'): Said => ({ number, text, lang, start: end - 1000, ...(number < 0 ? {} : { end }) });
const numbers = (lines: Said[]) => lines.map(({ number }) => number);

describe('captions as one viewer sees them', () => {
  it('are held back as far as the picture is behind them, and shifted from there', () => {
    expect(hold(200, 1500, 0)).toBe(0);
    expect(hold(8000, 1500, 0)).toBe(6500);
    expect(hold(8000, 1500, -2000)).toBe(4500);
    expect(hold(200, 1500, 3000)).toBe(3000);
    expect(hold(200, 1500, -3000)).toBe(0);
  });

  it('come with a picture that is eight seconds behind', () => {
    const timeline = new Timeline();
    timeline.note([], 0);
    timeline.note([line(-1, 'Good')], 9_000);
    timeline.note([line(1, 'Good evening.', 9_500)], 10_000);
    expect(timeline.lag).toBe(500);
    expect(timeline.at(16_000, 8_000, 0)).toEqual([]);
    expect(numbers(timeline.at(16_600, 8_000, 0))).toEqual([-1]);
    expect(numbers(timeline.at(17_499, 8_000, 0))).toEqual([-1]);
    expect(numbers(timeline.at(17_500, 8_000, 0))).toEqual([1]);
  });

  it('come at once with a picture that is not behind, and later where the viewer likes', () => {
    const timeline = new Timeline();
    timeline.note([], 0);
    timeline.note([line(1, 'Good evening.', 8_000)], 10_000);
    expect(timeline.at(10_000, 200, 100)).toEqual([]);
    expect(numbers(timeline.at(10_100, 200, 100))).toEqual([1]);
  });

  it('show what was there when the viewer came', () => {
    const timeline = new Timeline();
    timeline.note([line(7, 'Old.'), line(8, 'Older.')], 50_000);
    expect(numbers(timeline.at(50_000, 8_000, 5_000))).toEqual([7, 8]);
    expect(timeline.lag).toBe(0);
  });

  it('stay for as long as they take to read, and hurry while others wait', () => {
    const timeline = new Timeline();
    const text = 'x'.repeat(60);
    timeline.note([], 0);
    timeline.note([line(1, text), line(2, text), line(3, text), line(-1, 'Next')], 1_000);
    expect(numbers(timeline.at(1_000, 0, 0))).toEqual([1]);
    expect(numbers(timeline.at(3_999, 0, 0))).toEqual([1]);
    expect(numbers(timeline.at(4_000, 0, 0))).toEqual([1, 2]); // 60 at 20 a second
    expect(numbers(timeline.at(7_528, 0, 0))).toEqual([1, 2]);
    expect(numbers(timeline.at(7_530, 0, 0))).toEqual([1, 2, 3, -1]); // at 17
  });

  it('are let go when more wait than can be caught up with', () => {
    const timeline = new Timeline();
    timeline.note([], 0);
    timeline.note([1, 2, 3, 4, 5, 6].map((number) => line(number, 'x'.repeat(80))), 1_000);
    expect(numbers(timeline.at(1_000, 0, 0)).at(-1)).toBe(3);
  });

  it('are in the transcript when the picture has passed them', () => {
    const said = line(1, 'Good evening.', 10_000);
    expect(passed(said, 10_200, 200, 0)).toBe(true);
    expect(passed(said, 17_999, 8_000, 0)).toBe(false);
    expect(passed(said, 18_000, 8_000, 0)).toBe(true);
    expect(passed(said, 16_000, 8_000, -2_000)).toBe(true);
    expect(passed(said, 18_000, 8_000, 500)).toBe(false);
    expect(passed(said, 50_000, 3_600_000, 0)).toBe(true); // so far behind nothing is held back
  });

  it('are measured as people read them', () => {
    expect(length('👨‍👩‍👧‍👦é')).toBe(2);
    expect(reading(line(1, '电影的未来由所有人书', 0, 'zh-Hans'), true)).toBeCloseTo(10_000 / 11);
    expect(reading(line(1, 'x'.repeat(34)), false)).toBe(2_000);
  });
});
