/** The socket to `/ws`: says hello, comes back after losses, keeps order, and sends each command until it is answered. */

import { Allowance, delay, newKey, windowIn } from './pace';
import { ProblemError } from './problem';
import { CLOSES, type Command, type Hello, type My, type Resume, type ServerMessage, type Snapshot, type Update, type Welcome } from './wire';

type Bodies<C> = C extends Command ? Omit<C, 'id'> : never;
/** A command without its id, which the socket gives it. */
export type CommandBody = Bodies<Command>;
export type Connection = 'connecting' | 'online' | 'reconnecting' | 'closed';
export type Result = Record<string, unknown>;

/** Whom the socket tells. All are called synchronously, in the order of the wire. */
export interface Follower {
  connection(now: Connection): void;
  /** A refusal that belongs to no command, or why the socket is closed, by code. */
  problem(code: string): void;
  /** `offset` is what to add to this machine's clock for the server's, in ms. */
  welcome(message: Welcome, offset: number): void;
  /** Whether what others do may be late, because the server's processes do not hear each other. */
  service(degraded: boolean): void;
  snapshot(message: Snapshot): void;
  update(message: Update): void;
  my(message: My): void;
}

interface Waiting {
  text: string;
  resolve(result: Result): void;
  reject(error: ProblemError): void;
}

/** Commands that may wait for their answers; past it a new one is refused as overloaded. */
export const WAITING_LIMIT = 100;
/** ms in which something must be heard after something was said; else the connection is taken for dead. */
const SILENCE = 10_000;
/** ms that a connection must have lasted for its end to be no sign of trouble. */
const STABLE = 10_000;

const PROBLEMS: Record<number, string> = { 4401: 'bad_token', 4403: 'forbidden', 4409: 'replaced' };

export class Socket {
  readonly #options: { url: string; session: string; token: string };
  readonly #follower: Follower;
  readonly #leaving = new AbortController();
  #captions: string | null;
  #saidCaptions: string | null = null;
  #ws: WebSocket | null = null;
  #greeted = 0;
  #helloAt = 0;
  #attempt = 0;
  /** ms within which the server wants clients back whose connection broke. */
  #window = 0;
  #refusal: string | null = null;
  #closed = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #pumping: ReturnType<typeof setTimeout> | undefined;
  readonly #allowance = new Allowance();
  /** By id, in the order they were given. */
  readonly #waiting = new Map<string, Waiting>();
  #unsent: string[] = [];
  /** The last update of each channel that is followed; null until its first snapshot. */
  #positions = new Map<string, Resume | null>();
  /** Subscriptions under way, by command id: until the ack their channel's updates are of the old flow. */
  readonly #subscribing = new Map<string, string>();
  /** Channels that a desk follows besides, again after every loss. */
  readonly #besides = new Set<string>();

