import { mergeInto } from './merge';
import { ProblemError } from './problem';
import { Socket, type CommandBody, type Connection, type Result } from './socket';
import type { BoardState, CaptionState, ChatState, GlossaryState, Me, SessionState, Snapshot, Tally, Update } from './wire';

export type { CommandBody, Connection } from './socket';

type Doc = Record<string, unknown>;

/** One session as its guest sees it: reactive state that follows the server, and the way to send commands. */
export class Room {
  /** What everyone sees or, for staff, that and what waits for them. Null until the first snapshot. */
  state: SessionState | null = $state(null);
  me: Me | null = $state(null);
  captions: CaptionState | null = $state(null);
  /** The session's words, while a desk follows them. */
  glossary: GlossaryState | null = $state(null);
  /** Tallies that only those who have voted may follow, by poll and round. */
  results: Record<string, { tally?: Tally }> = $state({});
  /** The chat and the problem board, while a page shows them. */
  chat: ChatState | null = $state(null);
  board: BoardState | null = $state(null);
  /** The language of the captions that are followed; becomes null when the session has none in it. */
  captionLanguage: string | null = $state(null);
  connection: Connection = $state('connecting');
  /** Whether what others do may be late; what one does oneself is kept. */
  degraded = $state(false);
  /** Code of the last refusal that belongs to no command, such as why the connection is closed. */
  problem: string | null = $state(null);
  readonly #session: string;
  readonly #captionPrefix: string;
  readonly #resultPrefix: string;
  readonly #glossaryChannel: string;
  readonly #socket: Socket;
  #offset = 0;

  constructor({ session, token, captions }: { session: string; token: string; captions: string | null }) {
    this.#session = session;
    this.#captionPrefix = `${session}/captions/`;
    this.#resultPrefix = `${session}/polls/`;
    this.#glossaryChannel = `${session}/glossary`;
    this.captionLanguage = captions;
    const url = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/ws`;
    this.#socket = new Socket(
      { url, session, token, captions },
      {
        connection: (now) => this.#connected(now),
        problem: (code) => this.#refused(code),
        welcome: (message, offset) => {
          this.#offset = offset;
          this.me = message.me;
        },
        service: (degraded) => (this.degraded = degraded),
        snapshot: (message) => this.#restated(message),
        update: (message) => this.#updated(message),
        my: (message) => this.me && mergeInto(this.me as unknown as Doc, message.data),
      },
    );
  }

  /** The server's clock: ms since 1970 UTC, good to half a round trip. */
  now(): number {
    return Date.now() + this.#offset;
  }

  /**
   * Resolves with the ack's result when the command is durable; rejects with a ProblemError. A vote shows in `me` at once
   * and is taken back if refused. A reaction is of the moment: it does not wait for a lost connection.
   */
  async send(command: CommandBody): Promise<Result> {
    if (command.type === 'reaction.send' && this.connection !== 'online') throw new ProblemError('network');
    const undo = this.#foresee(command);
    try {
      return await this.#socket.send(command);
    } catch (error) {
      undo();
      throw error;
    }
  }

  setCaptions(lang: string | null): void {
    if (lang === this.captionLanguage) return;
    this.captionLanguage = lang;
    this.captions = null;
    this.#socket.follow(lang);
  }

  followGlossary(on: boolean): void {
    this.#socket.besides(this.#glossaryChannel, on);
    if (!on) this.glossary = null;
  }

  /** Follow the chat or the problem board, staff with what others do not see; returns how to stop. */
  watch(part: 'chat' | 'problems'): () => void {
    const channel = `${this.#session}/${part}${this.me?.rights.includes('staff.read') ? '/staff' : ''}`;
    this.#socket.besides(channel, true);
    return () => {
      this.#socket.besides(channel, false);
      if (part === 'chat') this.chat = null;
      else this.board = null;
    };
  }

  close(): void {
    this.#socket.close();
  }

  #connected(now: Connection): void {
    this.connection = now;
    this.degraded = false; // a server that is says so again
    if (now === 'online' && this.problem !== 'unknown_channel') this.problem = null;
  }

  #refused(code: string): void {
    this.problem = code;
    if (code === 'unknown_channel') this.captionLanguage = this.captions = null;
  }

  #restated(message: Snapshot): void {
    const result = this.#result(message.channel);
    if (result !== null) this.results[result] = message.data as unknown as { tally?: Tally };
    else if (message.channel === this.#glossaryChannel) this.glossary = message.data as GlossaryState;
    else if (this.#part(message.channel) === 'chat') this.chat = message.data as ChatState;
    else if (this.#part(message.channel) === 'problems') this.board = message.data as BoardState;
    else if (!message.channel.startsWith(this.#captionPrefix)) this.state = message.data as SessionState;
    else if (this.captionLanguage !== null) this.captions = message.data as CaptionState;
  }

  #updated(message: Update): void {
    const result = this.#result(message.channel);
    const doc = result !== null ? this.results[result] : this.#stateOf(message.channel);
    if (doc) mergeInto(doc as unknown as Doc, message.data);
  }

  #stateOf(channel: string): Snapshot['data'] | null {
    if (channel === this.#glossaryChannel) return this.glossary;
    const part = this.#part(channel);
    if (part === 'chat' || part === 'problems') return part === 'chat' ? this.chat : this.board;
    return channel.startsWith(this.#captionPrefix) ? this.captions : this.state;
  }

  /** Of a channel `{session}/{part}` or `{session}/{part}/staff`, the part. */
  #part(channel: string): string | undefined {
    return channel.slice(this.#session.length + 1).split('/')[0];
  }

  /** Of a channel of results, which: poll and round. */
  #result(channel: string): string | null {
    return channel.startsWith(this.#resultPrefix) ? channel.slice(this.#resultPrefix.length) : null;
  }

  /** Shows one's own vote before the server has it; returns how to take it back. */
  #foresee(command: CommandBody): () => void {
    const nothing = () => undefined;
    if (this.me === null) return nothing;
    if (command.type === 'question.vote') return foreseen(this.me.voted, command.question, command.on ? true : undefined);
    const poll = command.type === 'poll.vote' ? this.state?.polls[command.poll] : undefined;
    if (command.type === 'poll.vote' && poll?.anonymity !== 'secret' && poll?.kind !== 'quiz') return foreseen(this.me.ballots, command.poll, command.ballot);
    return nothing;
  }
}

function foreseen<T>(held: Record<string, T>, key: string, value: T | undefined): () => void {
  const before = held[key];
  const set = (to: T | undefined) => {
    if (to === undefined) delete held[key];
    else held[key] = to;
  };
  set(value);
  return () => set(before);
}
