import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Tuning } from '../src/lib/tuning.svelte';
import { choose, type Sound } from '../src/lib/wish';

const FLOOR: Sound = { lang: null, original: false };

/** A relay that is asked for languages, and answers when and what the test says. */
class Relay {
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #waiting: ServerResponse[] = [];
  #wake: () => void = () => undefined;

  constructor(server: Server) {
    this.#server = server;
    server.on('request', async (request, response) => {
      this.asked.push(`${request.method} ${request.url} ${await text(request)}`);
      this.#waiting.push(response);
      this.#wake();
    });
  }

  static async open(): Promise<Relay> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Relay(server);
  }

  /** How one of its streams is told. */
  stream(name: string): (sound: Sound, signal: AbortSignal) => Promise<void> {
    return (sound, signal) => choose(this.#address(name), sound, 'token', signal);
  }

  #address(name: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/whep/opening/${name}`;
  }

  async answer(status = 200, problem?: Record<string, unknown>): Promise<void> {
    while (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const type = problem ? 'application/problem+json' : 'application/json';
    this.#waiting.shift()?.writeHead(status, { 'Content-Type': type }).end(JSON.stringify(problem ?? {}));
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('what a viewer hears', () => {
  let relay: Relay;
  let ending: AbortController;
  let tuning: Tuning;

  beforeEach(async () => {
    relay = await Relay.open();
    ending = new AbortController();
    tuning = new Tuning();
  });
  afterEach(() => {
    ending.abort();
    relay.close();
  });

  it('is asked for with the first stream when it was chosen before', async () => {
    await tuning.choose('es');
    expect(tuning.lang).toBe('es');
    await tuning.follow(relay.stream('a'), { lang: 'es', original: false }, ending.signal);
    expect(relay.asked).toEqual([]);
  });

  it('shows at once and is told to the stream that is there', async () => {
    await tuning.follow(relay.stream('a'), FLOOR, ending.signal);
    const told = tuning.choose('es');
    expect(tuning.lang).toBe('es');
    await relay.answer();
    await told;
    expect(relay.asked).toEqual(['PUT /whep/opening/a/language {"lang":"es","original":false}']);
  });

  it('is the newest wish, however fast they come', async () => {
    await tuning.follow(relay.stream('a'), FLOOR, ending.signal);
    void tuning.choose('es');
    const answered = relay.answer();
    await expect.poll(() => relay.asked.length).toBe(1);
    void tuning.choose('zh');
    const told = tuning.choose('ar');
    await answered;
    await relay.answer();
    await told;
    expect(relay.asked.map((line) => line.split(' ')[2])).toEqual(['{"lang":"es","original":false}', '{"lang":"ar","original":false}']);
  });

  it('is told once the network is back', async () => {
    await tuning.follow(relay.stream('a'), FLOOR, ending.signal);
    const told = tuning.choose('es');
    await relay.answer(503, { code: 'overloaded' });
    await relay.answer();
    await told;
    expect([tuning.lang, relay.asked.length]).toEqual(['es', 2]);
  });

  it('stays what it was when the wish is refused', async () => {
    await tuning.follow(relay.stream('a'), FLOOR, ending.signal);
    const told = tuning.choose('fr');
    await relay.answer(404, { code: 'not_found' });
    await expect(told).rejects.toMatchObject({ code: 'not_found' });
    expect(tuning.lang).toBeNull();
    const again = tuning.choose('es');
    await relay.answer();
    await again;
    expect(relay.asked.at(-1)).toContain('"es"');
  });

  it('is the floor beneath an interpretation as well, asked for when it begins to be heard', async () => {
    await tuning.mix(0.2);
    await tuning.follow(relay.stream('a'), FLOOR, ending.signal);
    expect(relay.asked).toEqual([]);
    for (const [act, told] of [
      [() => tuning.choose('es'), '{"lang":"es","original":true}'],
      [() => tuning.mix(0), '{"lang":"es","original":false}'],
      [() => tuning.mix(0.4), '{"lang":"es","original":true}'],
    ] as const) {
      const done = act();
      await relay.answer();
      await done;
      expect(relay.asked.at(-1)).toContain(told);
    }
    await tuning.mix(0.1);
    expect(relay.asked.length).toBe(3);
  });

  it('goes on to the next stream when one ends in the middle', async () => {
    await tuning.follow(relay.stream('a'), FLOOR, ending.signal);
    const told = tuning.choose('es');
    await expect.poll(() => relay.asked.length).toBe(1);
    ending.abort();
    await told;
    expect(tuning.lang).toBe('es');
    ending = new AbortController();
    const followed = tuning.follow(relay.stream('b'), FLOOR, ending.signal);
    await relay.answer(); // to the first, which no longer listens
    await relay.answer();
    await followed;
    expect(relay.asked.at(-1)).toBe('PUT /whep/opening/b/language {"lang":"es","original":false}');
  });
});
