import { describe, expect, it } from 'vitest';
import { minutesOf, stopwatch } from '../src/lib/turn';

describe('a turn at the microphone', () => {
  it.each([
    [null, 20],
    ['', 20],
    ['soon', 20],
    ['30', 30],
    ['12.6', 13],
    ['0', 1],
    ['1e9', 90],
    ['-5', 1],
    ['Infinity', 20],
  ])('of %j is %i minutes', (text, minutes) => {
    expect(minutesOf(text)).toBe(minutes);
  });

  it.each([
    [0, 'en', '0:00'],
    [59_999, 'en', '0:59'],
    [245_000, 'fr', '4:05'],
    [3_725_000, 'en', '62:05'],
    [-500, 'en', '0:00'],
    [245_000, 'ar-EG', '٤:٠٥'],
  ])('of %i ms shows in %s as %s', (ms, locale, shown) => {
    expect(stopwatch(ms, locale)).toBe(shown);
  });
});
