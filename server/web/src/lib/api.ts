import { ProblemError } from './problem';
import type { Event, Person, Session, Texts } from './types';

/** The programme with who is live (by session id) and the server's clock in ms. */
export interface Programme extends Event {
  live: Record<string, boolean>;
  now: number;
}

export interface Invite {
  role: string;
  session: Session | null;
  event: { id: string; names: Texts };
}

export interface JoinBody {
  name?: string;
  lang: string;
  region?: string;
  sector?: string;
}

export interface Joined {
  token: string;
  person: Person;
  session: string;
  links: { page: string; ws: string; whep: string; hls: string; whip?: string };
}

export interface InviteLink {
  role: string;
  code: string;
  session: string;
  path: string;
  /** Of a delegate's. */
  seat?: string;
}

export type CaptionFormat = 'vtt' | 'srt' | 'ttml' | 'txt';

/** The browser asks whether what it holds has changed; the time of the answer is then newer than what is in it. */
export async function getEvent(): Promise<Programme> {
  const answer = await get('/api/event');
  const programme = (await answer.json()) as Programme;
  return { ...programme, now: Math.max(programme.now, Date.parse(answer.headers.get('date') ?? '') || 0) };
}

export function getInvite(code: string): Promise<Invite> {
  return request(`/api/join/${encodeURIComponent(code)}`);
}

export function join(code: string, body: JoinBody): Promise<Joined> {
  return request(`/api/join/${encodeURIComponent(code)}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** What a guest on the stage publishes with. */
export function enterStage(session: string, token: string): Promise<{ token: string; whip: string }> {
  return request(`/api/sessions/${encodeURIComponent(session)}/stage`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
}

/** Every invitation of the event; only an organiser's token may ask. */
export async function invites(token: string): Promise<InviteLink[]> {
  const answer: { invites: InviteLink[] } = await request('/api/invites', { headers: { Authorization: `Bearer ${token}` } });
  return answer.invites;
}

/** A session's captions in a language as a file, to be saved. */
export async function transcript(session: string, lang: string, format: CaptionFormat, token: string): Promise<File> {
  const path = `/api/sessions/${encodeURIComponent(session)}/captions.${format}?lang=${encodeURIComponent(lang)}`;
  const answer = await get(path, { headers: { Authorization: `Bearer ${token}` } });
  const type = answer.headers.get('content-type') ?? '';
  return new File([await answer.blob()], `${session}.${lang}.${format}`, { type });
}

/** Puts a venue of a session on air. */
export async function putOnAir(session: string, venue: 'a' | 'b', token: string): Promise<void> {
  await request(`/api/sessions/${encodeURIComponent(session)}/venue`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ venue }),
  });
}

export const EXPORTS = ['questions', 'polls', 'ballots', 'attendance', 'captions', 'chat', 'problems', 'announcements', 'moderation'] as const;
export type ExportName = (typeof EXPORTS)[number];

/** What was said and counted in a session, as a file; `path` is after the session's own. */
export async function exported(session: string, path: string, token: string): Promise<File> {
  const answer = await get(`/api/sessions/${encodeURIComponent(session)}/${path}`, { headers: { Authorization: `Bearer ${token}` } });
  return new File([await answer.blob()], `${session}-${path.replace('exports/', '')}`, { type: answer.headers.get('content-type') ?? '' });
}

/** All that the conference holds of the guest. */
export async function mine(token: string): Promise<File> {
  const answer = await get('/api/me', { headers: { Authorization: `Bearer ${token}` } });
  return new File([await answer.blob()], 'marquee.json', { type: 'application/json' });
}

/** Erases the guest: they are somebody new if they come again. */
export async function erase(token: string): Promise<void> {
  await get('/api/me', { method: 'DELETE', headers: { Authorization: `Bearer ${token}` } });
}

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await get(path, init)).json()) as T;
}

async function get(path: string, init?: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, signal: AbortSignal.timeout(15_000) });
  } catch (error) {
    throw new ProblemError('network', error instanceof Error ? error.message : '');
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

/** The problem an answer carries; a proxy in between may have answered something else than ours. */
export async function problemOf(answer: Response): Promise<ProblemError> {
  const type = answer.headers.get('Content-Type') ?? '';
  if (type.includes('json')) {
    const problem: unknown = await answer.json().catch(() => null);
    if (typeof problem === 'object' && problem !== null) {
      return ProblemError.from({ status: answer.status, ...problem });
    }
  }
  return new ProblemError(codeOf(answer.status), answer.statusText, answer.status);
}

function codeOf(status: number): string {
  if (status === 401) return 'bad_token';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 429) return 'rate_limited';
  return status >= 500 ? 'overloaded' : 'unknown';
}
