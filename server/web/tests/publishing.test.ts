import { describe, expect, it } from 'vitest';
import { encodingsOf } from '../src/lib/publishing.svelte';

const rids = (settings: MediaTrackSettings) => encodingsOf(settings).map(({ rid }) => rid);

describe('what is sent of a picture', () => {
  it.each([
    ['a camera held wide', { width: 1280, height: 720 }, ['q', 'h', 'f']],
    ['a phone held upright', { width: 720, height: 1280 }, ['q', 'h', 'f']],
    ['an old camera', { width: 640, height: 480 }, ['h', 'f']],
    ['a very small one', { width: 320, height: 240 }, [undefined]],
    ['one that does not say', {}, [undefined]],
    ['a screen', { width: 1920, height: 1080, displaySurface: 'monitor' }, [undefined]],
  ])('is of %s as many sizes as can be seen', (_, settings, expected) => {
    expect(rids(settings)).toEqual(expected);
  });
});
