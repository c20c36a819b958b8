/**
 * Lines out of what a stenographer's software, or a re-speaker's, types without a pause. `>>` begins another speaker, `>> Name:` says
 * who: the usual marks of live captioning.
 */

import { longest } from './segments';

/** After a sentence's end that something follows, so that the software can still take its last stroke back; before another speaker. */
const END = /(?<=[.!?…؟]["'”’»)]*)\s+(?=\S)|(?<=[。！？]["'”’」』）]*)(?=\S)|\n+|\s*(?=>>)/u;
const SPEAKER = /^>>\s*(?:([^:：>\n]{1,40})[:：])?\s*/u;

export interface Stroked {
  text: string;
  /** Who speaks from this line on, '' for somebody else; undefined where it goes on. */
  speaker?: string;
}

/** The lines that are finished, and what is still typed. */
export function finished(typed: string, lang: string): { lines: Stroked[]; rest: string } {
  const pieces = typed.split(END).filter((piece) => piece.trim() !== '');
  const open = /\n$/.test(typed) ? '' : (pieces.pop() ?? '');
  const lines = pieces.map(stroked).filter(({ text }) => text !== '');
  const letters = [...open];
  const most = longest(lang);
  if (letters.length <= most) return { lines, rest: open };
  const space = letters.slice(0, most + 1).lastIndexOf(' ');
  const cut = space > 0 ? space : most;
  return { lines: [...lines, stroked(letters.slice(0, cut).join(''))], rest: letters.slice(cut).join('').trimStart() };
}

/** What was typed without its mark. */
export function stroked(piece: string): Stroked {
  const mark = SPEAKER.exec(piece);
  const text = piece.slice(mark?.[0].length ?? 0).trim();
  return mark ? { text, speaker: (mark[1] ?? '').trim() } : { text };
}
