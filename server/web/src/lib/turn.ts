/** An interpreter's turn at the microphone. Two relieve each other, for nobody interprets well for long. */

/** Minutes of a turn. */
export const TURN = { usual: 20, least: 1, most: 90 };

/** The minutes somebody chose, within what a turn may be; the usual turn for what is no number. */
export function minutesOf(text: string | null): number {
  const minutes = Math.round(Number(text || NaN));
  return Number.isFinite(minutes) ? Math.min(TURN.most, Math.max(TURN.least, minutes)) : TURN.usual;
}

/** ms as minutes and seconds in the locale's digits, such as 4:05. A clock that was set back shows none. */
export function stopwatch(ms: number, locale: string): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const digits = (n: number, least: number) => new Intl.NumberFormat(locale, { minimumIntegerDigits: least, useGrouping: false }).format(n);
  return `${digits(Math.floor(seconds / 60), 1)}:${digits(seconds % 60, 2)}`;
}
