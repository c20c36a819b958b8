import type { Question } from './wire';

/** How a list of questions is read: most wanted, newest, oldest, or as is fair to every region and language (the server's order). */
export const ORDERS = ['top', 'new', 'old', 'fair'] as const;
export type Order = (typeof ORDERS)[number];

/**
 * `questions` in an order; `next` is the fair one. Where the best comes first, answered ones sink. Each question is read once: reading is
 * what costs, where it is reactive.
 */
export function ordered(questions: readonly Question[], order: Order, next: readonly string[]): Question[] {
  const places = new Map(next.map((id, place) => [id, place]));
  const read = questions.map((question) => ({
    question,
    at: question.asked_at,
    sunk: Number(question.answer_state === 'answered'),
    votes: question.votes,
    place: places.get(question.id) ?? next.length,
  }));
  type Read = (typeof read)[number];
  const newest = (a: Read, b: Read) => b.at - a.at;
  const top = (a: Read, b: Read) => a.sunk - b.sunk || b.votes - a.votes || newest(a, b);
  if (order === 'new') read.sort(newest);
  else if (order === 'old') read.sort((a, b) => newest(b, a));
  else if (order === 'top') read.sort(top);
  else read.sort((a, b) => a.place - b.place || top(a, b));
  return read.map(({ question }) => question);
}
