/** ms between two looks: what changes more often is read by nobody. */
const PACE = 250;

/** What `look` finds, found anew when what it read has changed: the first time at once, then not more often than each PACE ms. Call it while a component is set up. */
export function paced<T>(look: () => T): () => T {
  let found: T = $state.raw(look());
  let due = $state(0);
  let last = 0;
  $effect.pre(() => {
    void due;
    const wait = last + PACE - performance.now();
    if (wait > 0) {
      const timer = setTimeout(() => due++, wait);
      return () => clearTimeout(timer);
    }
    last = performance.now();
    found = look();
    return undefined;
  });
  return () => found;
}
