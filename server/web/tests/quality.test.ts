import { describe, expect, it } from 'vitest';
import { choices, encoding } from '../src/lib/quality.svelte';

const sizes = (...rids: string[]) => rids.map((rid, place) => ({ rid, bitrate: 1_000_000 / (place + 1) }));

describe('how much of the picture there is to choose', () => {
  it('is a size for each encoding, by bitrate', () => {
    expect(choices(sizes('h', 'm', 'l'))).toEqual(['auto', 'high', 'medium', 'low', 'sound']);
    expect(choices(sizes('big', 'small'))).toEqual(['auto', 'high', 'low', 'sound']);
    expect(encoding(sizes('h', 'm', 'l'), 'medium')).toBe('m');
    expect(encoding(sizes('big', 'small'), 'low')).toBe('small');
  });

  it('is only the sound where there is one size', () => {
    expect(choices([])).toEqual(['auto', 'sound']);
    for (const wish of ['auto', 'high', 'low', 'sound'] as const) expect(encoding(sizes('only'), wish)).toBeNull();
  });
});
