import type { Account, SessionPolicy, Speech } from './wire';

/** The clocks of a summit. The server says since when one runs; here is counted what it shows at `now` (the server's clock). All in ms. */

export function elapsed(speech: Speech, now: number): number {
  return (speech.spent ?? 0) + (speech.since === undefined ? 0 : Math.max(0, now - speech.since));
}

/** What is left of a speech, below zero when it is past its limit; null for one without a limit. */
export function remaining(speech: Speech, now: number): number | null {
  return speech.limit === undefined ? null : speech.limit - elapsed(speech, now);
}

/** What a seat has left of its account, with what its running speech takes; null for accounts without a limit. */
export function left(seat: string, account: Account, policy: SessionPolicy, speech: Speech | undefined, now: number): number | null {
  const all = (policy.account_seconds ?? 0) * 1000;
  if (all === 0) return null;
  const running = speech && speech.seat === seat && !speech.point && speech.since !== undefined ? Math.max(0, now - speech.since) : 0;
  return all - (account.spent ?? 0) - running;
}

/** Whose turn it is: points of order first. */
export function following({ points, queue }: { points: string[]; queue: string[] }): string | undefined {
  return points[0] ?? queue[0];
}
