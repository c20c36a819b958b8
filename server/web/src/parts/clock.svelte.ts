import type { Room } from '../lib/room.svelte';

/** ms between two looks. */
const LOOK = 250;

/** The server's clock, for who counts down on a page: made while a component is set up, it stops with it. */
export class Clock {
  now = $state(0);

  constructor(room: Room) {
    this.now = room.now();
    $effect(() => {
      const timer = setInterval(() => (this.now = room.now()), LOOK);
      return () => clearInterval(timer);
    });
  }
}
