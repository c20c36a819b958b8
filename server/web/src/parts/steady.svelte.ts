import { tick } from 'svelte';

/**
 * Keeps the focus in a list that is put into another order: an element that is moved in the page loses it. `watched` reads what the order
 * depends on. Call it while a component is set up. `gone` is asked for another place when what had the focus is no longer there.
 */
export function steady(watched: () => unknown, gone: (element: HTMLElement) => HTMLElement | null | undefined = () => null): void {
  $effect.pre(() => {
    watched();
    const at = document.activeElement;
    if (!(at instanceof HTMLElement) || at === document.body) return;
    void tick().then(() => {
      if (document.activeElement !== document.body) return;
      (at.isConnected ? at : gone(at))?.focus({ preventScroll: at.isConnected });
    });
  });
}
