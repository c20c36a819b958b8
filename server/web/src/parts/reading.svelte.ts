import { untrack } from 'svelte';
import type { Room } from '../lib/room.svelte';
import { segmented } from '../lib/segments';
import { hold, Timeline } from '../lib/timeline';
import { finals, type Line } from './lines.svelte';

/** Finished lines that are looked at: those that wait to be read, too. */
const NEWEST = 8;
/** ms between two looks. */
const LOOK = 100;

/** ms by which the picture is late and by which captions are shifted, and how many lines there may be at once. */
export interface Wish {
  delay: number;
  offset: number;
  finals: number;
  lines: number;
}

/** What is read of a room's captions now, whatever page shows it. Made while a component is set up, it stops with it. */
export class Reading {
  lines: Line[] = $state.raw([]);
  /** The moment whose words belong over the picture, ms of the server's clock. */
  moment = $state(0);
  #timeline = new Timeline<Line>();
  readonly #room: Room;
  readonly #wish: () => Wish;

  constructor(room: Room, wish: () => Wish) {
    this.#room = room;
    this.#wish = wish;
    // Another language begins anew.
    $effect(() => {
      void room.captionLanguage;
      untrack(() => {
        this.#timeline = new Timeline();
        this.lines = [];
      });
    });
    $effect(() => {
      if (room.captions === null) return;
      const { partial } = room.captions;
      const kept = finals(room).slice(-NEWEST).flatMap(segmented);
      this.#timeline.note(partial ? [...kept, { ...partial, number: -1 }] : kept, room.now());
      untrack(() => this.#look());
    });
    $effect(() => {
      const timer = setInterval(() => this.#look(), LOOK);
      return () => clearInterval(timer);
    });
  }

  #look(): void {
    const { delay, offset, finals: finished, lines: most } = this.#wish();
    const now = this.#room.now();
    const read = this.#timeline.at(now, delay, offset);
    const making = read.filter(({ number }) => number < 0);
    const next = [...read.filter(({ number }) => number >= 0).slice(-finished), ...making].slice(-most);
    if (next.length !== this.lines.length || next.some((line, place) => line !== this.lines[place])) this.lines = next;
    this.moment = now - hold(delay, 0, offset);
  }
}
