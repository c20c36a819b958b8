import { describe, expect, it } from 'vitest';
import { ordered, type Order } from '../src/lib/order';
import type { Question } from '../src/lib/wire';

const question = (id: string, votes: number, asked_at: number, answer_state: Question['answer_state'] = 'unanswered'): Question => ({
  id, votes, asked_at, answer_state, text: id, lang: 'en', state: 'published', translations: {},
});
const ALL = [question('old', 1, 1), question('done', 9, 2, 'answered'), question('wanted', 5, 3), question('new', 1, 4)];

describe('the order of questions', () => {
  it.each<[Order, string[]]>([
    ['top', ['wanted', 'new', 'old', 'done']],
    ['new', ['new', 'wanted', 'done', 'old']],
    ['old', ['old', 'done', 'wanted', 'new']],
    ['fair', ['old', 'wanted', 'new', 'done']],
  ])('%s', (order, ids) => {
    expect(ordered(ALL, order, ['old', 'wanted']).map(({ id }) => id)).toEqual(ids);
  });

  it('leaves the list itself alone', () => {
    const before = ALL.map(({ id }) => id);
    ordered(ALL, 'top', []);
    expect(ALL.map(({ id }) => id)).toEqual(before);
  });
});
