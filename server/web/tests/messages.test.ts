import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'svelte/compiler';
import { describe, expect, it } from 'vitest';
import { LOCALES } from '../src/lib/i18n.svelte';
import { parameters, render } from '../src/lib/text';

const folder = new URL('../src/messages/', import.meta.url);
const read = (locale: string, part = '') => JSON.parse(readFileSync(new URL(`${part}${locale}.json`, folder), 'utf8')) as Record<string, string>;
/** Everyone's words, and those that only the organiser's desk loads: `t` and `w` in the pages. */
const PARTS = { '': read('en'), 'organiser/': read('en', 'organiser/') };
const english = PARTS[''];

function sourceFiles(at: URL): URL[] {
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const here = new URL(entry.name + (entry.isDirectory() ? '/' : ''), at);
    if (entry.isDirectory()) return sourceFiles(here);
    return /\.(svelte|ts)$/.test(entry.name) ? [here] : [];
  });
}

const CATALOGUES = Object.entries(PARTS).flatMap(([part, english]) => LOCALES.map((locale) => ({ part, locale, english })));

describe.each(CATALOGUES)('the catalogue $part$locale', ({ part, locale, english }) => {
  const words = read(locale, part);

  it('has the keys of the English one, sorted', () => {
    expect(Object.keys(words)).toEqual(Object.keys(english).sort());
  });

  it('names the parameters of the English one', () => {
    for (const [key, text] of Object.entries(words)) expect(parameters(text), key).toEqual(parameters(english[key] ?? ''));
  });

  it('has a form for every plural category of its language', () => {
    const categories = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
    for (const [key, text] of Object.entries(words)) {
      if (!text.includes(', plural,')) continue;
      for (const category of categories) expect(text, key).toMatch(new RegExp(`\\b${category} \\{`));
    }
  });

  it('says something different from English', () => {
    if (locale === 'en') return;
    const same = Object.entries(words).filter(([key, text]) => text === english[key]);
    expect(same.length).toBeLessThan(Object.keys(words).length / 10);
  });
});

describe('the pages', () => {
  it('use no key that does not exist', () => {
    for (const file of sourceFiles(new URL('../src/', import.meta.url))) {
      const text = readFileSync(file, 'utf8');
      for (const [, key] of text.matchAll(/\bt\('([a-z_.]+)'/g)) expect(english, file.pathname).toHaveProperty([key ?? '']);
      for (const [, key] of text.matchAll(/\bw\('([a-z_.]+)'/g)) expect(PARTS['organiser/'], file.pathname).toHaveProperty([key ?? '']);
    }
  });
});

type Node = Record<string, unknown>;

/** Attributes that are read to people; of the others, words are nobody's. */
const READ = new Set(['aria-label', 'aria-description', 'aria-valuetext', 'aria-roledescription', 'title', 'placeholder', 'alt', 'label']);

/** What is called so in every language. */
const SAME = new Set(['https://', 'CSV', 'JSON']);

/** Every text in a tree of Svelte's parser that people meet. */
function* texts(at: unknown): Generator<string> {
  if (Array.isArray(at)) for (const one of at) yield* texts(one);
  else if (typeof at === 'object' && at !== null) {
    const node = at as Node;
    if (node.type === 'Attribute' && !READ.has(String(node.name))) return;
    if (node.type === 'Text') yield String(node.data);
    for (const one of Object.values(node)) yield* texts(one);
  }
}

describe('the pages', () => {
  it('say nothing that is in no catalogue', () => {
    for (const file of sourceFiles(new URL('../src/', import.meta.url))) {
      if (!file.pathname.endsWith('.svelte')) continue;
      const said = [...texts(parse(readFileSync(file, 'utf8'), { modern: true }).fragment)];
      expect(said.filter((text) => /\p{L}{2}/u.test(text) && !SAME.has(text)), file.pathname).toEqual([]);
    }
  });
});

describe('a message', () => {
  it('chooses by the plural category of its language', () => {
    const count = (locale: string, n: number) => render(read(locale)['people.count'] ?? '', { count: n }, locale);
    expect(count('en', 1)).toBe('1 person here');
    expect(count('en', 1200)).toBe('1,200 people here');
    expect(count('ar', 2)).toBe('شخصان حاضران');
    expect(count('zh', 1)).toBe('1 人在场');
  });

  it('does not read a parameter as a pattern', () => {
    expect(render('Hello {name}', { name: '{other} #' }, 'en')).toBe('Hello {other} #');
  });

  it('refuses a brace that is never closed', () => {
    expect(() => render('Hello {name', {}, 'en')).toThrow(SyntaxError);
  });
});
