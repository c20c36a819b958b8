import type { Question, Texts } from '../lib/types';

export interface Said {
  text: string;
  lang: string;
}

/** A text in `lang`, else in English, else as it was written, with the language it is in. */
export function said(texts: Texts, lang: string): Said {
  for (const tag of [lang, lang.split('-')[0] ?? '', 'en', Object.keys(texts)[0] ?? '']) {
    const text = texts[tag];
    if (text !== undefined) return { text, lang: tag };
  }
  return { text: '', lang };
}

/** A question's translation for a reader of `lang`; null when they can read it as it is, or nobody translated it. */
export function translated(question: Pick<Question, 'lang' | 'translations'>, lang: string): Said | null {
  const text = question.translations[lang];
  return text === undefined || sameLanguage(question.lang, lang) ? null : { text, lang };
}

/** The same of its written answer. */
export function translatedReply(question: Question, lang: string): Said | null {
  const text = question.answer_translations?.[lang];
  return text === undefined || sameLanguage(question.answer_lang ?? lang, lang) ? null : { text, lang };
}

export function sameLanguage(one: string, other: string): boolean {
  return one.split('-')[0]?.toLowerCase() === other.split('-')[0]?.toLowerCase();
}

const segmenter = new Intl.Segmenter();

/** What a person would count as characters. */
export function graphemes(text: string): number {
  let count = 0;
  for (const _ of segmenter.segment(text)) count++;
  return count;
}
