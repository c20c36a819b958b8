import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/tokens.css', import.meta.url), 'utf8');

/** The colours of the rule that begins with a selector, by name. */
function colours(selector: string): Record<string, string> {
  const rule = css.slice(css.indexOf(`${selector} {`)).split('}')[0] ?? '';
  return Object.fromEntries([...rule.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
}

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const SURFACES = ['bg', 'panel', 'raised', 'field', 'gold-veil'];
const WORDS = ['text', 'muted', 'hint', 'gold', 'coral', 'green'];
const LINES = ['field-line', 'gold', 'accent'];
const PAIRS = [
  ['bulb-ink', 'bulb'],
  ['bulb-ink', 'bulb-bright'],
  ['green-ink', 'green-veil'],
  ['toast-ink', 'toast'],
  ['toast-error-ink', 'toast-error'],
  ['text', 'share-fill'],
  ['text', 'glow'],
];

describe.each([':root,\n.cinema', ":root[data-theme='light']"])('the colours of %s', (selector) => {
  const of = colours(selector);
  const between = (one: string, other: string) => contrast(of[one] ?? '#000000', of[other] ?? '#000000');

  it('are the same that the other look has', () => {
    expect(Object.keys(of)).toEqual(Object.keys(colours(':root,\n.cinema')));
  });

  it('let words be read on every surface', () => {
    for (const words of WORDS) for (const surface of SURFACES) expect(between(words, surface), `${words} on ${surface}`).toBeGreaterThanOrEqual(4.5);
    for (const [words = '', surface = ''] of PAIRS) expect(between(words, surface), `${words} on ${surface}`).toBeGreaterThanOrEqual(4.5);
  });

  it('let the edges of what is acted on, and of the focus, be seen', () => {
    for (const line of LINES) for (const surface of SURFACES) expect(between(line, surface), `${line} on ${surface}`).toBeGreaterThanOrEqual(3);
  });
});
