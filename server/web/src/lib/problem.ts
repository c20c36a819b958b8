/** A refusal of the server (RFC 9457) or of the network, by its stable code. */
export class ProblemError extends Error {
  readonly code: string;
  readonly detail: string;
  readonly status: number;

  constructor(code: string, detail = '', status = 0) {
    super(detail || code);
    this.name = 'ProblemError';
    this.code = code;
    this.detail = detail;
    this.status = status;
  }

  static from(problem: Record<string, unknown>): ProblemError {
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    const status = typeof problem.status === 'number' ? problem.status : 0;
    return new ProblemError(text(problem.code) || 'unknown', text(problem.detail) || text(problem.title), status);
  }
}