  constructor(options: { url: string; session: string; token: string; captions: string | null }, follower: Follower) {
    this.#options = options;
    this.#captions = options.captions;
    this.#follower = follower;
    const signal = this.#leaving.signal;
    globalThis.addEventListener?.('online', () => this.#soon(Math.random() * 1000), { signal });
    globalThis.addEventListener?.('offline', () => this.#drop(), { signal });
    globalThis.document?.addEventListener('visibilitychange', () => this.#seen(), { signal });
    this.#connect();
  }

  /** Resolves with the ack's result; rejects with a ProblemError. A lost connection delays it, and never does a command twice. */
  send(body: CommandBody): Promise<Result> {
    if (this.#closed) return Promise.reject(new ProblemError('network', 'the socket is closed'));
    if (this.#waiting.size >= WAITING_LIMIT) return Promise.reject(new ProblemError('overloaded', 'too many commands wait'));
    return new Promise((resolve, reject) => {
      const id = newKey();
      this.#waiting.set(id, { text: JSON.stringify({ ...body, id }), resolve, reject });
      this.#unsent.push(id);
      this.#pump();
    });
  }

  /** Follow the captions in another language, or in none. */
  follow(captions: string | null): void {
    if (captions === this.#captions) return;
    const before = this.#captions;
    this.#captions = captions;
    if (this.#greeted) this.#changeCaptions(before);
  }

  /** Follow a channel of a desk too, or no longer. */
  besides(channel: string, on: boolean): void {
    if (on === this.#besides.has(channel)) return;
    if (on) this.#besides.add(channel);
    else this.#besides.delete(channel);
    if (!this.#greeted) return;
    if (on) this.#subscribe(channel, null);
    else this.#unsubscribe(channel);
  }

  close(): void {
    this.#ws?.close(1000);
    this.#ws = null;
    this.#finish(null);
  }

  // ---- the connection

  #connect(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (this.#closed) return;
    const ws = new WebSocket(this.#options.url);
    this.#ws = ws;
    ws.onopen = () => ws === this.#ws && this.#hello(ws);
    ws.onmessage = (event: MessageEvent) => ws === this.#ws && this.#received(event.data);
    ws.onclose = (event: CloseEvent) => ws === this.#ws && this.#ended(event.code, event.reason);
    this.#expect();
  }

  #hello(ws: WebSocket): void {
    const resume: Record<string, Resume> = {};
    for (const [channel, position] of this.#positions) if (position) resume[channel] = position;
    const hello: Hello = { type: 'hello', token: this.#options.token, captions: this.#captions, resume };
    this.#saidCaptions = this.#captions;
    this.#helloAt = Date.now();
    ws.send(JSON.stringify(hello));
  }

  /** The browser notices a dead network late: do not wait for its close event. */
  #drop(): void {
    const ws = this.#ws;
    if (ws === null) return;
    this.#ws = null;
    ws.close();
    this.#ended(1006);
  }

  #ended(code: number, reason = ''): void {
    this.#ws = null;
    this.#window = windowIn(reason) ?? this.#window;
    clearTimeout(this.#deadline);
    clearTimeout(this.#pumping);
    this.#deadline = this.#pumping = undefined;
    this.#subscribing.clear();
    if (this.#greeted && Date.now() - this.#greeted > STABLE) this.#attempt = 0;
    this.#greeted = 0;
    const reconnect = CLOSES[code]?.reconnect ?? 'soon';
    if (this.#refusal === 'unknown_channel' && this.#captions !== null) {
      this.#captions = null; // Captions are not made in that language: come back without.
      this.#follower.problem('unknown_channel');
    } else if (reconnect === 'never') {
      this.#finish(this.#refusal ?? PROBLEMS[code] ?? (code === 1000 ? null : 'unknown'));
      return;
    }
    this.#refusal = null;
    this.#follower.connection('reconnecting');
    this.#retry = setTimeout(() => this.#connect(), delay(reconnect === 'never' ? 'soon' : reconnect, this.#attempt++, this.#window));
  }

  #finish(problem: string | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#greeted = 0;
    this.#leaving.abort();
    for (const timer of [this.#retry, this.#deadline, this.#pumping]) clearTimeout(timer);
    for (const { reject } of this.#waiting.values()) reject(new ProblemError(problem ?? 'network', 'the socket is closed'));
    this.#waiting.clear();
    this.#follower.connection('closed');
    if (problem !== null) this.#follower.problem(problem);
  }

  /** Cuts a wait for the next attempt short. */
  #soon(ms: number): void {
    if (this.#retry === undefined) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), ms);
  }

  #seen(): void {
    if (document.visibilityState !== 'visible') return;
    if (!this.#greeted) this.#soon(0);
    else this.#probe();
  }

  /** A sleeping machine's connection may be long dead: ask for what was missed, and be answered or reconnect. */
  #probe(): void {
    for (const [channel, position] of this.#positions) if (position) this.#subscribe(channel, position);
    this.#expect();
  }

  #expect(): void {
    this.#deadline ??= setTimeout(() => this.#drop(), SILENCE);
  }

  // ---- what comes in

  #received(data: unknown): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    const message = JSON.parse(String(data)) as ServerMessage;
    switch (message.type) {
      case 'welcome':
        return this.#welcomed(message);
      case 'retry':
        this.#window = message.window;
        return;
      case 'service':
        return this.#follower.service(message.degraded);
      case 'snapshot':
        // A tally for those who have voted comes unasked.
        if (!this.#positions.has(message.channel) && !message.channel.startsWith(`${this.#options.session}/polls/`)) return;
        this.#positions.set(message.channel, { epoch: message.epoch, seq: message.seq });
        return this.#follower.snapshot(message);
      case 'ack':
        this.#subscribing.delete(message.id);
        this.#take(message.id)?.resolve(message.result);
        return;
      case 'error':
        return this.#refused(message.id, ProblemError.from(message.problem));
      case 'my':
        return this.#follower.my(message);
      default:
        if ('seq' in message) this.#updated(message);
    }
  }

  #welcomed(message: Welcome): void {
    const now = Date.now();
    this.#greeted = now;
    this.#window = message.window;
    const held = this.#positions;
    this.#positions = new Map(message.channels.map((channel) => [channel, held.get(channel) ?? null]));
    for (const channel of this.#besides) this.#subscribe(channel, held.get(channel) ?? null);
    this.#follower.welcome(message, message.server_time - (this.#helloAt + now) / 2);
    this.#follower.connection('online');
    if (this.#captions === this.#saidCaptions) this.#captions = this.#captions && this.#spelled(message.channels);
    else this.#changeCaptions(this.#saidCaptions);
    this.#unsent = [...this.#waiting.keys()];
    this.#pump();
  }

  /** The server has the last word on how a language tag is spelled. */
  #spelled(channels: string[]): string | null {
    const prefix = this.#captionChannel('');
    return channels.find((channel) => channel.startsWith(prefix))?.slice(prefix.length) ?? this.#captions;
  }

  #updated(update: Update): void {
    const { channel, epoch, seq } = update;
    const at = this.#positions.get(channel);
    if (at === undefined || [...this.#subscribing.values()].includes(channel)) return;
    if (at?.epoch === epoch && seq <= at.seq) return;
    if (at?.epoch !== epoch || seq !== at.seq + 1) return this.#subscribe(channel, at);
    this.#positions.set(channel, { epoch, seq });
    this.#follower.update(update);
  }

  #refused(id: string | null, problem: ProblemError): void {
    const waiting = id === null ? undefined : this.#take(id);
    if (waiting) return waiting.reject(problem);
    if (id !== null) this.#subscribing.delete(id);
    if (this.#greeted) this.#follower.problem(problem.code);
    else this.#refusal = problem.code;
  }

  #take(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  // ---- what goes out

  #pump(): void {
    clearTimeout(this.#pumping);
    while (this.#greeted && this.#unsent.length > 0) {
      if (!this.#allowance.take()) {
        this.#pumping = setTimeout(() => this.#pump(), this.#allowance.interval);
        return;
      }
      const text = this.#waiting.get(this.#unsent.shift() ?? '')?.text;
      if (text === undefined) continue;
      this.#ws?.send(text);
      this.#expect();
    }
  }

  #captionChannel(lang: string): string {
    return `${this.#options.session}/captions/${lang}`;
  }

  #changeCaptions(before: string | null): void {
    if (before !== null) this.#unsubscribe(this.#captionChannel(before));
    if (this.#captions !== null) this.#subscribe(this.#captionChannel(this.#captions), null);
  }

  #unsubscribe(channel: string): void {
    this.#positions.delete(channel);
    this.#ws?.send(JSON.stringify({ type: 'channel.unsubscribe', id: newKey(), channel }));
  }

  #subscribe(channel: string, resume: Resume | null): void {
    const id = newKey();
    this.#positions.set(channel, resume);
    this.#subscribing.set(id, channel);
    this.#ws?.send(JSON.stringify({ type: 'channel.subscribe', id, channel, resume }));
  }
}
