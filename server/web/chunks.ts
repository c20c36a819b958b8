/** Which modules are built into one file: a phone pays for each file with a round trip, and for each byte that its page does not need. */

interface Graph {
  getModuleInfo(id: string): { importedIds: readonly string[] } | null;
}

/** Parts of Svelte that the frame of a page does not need: lists, fields, and what moves. Nothing happens when they are loaded. */
export const LATER = /svelte\/src\/internal\/(client\/dom\/(blocks\/each|elements\/(transitions|attributes|custom-element|bindings\/(select|input|this|media|universal)))|shared\/clone)/;
const DOOR = ['Home', 'Join'];
const SEAT = ['Session', 'Attendee'];

/**
 * `base` is what the page's frame needs, `lists` the rest of Svelte; `parts` is what the door and an attendee's page have in common, `attendee`
 * what that page needs besides, which others share with it. Anything else goes where it is imported.
 */
export const groups = [
  { name: 'lists', test: LATER, priority: 3 },
  { name: 'base', tags: ['$initial' as const], priority: 2 },
  { name: shared, debugName: 'shared', priority: 1 },
];

function shared(id: string, graph: Graph): string | null {
  if (id.includes('node_modules') || !reached(SEAT, graph).has(id)) return null;
  return reached(DOOR, graph).has(id) ? 'parts' : 'attendee';
}

/** All that is imported, step by step, by the views; but not what they load later. */
function reached(views: string[], graph: Graph): Set<string> {
  const found = new Set(views.map((view) => new URL(`./src/views/${view}.svelte`, import.meta.url).pathname));
  for (const id of found) for (const next of graph.getModuleInfo(id)?.importedIds ?? []) if (!next.includes('node_modules')) found.add(next);
  return found;
}
