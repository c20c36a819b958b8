import en from '../messages/en.json';

export type Key = keyof typeof en;
export const LOCALES = ['en', 'es', 'fr', 'ar', 'zh'] as const;
export type Locale = (typeof LOCALES)[number];
export const i18n: { locale: Locale; readonly dir: 'ltr' | 'rtl' } = $state({ locale: 'en', dir: 'ltr' });
/** Resolves when the words of the negotiated locale are there; mount after it and no one sees the words change. */
export const ready: Promise<void> = Promise.resolve();
export function t(key: Key, _params: Record<string, string | number> = {}): string {
  return en[key];
}
export function setLocale(locale: Locale): Promise<void> {
  i18n.locale = locale;
  return Promise.resolve();
}
export function formatTime(_ms: number): string {
  return '';
}
export function formatNumber(n: number): string {
  return String(n);
}
export function languageName(tag: string): string {
  return tag;
}
/** The text in the locale, else in English, else as it was written. */
export function pick(texts: Record<string, string>): string {
  return texts[i18n.locale] ?? texts.en ?? Object.values(texts)[0] ?? '';
}
