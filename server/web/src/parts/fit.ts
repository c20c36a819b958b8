/** What the words of a hall's screen may shrink to, and by how much at a time, before the rest is cut. */
const LEAST = 0.3;
const STEP = 0.05;

/** Keeps `--fit` of a box at the largest factor of its words' size with which none of them is cut. For `{@attach}`. */
export function fit(box: HTMLElement): () => void {
  function measure() {
    for (let factor = 1; factor >= LEAST; factor -= STEP) {
      box.style.setProperty('--fit', String(factor));
      if (box.scrollHeight <= box.clientHeight) return;
    }
  }
  const sizes = new ResizeObserver(measure);
  const words = new MutationObserver(measure);
  sizes.observe(box);
  words.observe(box, { childList: true, characterData: true, subtree: true });
  return () => {
    sizes.disconnect();
    words.disconnect();
  };
}
