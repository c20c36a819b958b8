/** How fast to speak and how soon to return: a hall of clients that all do it at once must not fall on the server together. */

import type { Reconnect } from './wire';

const DELAYS: Record<Exclude<Reconnect, 'never'>, { least: number; first: number; most: number }> = {
  soon: { least: 50, first: 500, most: 15_000 },
  spread: { least: 0, first: 10_000, most: 30_000 },
  later: { least: 5_000, first: 10_000, most: 60_000 },
};

/** ms that a server may ask all to spread their return over. */
const WINDOW_LIMIT = 60_000;

/** ms to wait before attempt number `attempt` (from 0): anywhere up to a doubling ceiling, so that a hall does not return at once.
 * `window` is what the server told, in ms, 0 for nothing. */
export function delay(reconnect: Exclude<Reconnect, 'never'>, attempt: number, window = 0): number {
  const { least, first, most } = DELAYS[reconnect];
  const told = Math.min(window, WINDOW_LIMIT);
  const start = reconnect === 'spread' && told > 0 ? told : Math.max(first, told);
  return least + Math.random() * Math.min(Math.max(most, told), start * 2 ** Math.min(attempt, 16));
}

/** The window in the reason of a close with 1012 or 1013, in ms; null if it tells none. */
export function windowIn(reason: string): number | null {
  const told = /^window=(\d{1,9});/.exec(reason);
  return told === null ? null : Number(told[1]);
}

/** The server takes 10 commands a second and 40 at once; a little less, for subscriptions count too. */
const RATE = 8;
const BURST = 30;

/** What a client may say now: a token bucket. */
export class Allowance {
  /** ms in which one more is allowed. */
  readonly interval = 1000 / RATE;
  #left = BURST;
  #at = 0;

  take(): boolean {
    const now = Date.now();
    this.#left = Math.min(BURST, this.#left + Math.max(0, now - this.#at) / this.interval);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

/** 128 random bits. Not randomUUID: a browser has it on secure pages only, and a rehearsal may run on a LAN's plain http. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
