import { describe, expect, it } from 'vitest';
import { differing, instant, wall } from '../src/lib/programme';
import type { Session } from '../src/lib/types';

const ms = (text: string) => Date.parse(text);

describe('a time as the clocks of a place show it', () => {
  it.each([
    ['2026-11-28T09:00Z', 'Europe/Paris', '2026-11-28T10:00'],
    ['2026-07-01T09:00Z', 'Europe/Paris', '2026-07-01T11:00'],
    ['2026-11-28T20:00Z', 'Asia/Kathmandu', '2026-11-29T01:45'],
    ['2026-01-01T00:30Z', 'America/St_Johns', '2025-12-31T21:00'],
    ['2026-03-29T12:00Z', 'Europe/Paris', '2026-03-29T14:00'],
    ['2026-10-25T12:00Z', 'Europe/Paris', '2026-10-25T13:00'],
    ['2026-06-01T12:00Z', 'UTC', '2026-06-01T12:00'],
  ])('%s in %s is %s, and back', (moment, zone, shown) => {
    expect(wall(ms(moment), zone)).toBe(shown);
    expect(instant(shown, zone)).toBe(ms(moment));
  });

  it('is the first of an hour that is there twice, and the next of one that is skipped', () => {
    expect(instant('2026-10-25T02:30', 'Europe/Paris')).toBe(ms('2026-10-25T00:30Z'));
    expect(instant('2026-03-29T02:30', 'Europe/Paris')).toBe(ms('2026-03-29T01:30Z'));
  });

  it('is none where nothing is typed', () => {
    for (const text of ['', 'noon', '2026-13-01T00:00']) expect(instant(text, 'UTC')).toBeNull();
  });

  it('survives every hour of the days around a change', () => {
    for (const begins of ['2026-03-07T00:00Z', '2026-10-31T00:00Z']) {
      for (let at = ms(begins); at < ms(begins) + 72 * 3_600_000; at += 3_600_000) {
        const shown = wall(at, 'America/New_York');
        expect(wall(instant(shown, 'America/New_York') ?? 0, 'America/New_York')).toBe(shown);
      }
    }
  });
});

describe('two versions of a session', () => {
  it('differ in what is otherwise, but not in their number', () => {
    const one = { id: 'a', titles: { en: 'A' }, room: '', version: 1 } as unknown as Session;
    expect(differing(one, { ...one, version: 2, room: 'Hall' })).toEqual(['room']);
  });
});
