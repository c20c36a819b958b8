/** JSON Merge Patch (RFC 7396): the one reducer of every channel. */

type Json = Record<string, unknown>;

/**
 * What `doc` becomes by `patch`; neither is changed, and what the patch does not name is shared with `doc`.
 * A null takes a key away, an object is merged, anything else replaces.
 */
export function merge(doc: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Json = isObject(doc) ? { ...doc } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else put(merged, key, merge(own(merged, key), value));
  }
  return merged;
}

/**
 * The same on an object that is kept: only what the patch names is written, so a reactive proxy
 * wakes just the readers of those keys. `patch` itself is never kept, only copies of its values.
 */
export function mergeInto(doc: Json, patch: Json): void {
  for (const [key, value] of Object.entries(patch)) {
    const held = own(doc, key);
    if (value === null) delete doc[key];
    else if (isObject(value) && isObject(held)) mergeInto(held, value);
    else if (held !== value) put(doc, key, merge(undefined, value));
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Only own keys: a patch must never reach what all objects share. */
function own(doc: Json, key: string): unknown {
  return Object.hasOwn(doc, key) ? doc[key] : undefined;
}

function put(doc: Json, key: string, value: unknown): void {
  if (key === '__proto__') return;
  doc[key] = value;
}
