/**
 * Messages: `{name}` is a parameter, `{name, plural, one {# item} other {# items}}` chooses by the language's
 * plural category of the number, `#` being the number. The part of ICU's message syntax that the catalogues use.
 */

export type Params = Record<string, string | number>;

export function render(text: string, params: Params, locale: string): string {
  return pieces(text).map((piece) => (piece.slot === undefined ? piece.plain : fill(piece.slot, params, locale))).join('');
}

/** The parameters a message names, each once, sorted: translations must name the same. */
export function parameters(text: string): string[] {
  const found = new Set<string>();
  for (const { slot } of pieces(text)) {
    if (slot === undefined) continue;
    const { name, choices } = parse(slot);
    found.add(name);
    for (const choice of Object.values(choices)) for (const inner of parameters(choice)) found.add(inner);
  }
  return [...found].sort();
}

interface Piece {
  plain: string;
  slot?: string;
}

function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (let open = text.indexOf('{'); open >= 0; open = text.indexOf('{', at)) {
    const close = closing(text, open);
    found.push({ plain: text.slice(at, open) }, { plain: '', slot: text.slice(open + 1, close) });
    at = close + 1;
  }
  return [...found, { plain: text.slice(at) }];
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return at;
  }
  throw new SyntaxError(`a brace is not closed in: ${text}`);
}

function parse(slot: string): { name: string; choices: Record<string, string> } {
  const [, name = '', rest = ''] = /^\s*(\w+)\s*(?:,\s*plural\s*,(.*))?$/s.exec(slot) ?? [];
  if (name === '') throw new SyntaxError(`not a parameter: {${slot}}`);
  const choices: Record<string, string> = {};
  let label = '';
  for (const { plain, slot: choice } of pieces(rest)) {
    if (choice === undefined) label = plain.trim();
    else choices[label] = choice;
  }
  return { name, choices };
}

function fill(slot: string, params: Params, locale: string): string {
  const { name, choices } = parse(slot);
  const value = params[name] ?? '';
  const shown = typeof value === 'number' ? numbers(locale).format(value) : value;
  const choice = typeof value === 'number' ? (choices[plurals(locale).select(value)] ?? choices.other) : choices.other;
  return choice === undefined ? shown : render(choice.replaceAll('#', shown), params, locale);
}

/** The number format of a locale: to make one takes longer than to use it a hundred times. */
export const numbers = kept((locale) => new Intl.NumberFormat(locale));
const plurals = kept((locale) => new Intl.PluralRules(locale));

/** `make`, with what it made for the locale before: a page has one at a time. */
function kept<T>(make: (locale: string) => T): (locale: string) => T {
  let last: { locale: string; made: T } | null = null;
  return (locale) => {
    if (last?.locale !== locale) last = { locale, made: make(locale) };
    return last.made;
  };
}

/** The first of `wanted` (BCP 47, best first) whose language is among `known`, else the first known. */
export function negotiate<L extends string>(wanted: readonly string[], known: readonly [L, ...L[]]): L {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split('-')[0];
    const found = known.find((locale) => locale === language);
    if (found !== undefined) return found;
  }
  return known[0];
}
