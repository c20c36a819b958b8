import { describe, expect, it } from 'vitest';
import { joined, NAMES, SAMPLES, thinned, type Series } from '../src/lib/dashboard';

const series = (...at: number[]): Series => ({ at, ...Object.fromEntries(NAMES.map((name) => [name, at.map((ms) => ms * 2)])) }) as Series;

describe('samples', () => {
  it('follow those that are held, once each', () => {
    expect(joined(null, series(1, 2))).toEqual(series(1, 2));
    expect(joined(series(1, 2), series(2, 3))).toEqual(series(1, 2, 3));
    expect(joined(series(1, 2), series())).toEqual(series(1, 2));
  });

  it('are kept for as long as the server keeps them', () => {
    const many = series(...Array.from({ length: SAMPLES }, (_, at) => at));
    const more = joined(many, series(SAMPLES));
    expect([more.at.length, more.at[0], more.votes.at(-1)]).toEqual([SAMPLES, 1, SAMPLES * 2]);
  });

  it('are thinned to a table with the newest first', () => {
    expect(thinned(5, 10)).toEqual([4, 3, 2, 1, 0]);
    expect(thinned(100, 4)).toEqual([99, 74, 49, 24]);
    expect(thinned(0, 4)).toEqual([]);
  });
});
