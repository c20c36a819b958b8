import { describe, expect, it } from 'vitest';
import { elapsed, following, left, remaining } from '../src/lib/summit';
import type { SessionPolicy, Speech } from '../src/lib/wire';

const POLICY: SessionPolicy = { format: 'summit', account_seconds: 600 };
const running: Speech = { seat: 'br', state: 'speaking', spent: 10_000, since: 100_000, limit: 60_000 };

describe('a speech', () => {
  it('goes on counting from where its clock stood', () => {
    expect(elapsed(running, 105_000)).toBe(15_000);
    expect(elapsed({ seat: 'br', state: 'paused', spent: 10_000 }, 105_000)).toBe(10_000);
  });

  it('is past its limit below zero, and has no rest without one', () => {
    expect(remaining(running, 105_000)).toBe(45_000);
    expect(remaining(running, 155_000)).toBe(-5_000);
    expect(remaining({ seat: 'br', state: 'waiting' }, 0)).toBeNull();
  });

  it('is not younger than nothing when clocks differ', () => {
    expect(elapsed(running, 99_000)).toBe(10_000);
  });
});

describe('an account', () => {
  it('pays for the running speech of its own seat', () => {
    expect(left('br', { spent: 10_000 }, POLICY, running, 105_000)).toBe(585_000);
    expect(left('cn', { spent: 10_000 }, POLICY, running, 105_000)).toBe(590_000);
  });

  it('pays nothing for a point of order', () => {
    expect(left('br', {}, POLICY, { ...running, point: true }, 105_000)).toBe(600_000);
  });

  it('may have no limit', () => {
    expect(left('br', {}, { ...POLICY, account_seconds: 0 }, running, 105_000)).toBeNull();
  });
});

it('lets points of order come before the queue', () => {
  expect(following({ points: ['cn'], queue: ['br'] })).toBe('cn');
  expect(following({ points: [], queue: ['br'] })).toBe('br');
  expect(following({ points: [], queue: [] })).toBeUndefined();
});
