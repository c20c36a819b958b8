import type { Room } from './room.svelte';
import type { Form, Option, Poll, PollKind, Tally, Texts } from './types';

export type Ballot = string[] | number | string | Record<string, number>;

/** Kinds whose voters mark options. */
export const CHOICES: ReadonlySet<PollKind> = new Set<PollKind>(['single', 'multiple', 'image', 'yesno', 'quiz']);
const WORDS: ReadonlySet<PollKind> = new Set<PollKind>(['words', 'text']);
const NUMBERS: ReadonlySet<PollKind> = new Set<PollKind>(['rating', 'scale', 'numeric']);

/** The words of a poll, or of an option, with a machine's in the languages that their author did not write. */
export function textsOf(poll: Poll, option?: Option): Texts {
  const made = Object.entries(poll.translations ?? {}).flatMap(([lang, words]) => (words[option?.id ?? ''] === undefined ? [] : [[lang, words[option?.id ?? '']]]));
  return { ...(option ?? poll).texts, ...(Object.fromEntries(made) as Texts) };
}

/** One bar of a result. `share` is 0 to 1 of the longest bar there can be; `texts` or `label` name it. */
export interface Bar {
  key: string;
  count: number;
  share: number;
  texts?: Texts;
  label?: string;
  held?: boolean;
}

/** The result as far as this guest may know it: everyone's, or that of those who have voted. */
export function tallyOf(room: Room, poll: Poll): Tally | undefined {
  const running = poll.state === 'open' || poll.state === 'paused';
  return poll.tally ?? (running ? room.results[`${poll.id}/${poll.round}`]?.tally : undefined);
}

/** The longest bar: all voters chose it, ranked it first, or gave it everything. */
function whole(poll: Poll, tally: Tally): number {
  if (WORDS.has(poll.kind) || poll.kind === 'point') return Math.max(0, ...Object.values(tally.counts));
  if (poll.kind === 'ranking') return poll.voters * poll.options.length;
  if (poll.kind === 'budget') return poll.voters * (poll.rules.budget ?? 100);
  return poll.voters;
}

export function bars(poll: Poll, tally: Tally): Bar[] {
  const all = whole(poll, tally);
  const bar = (key: string): Bar => {
    const count = tally.counts[key] ?? 0;
    return { key, count, share: all > 0 ? Math.min(1, count / all) : 0, held: tally.held?.[key] };
  };
  if (WORDS.has(poll.kind)) {
    const keys = Object.keys(tally.counts).sort((a, b) => (tally.counts[b] ?? 0) - (tally.counts[a] ?? 0) || a.localeCompare(b));
    return keys.map((key) => ({ ...bar(key), label: tally.texts?.[key] ?? key }));
  }
  if (NUMBERS.has(poll.kind)) {
    const low = (key: string) => Number(key.split('..')[0]);
    return Object.keys(tally.counts).sort((a, b) => low(a) - low(b)).map((key) => ({ ...bar(key), label: key.replace('..', ' – ') }));
  }
  const found = poll.options.map((option) => ({ ...bar(option.id), texts: textsOf(poll, option) }));
  return poll.kind === 'ranking' || poll.kind === 'budget' ? found.sort((a, b) => b.count - a.count) : found;
}

/** The least and the most that a voter marks, ranks or writes. */
export function bounds(poll: Poll): [number, number] {
  if (poll.kind === 'single' || poll.kind === 'yesno' || poll.kind === 'text') return [1, 1];
  return [poll.rules.min_choices ?? 1, poll.rules.max_choices ?? 1];
}

/** Whether the server would take it. */
export function complete(poll: Poll, ballot: Ballot | null): boolean {
  const [least, most] = bounds(poll);
  if (ballot === null) return false;
  if (typeof ballot === 'number') return Number.isInteger(ballot) && ballot >= (poll.rules.low ?? 1) && ballot <= (poll.rules.high ?? 5);
  if (typeof ballot === 'string') return ballot.trim() !== '';
  if (Array.isArray(ballot)) return ballot.length >= least && ballot.length <= most && ballot.every((one) => one.trim() !== '');
  if (poll.kind === 'point') return true;
  const given = Object.values(ballot).reduce((sum, one) => sum + one, 0);
  return given > 0 && given <= (poll.rules.budget ?? 100);
}

/** What is sent: a kept quiz ballot also says how long each answer took. */
export function options(ballot: unknown): string[] {
  if (Array.isArray(ballot)) return ballot as string[];
  return typeof ballot === 'object' && ballot !== null ? Object.keys(ballot) : [];
}

export const KINDS: readonly PollKind[] = ['single', 'multiple', 'image', 'yesno', 'rating', 'scale', 'numeric', 'ranking', 'words', 'text', 'quiz', 'point', 'budget'];
/** Kinds that may be secret. */
export const SECRET: ReadonlySet<PollKind> = new Set<PollKind>(['single', 'multiple', 'yesno']);

export const hasOptions = (kind: PollKind) => ['single', 'multiple', 'image', 'ranking', 'quiz', 'budget'].includes(kind);
export const hasChoices = (kind: PollKind) => ['multiple', 'image', 'ranking', 'words', 'quiz'].includes(kind);
export const hasBounds = (kind: PollKind) => NUMBERS.has(kind);

export type { Form };
