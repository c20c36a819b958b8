import type en from '../../messages/organiser/en.json';
import { i18n, type Locale } from '../../lib/i18n.svelte';
import { render, type Params } from '../../lib/text';

export type Word = keyof typeof en;
type Catalogue = Partial<Record<Word, string>>;

const LOADERS: Record<Locale, () => Promise<{ default: Catalogue }>> = {
  en: () => import('../../messages/organiser/en.json'),
  es: () => import('../../messages/organiser/es.json'),
  fr: () => import('../../messages/organiser/fr.json'),
  ar: () => import('../../messages/organiser/ar.json'),
  zh: () => import('../../messages/organiser/zh.json'),
};

/** The organiser's own words: a catalogue apart, so that nobody else loads them. */
class Words {
  locale: Locale = $state('en');
  all: Catalogue = $state.raw({});
}

const words = new Words();

/** The words of `key` in the locale that is loaded. */
export function w(key: Word, params: Params = {}): string {
  return render(words.all[key] ?? key, params, words.locale);
}

/** Whether the catalogue has a word: codes of the server may be newer than a page. */
export function known(key: string): key is Word {
  return key in words.all;
}

/** Loads the words of the page's locale; resolves when they are there. Without a network the page keeps those it has. */
export async function loadWords(): Promise<void> {
  const locale = i18n.locale;
  const loaded = await LOADERS[locale]().catch(() => null);
  if (loaded === null || locale !== i18n.locale) return;
  words.all = loaded.default;
  words.locale = locale;
}
