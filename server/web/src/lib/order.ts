import type { Question } from './wire';

/** How a list of questions is read: most wanted, newest, oldest, or as is fair to every region and language (the server's order). */
export type Order = 'top' | 'new' | 'old' | 'fair';

/** `questions` in an order; `next` is the fair one. Where the best comes first, answered ones sink. */
export function ordered(questions: readonly Question[], order: Order, next: readonly string[]): Question[] {
  const newest = (a: Question, b: Question) => b.asked_at - a.asked_at;
  const sunk = (question: Question) => Number(question.answer_state === 'answered');
  const top = (a: Question, b: Question) => sunk(a) - sunk(b) || b.votes - a.votes || newest(a, b);
  if (order === 'new') return questions.toSorted(newest);
  if (order === 'old') return questions.toSorted((a, b) => newest(b, a));
  if (order === 'top') return questions.toSorted(top);
  const places = new Map(next.map((id, place) => [id, place]));
  const place = (question: Question) => places.get(question.id) ?? next.length;
  return questions.toSorted((a, b) => place(a) - place(b) || top(a, b));
}
