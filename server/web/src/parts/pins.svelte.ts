import type { Room } from '../lib/room.svelte';
import type { Poll } from '../lib/types';

/** Which polls stand above everything: all that run, else the last one until the guest puts it away. */
export class Pins {
  readonly #room: Room;
  #away: string[] = $state([]);

  constructor(room: Room) {
    this.#room = room;
  }

  /** What everyone may know of, the newest first. */
  get all(): Poll[] {
    const polls = Object.values(this.#room.state?.polls ?? {});
    return polls.filter((poll) => poll.state !== 'draft').sort((a, b) => b.order - a.order);
  }

  get pinned(): Poll[] {
    const running = this.all.filter((poll) => poll.state === 'open' || poll.state === 'paused');
    return running.length > 0 ? running : this.all.slice(0, 1).filter((poll) => !this.#away.includes(poll.id));
  }

  get past(): Poll[] {
    return this.all.filter((poll) => !this.pinned.includes(poll));
  }

  putAway(id: string): void {
    this.#away = [...this.#away, id];
  }
}
