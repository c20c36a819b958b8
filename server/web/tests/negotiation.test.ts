import { describe, expect, it } from 'vitest';
import { match } from '../src/lib/router.svelte';
import { negotiate } from '../src/lib/text';

describe('the locale', () => {
  const known = ['en', 'es', 'fr', 'ar', 'zh'] as const;
  it.each([
    [['es-MX', 'en'], 'es'],
    [['zh-Hant-TW'], 'zh'],
    [['de', 'FR-ca'], 'fr'],
    [['de', 'ja'], 'en'],
    [[], 'en'],
  ])('for %j is %s', (wanted, locale) => {
    expect(negotiate(wanted, known)).toBe(locale);
  });
});

describe('the page', () => {
  it.each([
    ['/', { name: 'home', params: {} }],
    ['/j/K7QX2M', { name: 'join', params: { code: 'K7QX2M' } }],
    ['/s/opening/', { name: 'session', params: { session: 'opening', view: '' } }],
    ['/s/opening/screen', { name: 'session', params: { session: 'opening', view: 'screen' } }],
    ['/s/a%20b', { name: 'session', params: { session: 'a b', view: '' } }],
    ['/s/%E0', { name: 'session', params: { session: '%E0', view: '' } }],
    ['/s/opening/screen/more', { name: 'missing', params: {} }],
    ['/j', { name: 'missing', params: {} }],
    ['/elsewhere', { name: 'missing', params: {} }],
  ])('of %s is %j', (path, route) => {
    expect(match(path)).toEqual(route);
  });
});
