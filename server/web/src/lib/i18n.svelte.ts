import arUrl from '../messages/ar.json?url';
import type en from '../messages/en.json';
import enUrl from '../messages/en.json?url';
import esUrl from '../messages/es.json?url';
import frUrl from '../messages/fr.json?url';
import zhUrl from '../messages/zh.json?url';
import { ProblemError } from './problem';
import { negotiate, numbers, render, type Params } from './text';

export type Key = keyof typeof en;
export const LOCALES = ['en', 'es', 'fr', 'ar', 'zh'] as const;
export type Locale = (typeof LOCALES)[number];
type Catalogue = Partial<Record<Key, string>>;

const KEPT = 'marquee:locale';
const RIGHT_TO_LEFT: ReadonlySet<Locale> = new Set(['ar']);
const ADDRESSES: Record<Locale, string> = { en: enUrl, es: esUrl, fr: frUrl, ar: arUrl, zh: zhUrl };

class I18n {
  /** Changes together with the words, once they are loaded. */
  locale: Locale = $state('en');
  words: Catalogue = $state.raw({});
  wanted: Locale = 'en';
  get dir(): 'ltr' | 'rtl' {
    return RIGHT_TO_LEFT.has(this.locale) ? 'rtl' : 'ltr';
  }
}

export const i18n = new I18n();

/** The words of `key` in the locale; every catalogue has every key, which a test holds. */
export function t(key: Key, params: Params = {}): string {
  return render(i18n.words[key] ?? key, params, i18n.locale);
}

/** What to tell the guest about an error, by its code. */
export function errorText(error: unknown): string {
  const code = error instanceof ProblemError ? error.code : typeof error === 'string' ? error : 'unknown';
  const key = `error.${code}`;
  const count = error instanceof ProblemError ? error.wait : 0;
  return t(key in i18n.words ? (key as Key) : 'error.unknown', { count });
}

/** Loads the words and then changes to them; the choice is kept. Without a network the page stays as it is. */
export async function setLocale(locale: Locale): Promise<void> {
  try {
    localStorage.setItem(KEPT, locale);
  } catch {
    // Storage may be forbidden; the choice then lasts until the page is left.
  }
  await use(locale);
}

async function use(locale: Locale): Promise<void> {
  i18n.wanted = locale;
  const loaded = await catalogue(locale).catch(() => null);
  if (loaded === null || i18n.wanted !== locale) return;
  i18n.words = loaded;
  i18n.locale = locale;
  const root = globalThis.document?.documentElement;
  if (root) Object.assign(root, { lang: locale, dir: i18n.dir });
}

async function catalogue(locale: Locale): Promise<Catalogue | null> {
  const answer = await fetch(ADDRESSES[locale]);
  return answer.ok ? ((await answer.json()) as Catalogue) : null;
}

function preferred(): Locale {
  let kept: string | null = null;
  try {
    kept = globalThis.localStorage?.getItem(KEPT) ?? null;
  } catch {
    // As above.
  }
  return negotiate([...(kept === null ? [] : [kept]), ...(globalThis.navigator?.languages ?? [])], LOCALES);
}

/** Resolves when the words of the negotiated locale are there; mount after it and no one sees the words change. */
export const ready: Promise<void> = use(preferred());

/** Hours and minutes where the guest is, or in a time zone. */
export function formatTime(ms: number, timeZone?: string): string {
  return new Intl.DateTimeFormat(i18n.locale, { hour: '2-digit', minute: '2-digit', timeZone }).format(ms);
}

export function formatDate(ms: number, timeZone?: string): string {
  return new Intl.DateTimeFormat(i18n.locale, { weekday: 'long', day: 'numeric', month: 'long', timeZone }).format(ms);
}

export function formatNumber(n: number): string {
  return numbers(i18n.locale).format(n);
}

/** Things side by side, with what the locale puts between them. */
export function listed(texts: readonly string[]): string {
  return new Intl.ListFormat(i18n.locale, { type: 'unit' }).format(texts);
}

/** A language's name in the locale; the tag itself for one nobody has named. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(i18n.locale, { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** A language's name in itself, as a title. */
export function ownName(tag: string): string {
  try {
    const name = new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag;
    return name.replace(/^./u, (first) => first.toLocaleUpperCase(tag));
  } catch {
    return tag;
  }
}

/** The text in `lang` (the page's locale if not given), else in English, else as it was written. */
export function pick(texts: Record<string, string>, lang: string = i18n.locale): string {
  return texts[lang] ?? texts[lang.split('-')[0] ?? ''] ?? texts.en ?? Object.values(texts)[0] ?? '';
}
