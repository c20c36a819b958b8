/** Small choices that outlive the page; where storage is forbidden they last until it is left. */

const PREFIX = 'marquee:';

export function kept(name: string, storage: () => Storage = () => localStorage): string | null {
  try {
    return storage().getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string, storage: () => Storage = () => localStorage): void {
  try {
    storage().setItem(PREFIX + name, value);
  } catch {
    // As above.
  }
}

const tab = () => sessionStorage;

/** The audience's code of a session, for sharing; known to who came in by it or was given it. */
export function audienceCode(session: string): string | null {
  return kept(`code:${session}`, tab);
}

export function keepAudienceCode(session: string, code: string): void {
  keep(`code:${session}`, code, tab);
}

/** A secret vote's receipt: nobody else has it, and after the close the server could not say whose it was. */
export function keptReceipt(poll: { id: string; round: number }): string | null {
  return kept(`receipt:${poll.id}:${poll.round}`);
}

export function keepReceipt(poll: { id: string; round: number }, receipt: string): string {
  keep(`receipt:${poll.id}:${poll.round}`, receipt);
  return receipt;
}
