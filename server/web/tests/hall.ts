/** A real WebSocket server on loopback that a test scripts message by message. */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket as Peer } from 'ws';
import type { ClientMessage, Me, ServerMessage, SessionState } from '../src/lib/wire';

export const PUBLIC = 'opening/public';
export const ME: Me = {
  person: { id: 'p1', role: 'attendee', lang: 'en' },
  rights: [],
  ballots: {},
  cast: {},
  voted: {},
  questions: {},
  votes: {},
  acknowledged: {},
  messages: {},
  muted: false,
  solutions: {},
  supported: {},
};
export const STATE: SessionState = {
  session: { id: 'opening', titles: { en: 'Opening' }, track: 't', format: 'forum', starts_at: 0, ends_at: 1, floor: 'en', captions: ['en', 'es'], speakers: [] },
  questions: {},
  polls: {},
  live: false,
  interpreting: [],
  presence: { total: 1, languages: { en: 1 }, regions: {} },
  reactions: {},
  moderation: { acts: {}, reasons: {} },
  next: [],
  announcements: {},
  policy: {
    format: 'forum',
    questions: 'everyone',
    anonymous: true,
    votes: 'everyone',
    polls: 'everyone',
    reactions: 'everyone',
    hands: 'everyone',
    chat: 'everyone',
    summit: false,
    turn_seconds: 120,
    speech_seconds: 180,
    account_seconds: 600,
    point_seconds: 60,
    quorum: 0,
    wait: true,
  },
};

/** One connection as the server sees it: what the client said, in order, and ways to answer. */
export class Visit {
  readonly peer: Peer;
  readonly heard: ClientMessage[] = [];
  #wake: () => void = () => undefined;

  constructor(peer: Peer) {
    this.peer = peer;
    peer.on('message', (data: Buffer) => {
      this.heard.push(JSON.parse(data.toString()) as ClientMessage);
      this.#wake();
    });
  }

  /** The next message of a type; those before it are dropped. */
  async next<T extends ClientMessage['type']>(type: T): Promise<Extract<ClientMessage, { type: T }>> {
    for (;;) {
      for (let message = this.heard.shift(); message; message = this.heard.shift()) {
        if (message.type === type) return message as Extract<ClientMessage, { type: T }>;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  say(message: ServerMessage): void {
    this.peer.send(JSON.stringify(message));
  }

  welcome(channels = [PUBLIC], serverTime = Date.now(), window = 500): void {
    this.say({ type: 'welcome', connection: 'c1', server_time: serverTime, window, channels, me: ME });
  }

  snapshot(seq: number, data = STATE, epoch = 'e1'): void {
    this.say({ type: 'snapshot', channel: PUBLIC, epoch, seq, data });
  }

  update(seq: number, data: Record<string, unknown>, epoch = 'e1'): void {
    this.say({ type: 'presence.counted', channel: PUBLIC, epoch, seq, data });
  }
}

export class Hall {
  readonly #server: WebSocketServer;
  readonly #visits: Visit[] = [];
  #wake: () => void = () => undefined;

  constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (peer) => {
      this.#visits.push(new Visit(peer));
      this.#wake();
    });
  }

  static async open(): Promise<Hall> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    return new Hall(server);
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next connection a client makes. */
  async visit(): Promise<Visit> {
    while (this.#visits.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#visits.shift() as Visit;
  }

  /** The next connection, through hello, welcome and a first snapshot at `seq`. */
  async greeted(seq = 1): Promise<Visit> {
    const visit = await this.visit();
    await visit.next('hello');
    visit.welcome();
    visit.snapshot(seq);
    return visit;
  }

  close(): void {
    for (const peer of this.#server.clients) peer.terminate();
    this.#server.close();
  }
}
