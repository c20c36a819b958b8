/** A refusal of the server (RFC 9457) or of the network, by its stable code. */
export class ProblemError extends Error {
  readonly code: string;
  readonly detail: string;
  readonly status: number;
  /** Seconds to wait before trying again, where the server said so. */
  readonly wait: number;

  constructor(code: string, detail = '', status = 0, wait = 0) {
    super(detail || code);
    this.name = 'ProblemError';
    this.code = code;
    this.detail = detail;
    this.status = status;
    this.wait = wait;
  }

  static from(problem: Record<string, unknown>): ProblemError {
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    const number = (value: unknown) => (typeof value === 'number' ? value : 0);
    return new ProblemError(text(problem.code) || 'unknown', text(problem.detail) || text(problem.title), number(problem.status), number(problem.retry_after));
  }
}
