import type { Joined } from './api';

const PREFIX = 'marquee:';

/** What was given at the door, kept for this tab only: another tab is another guest until it joins. */
export function remember(joined: Joined): void {
  try {
    sessionStorage.setItem(PREFIX + joined.session, JSON.stringify(joined));
  } catch {
    // Storage may be forbidden or full; the guest then joins again after a reload.
  }
}

export function recall(session: string): Joined | null {
  try {
    const kept = sessionStorage.getItem(PREFIX + session);
    return kept === null ? null : (JSON.parse(kept) as Joined);
  } catch {
    return null;
  }
}

export function forget(session: string): void {
  try {
    sessionStorage.removeItem(PREFIX + session);
  } catch {
    // Nothing was kept then.
  }
}
