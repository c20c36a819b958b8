import { createContext } from 'svelte';
import type { Joined } from '../lib/api';
import { errorText } from '../lib/i18n.svelte';
import type { CommandBody, Room } from '../lib/room.svelte';
import type { Result } from '../lib/socket';

export interface Notice {
  id: number;
  text: string;
  kind: 'error' | 'done';
}

type Feature = 'questions' | 'votes' | 'polls' | 'reactions' | 'hands' | 'chat';

/** Notices on the page at once; an older one gives way. */
const NOTICES_LIMIT = 3;
/** ms that a notice stays. */
const NOTICE = 6_000;

/** A guest's place in a session: the room, the pass, and what the page has to tell. */
export class Seat {
  readonly room: Room;
  readonly joined: Joined;
  notices: Notice[] = $state([]);
  /** ms by which the picture of this page is behind what comes in at the server; a player says so. */
  delay = $state(0);
  #last = 0;

  constructor(room: Room, joined: Joined) {
    this.room = room;
    this.joined = joined;
  }

  can(right: string): boolean {
    return this.room.me?.rights.includes(right) ?? false;
  }

  /** Whether a feature is on here for anyone: else there is nothing to show of it. */
  has(feature: Feature): boolean {
    return (this.room.state?.policy[feature] ?? 'nobody') !== 'nobody';
  }

  /** Whether a feature is on for this guest. */
  takes(feature: Feature): boolean {
    const who = this.room.state?.policy[feature] ?? 'nobody';
    const staff = this.can('staff.read');
    return who === 'everyone' || (who === 'staff' && staff) || (who === 'delegates' && (staff || this.can('motion.vote')));
  }

  /** Sends a command and says why when it is refused; whether it was done. */
  async do(command: CommandBody): Promise<boolean> {
    return (await this.ask(command)) !== null;
  }

  /** The same, with the command's result; null when it was refused. */
  async ask(command: CommandBody): Promise<Result | null> {
    try {
      return await this.room.send(command);
    } catch (error) {
      this.tell(errorText(error), 'error');
      return null;
    }
  }

  tell(text: string, kind: Notice['kind'] = 'done'): void {
    const id = ++this.#last;
    this.notices = [...this.notices, { id, text, kind }].slice(-NOTICES_LIMIT);
    setTimeout(() => this.forget(id), NOTICE);
  }

  forget(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }
}

export const [useSeat, giveSeat] = createContext<Seat>();
