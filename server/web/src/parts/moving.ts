import { tick } from 'svelte';
import { prefersReducedMotion } from 'svelte/motion';

/** So many at most are seen to move; more at once are only in the way of who reads, and cost a phone its time. */
const FEW = 8;
const MS = 250;

/** Lets the children of `list` that get another place glide there, when they are few. Call it before the change, with the order before and after. */
export function glide(list: HTMLElement, before: readonly string[], after: readonly string[]): void {
  const places = new Map(before.map((id, place) => [id, place]));
  const moved = after.filter((id, place) => places.has(id) && places.get(id) !== place);
  if (moved.length === 0 || moved.length > FEW || prefersReducedMotion.current) return;
  const from = moved.flatMap((id) => {
    const element = list.children[places.get(id) ?? -1];
    return element instanceof HTMLElement ? [{ element, top: element.offsetTop }] : [];
  });
  void tick().then(() => {
    for (const { element, top } of from) {
      const by = top - element.offsetTop;
      if (by !== 0) element.animate([{ translate: `0 ${by}px` }, { translate: '0 0' }], { duration: MS, easing: 'ease-out' });
    }
  });
}
