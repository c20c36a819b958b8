import { describe, expect, it } from 'vitest';
import { merge, mergeInto } from '../src/lib/merge';

/** RFC 7396, appendix A: original, patch, result. */
const CASES: [unknown, unknown, unknown][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [['a', 'b'], ['c', 'd'], ['c', 'd']],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];
const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

describe('a merge patch', () => {
  it.each(CASES)('turns %j by %j into %j', (doc, patch, result) => {
    const [docBefore, patchBefore] = [structuredClone(doc), structuredClone(patch)];
    expect(merge(doc, patch)).toEqual(result);
    expect([doc, patch]).toEqual([docBefore, patchBefore]);
  });

  it.each(CASES.filter(([doc, patch]) => isObject(doc) && isObject(patch)))('turns %j by %j into %j in place', (doc, patch, result) => {
    const [held, patchBefore] = [structuredClone(doc), structuredClone(patch)];
    mergeInto(held as Record<string, unknown>, patch as Record<string, unknown>);
    expect(held).toEqual(result);
    expect(patch).toEqual(patchBefore);
  });

  it('shares what the patch does not name', () => {
    const doc = { kept: { deep: 1 }, other: 1 };
    expect((merge(doc, { other: 2 }) as typeof doc).kept).toBe(doc.kept);
  });

  it('never keeps an object of the patch', () => {
    const patch = { poll: { counts: { a: 1 } } };
    const doc: { poll?: { counts: Record<string, number> } } = {};
    mergeInto(doc, patch);
    mergeInto(doc, { poll: { counts: { a: 2 } } });
    expect(patch.poll.counts.a).toBe(1);
  });

  it('cannot reach what all objects share', () => {
    const patch = JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}') as Record<string, unknown>;
    merge({}, patch);
    mergeInto({}, patch);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
