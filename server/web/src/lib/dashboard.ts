/** The organiser's dashboard: what the server samples, kept as long as the page is open and no longer than the server keeps it. */

import type { Office } from './programme';

export const NAMES = ['viewers', 'people', 'votes', 'reactions', 'bitrate', 'lost', 'resent', 'viewer_loss', 'join_ms'] as const;
export type Name = (typeof NAMES)[number];
export type Series = Record<Name, (number | null)[]> & { at: number[] };

/** Samples that are kept: two hours. */
export const SAMPLES = 720;

export interface SessionNow extends Record<Name, number | null> {
  id: string;
  live: boolean;
  questions: Record<string, number>;
}

export interface Answer {
  /** ms between two samples. */
  interval: number;
  now: number;
  series: Series;
  sessions: SessionNow[];
  /** Null for who is in no area, and for a number too small to be told. */
  regions: { area: string | null; people: number | null }[];
  questions: Record<string, number>;
  languages: Record<string, number>;
  /** By session and language: who writes the captions, and how that goes. */
  captions: Record<string, Record<string, { kind: string; state: string } | null>>;
}

export function ask(office: Office, session: string | null, since: number): Promise<Answer> {
  return office.json(`/api/dashboard?since=${since}${session === null ? '' : `&session=${encodeURIComponent(session)}`}`);
}

/** What was held and what came after it. */
export function joined(held: Series | null, more: Series): Series {
  if (held === null) return more;
  const last = held.at.at(-1) ?? 0;
  const from = more.at.findIndex((at) => at > last);
  if (from < 0) return held;
  const both = <T>(a: T[], b: T[]) => [...a, ...b.slice(from)].slice(-SAMPLES);
  const names = NAMES.map((name) => [name, both(held[name], more[name])] as const);
  return { at: both(held.at, more.at), ...(Object.fromEntries(names) as Record<Name, (number | null)[]>) };
}

/** At most `count` samples, evenly, the newest among them, newest first: for a table. */
export function thinned(length: number, count: number): number[] {
  const step = Math.max(1, Math.ceil(length / count));
  const found: number[] = [];
  for (let at = length - 1; at >= 0; at -= step) found.push(at);
  return found;
}
