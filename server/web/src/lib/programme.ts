/** The programme as its organiser changes it: what the server takes and answers, and times of the place as people type them. */

import { problemOf } from './api';
import { ProblemError } from './problem';
import type { Event, Session, Texts, Track } from './types';

/** Something wrong (`error`), or to be looked at (`warning`), with a session; `field` is where it is mended, such as `titles.fr`. */
export interface Issue {
  code: string;
  severity: 'error' | 'warning';
  session: string;
  field: string;
  detail: string;
  /** The session that is in the way, and who or where. */
  other?: string;
  name?: string;
}

/** The event as its organiser is told it: nothing is left out. */
export type Whole = Event & { zone: string; version: number };

export interface Plan {
  event: Whole;
  issues: Issue[];
}

/** What importing a file would do. */
export interface Report {
  ok: boolean;
  added: ReportLine[];
  changed: ReportLine[];
  unchanged: number;
  kept: number;
  issues: Issue[];
  expected_version: number;
}

export interface ReportLine {
  id: string;
  titles: Texts;
  fields: string[];
}

export interface Act {
  number: number;
  at: number;
  act: 'session.add' | 'session.edit' | 'session.cancel' | 'session.restore' | 'event.edit';
  session: string | null;
  actor_name: string | null;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

export interface EventChange {
  names: Texts;
  tracks: Track[];
  zone: string;
  starts_at: number | null;
  ends_at: number | null;
  expected_version: number;
}

/** A refusal with what is wrong where, and with what somebody else has made of the session meanwhile. */
export class Refusal extends ProblemError {
  readonly issues: Issue[];
  readonly current: unknown;

  constructor(problem: ProblemError, body: Record<string, unknown>) {
    super(problem.code, problem.detail, problem.status, problem.wait);
    this.issues = Array.isArray(body.issues) ? (body.issues as Issue[]) : [];
    this.current = body.current;
  }
}

/** ms an answer may take: a long file is looked at whole. */
const PATIENCE = 30_000;

/** Everything an organiser asks, with their token. */
export class Office {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  plan(): Promise<Plan> {
    return this.#json('GET', '/api/programme');
  }

  async log(): Promise<Act[]> {
    return (await this.#json<{ acts: Act[] }>('GET', '/api/programme/log')).acts;
  }

  add(session: Session): Promise<{ session: Session; issues: Issue[] }> {
    return this.#json('POST', '/api/programme/sessions', { session });
  }

  edit(session: Session, expected_version: number): Promise<{ session: Session; issues: Issue[] }> {
    return this.#json('PUT', `/api/programme/sessions/${encodeURIComponent(session.id)}`, { session, expected_version });
  }

  async check(session: Session): Promise<Issue[]> {
    return (await this.#json<{ issues: Issue[] }>('POST', '/api/programme/check', { session })).issues;
  }

  editEvent(change: EventChange): Promise<Plan> {
    return this.#json('PUT', '/api/programme/event', change);
  }

  /** What a file would do; with the version of its report, does it. */
  async importFile(file: File, version?: number): Promise<Report> {
    const query = version === undefined ? '' : `?apply=true&expected_version=${version}`;
    const type = /\.json$/i.test(file.name) || file.type === 'application/json' ? 'application/json' : 'text/csv';
    return (await (await this.#ask('POST', `/api/programme/import${query}`, await file.arrayBuffer(), type)).json()) as Report;
  }

  async exportFile(format: 'json' | 'csv'): Promise<File> {
    return named(await this.#ask('GET', `/api/programme/export.${format}`), `programme.${format}`);
  }

  async calendar(lang: string): Promise<File> {
    return named(await this.#ask('GET', `/api/event.ics?lang=${encodeURIComponent(lang)}`), 'programme.ics');
  }

  async links(session: string): Promise<{ role: string; code: string; path: string; seat?: string }[]> {
    const path = `/api/invites?session=${encodeURIComponent(session)}`;
    return (await this.#json<{ invites: { role: string; code: string; path: string; seat?: string }[] }>('GET', path)).invites;
  }

  async json<T>(path: string): Promise<T> {
    return this.#json('GET', path);
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    return (await (await this.#ask(method, path, sent, 'application/json')).json()) as T;
  }

  async #ask(method: string, path: string, body?: BodyInit, type?: string): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#token}` };
    if (body !== undefined && type) headers['Content-Type'] = type;
    let answer: Response;
    try {
      answer = await fetch(path, { method, headers, signal: AbortSignal.timeout(PATIENCE), ...(body === undefined ? {} : { body }) });
    } catch (error) {
      throw new ProblemError('network', error instanceof Error ? error.message : '');
    }
    if (answer.ok) return answer;
    const read: unknown = await answer.clone().json().catch(() => null);
    throw new Refusal(await problemOf(answer), typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : {});
  }
}

async function named(answer: Response, name: string): Promise<File> {
  return new File([await answer.blob()], name, { type: answer.headers.get('content-type') ?? '' });
}

/** What a clock in the zone shows, as a field for date and time has it: `2026-11-28T10:00`. */
export function wall(ms: number, zone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  });
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${part.year?.padStart(4, '0')}-${part.month}-${part.day}T${part.hour}:${part.minute}`;
}

/** The ms of what a clock in the zone shows; of an hour that is there twice the first, of one that is skipped the next. Null for no time. */
export function instant(text: string, zone: string): number | null {
  const shown = Date.parse(`${text}Z`);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) || Number.isNaN(shown)) return null;
  const ahead = (ms: number) => Date.parse(`${wall(ms, zone)}Z`) - Math.floor(ms / 60_000) * 60_000;
  const before = shown - ahead(shown - 24 * 3_600_000);
  const after = shown - ahead(before);
  return wall(before, zone) !== text.slice(0, 16) && wall(after, zone) === text.slice(0, 16) ? after : before;
}

/** How a time is written where somebody is. */
export function when(ms: number, zone: string | undefined, locale: string): string {
  return new Intl.DateTimeFormat(locale, { timeZone: zone, weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(ms);
}

/** The day of a time in a zone. */
export function day(ms: number, zone: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { timeZone: zone, weekday: 'long', day: 'numeric', month: 'long' }).format(ms);
}

export function hours(ms: number, zone: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(ms);
}

/** The zones a browser knows, the event's own among them. */
export function zones(own: string): string[] {
  return [...new Set([own, 'UTC', ...Intl.supportedValuesOf('timeZone')])].sort();
}

/** The members in which two versions of a session differ, that an organiser changes here. */
export function differing(mine: Session, theirs: Session): (keyof Session)[] {
  const names = Object.keys({ ...theirs, ...mine }) as (keyof Session)[];
  return names.filter((name) => name !== 'version' && JSON.stringify(mine[name]) !== JSON.stringify(theirs[name]));
}
