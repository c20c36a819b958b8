import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { delay, windowIn } from '../src/lib/pace';
import { Room } from '../src/lib/room.svelte';
import { WAITING_LIMIT } from '../src/lib/socket';
import { Hall, ME, STATE, type Visit } from './hall';

/** Of `ws`, made like a browser's: an error without a listener throws nothing. */
class Browser extends WebSocket {
  constructor(url: string) {
    super(url);
    this.on('error', () => undefined);
  }
}

let hall: Hall;
let rooms: Room[];

beforeEach(async () => {
  hall = await Hall.open();
  rooms = [];
  vi.stubGlobal('WebSocket', Browser);
  vi.stubGlobal('location', { protocol: 'http:', host: hall.host });
  vi.spyOn(Math, 'random').mockReturnValue(0);
});

afterEach(() => {
  for (const room of rooms) room.close();
  hall.close();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function enter(captions: string | null = null): Room {
  const room = new Room({ session: 'opening', token: 'token', captions });
  rooms.push(room);
  return room;
}

const vote = { type: 'question.vote', question: 'q1', on: true } as const;

describe('a room', () => {
  it('says hello, and shows the snapshot with its updates merged in', async () => {
    const room = enter();
    const visit = await hall.visit();
    expect(await visit.next('hello')).toEqual({ type: 'hello', token: 'token', captions: null, resume: {} });
    visit.welcome();
    visit.snapshot(7);
    visit.update(8, { live: true, stage: 'q1' });
    visit.update(9, { stage: null, presence: { total: 5 } });
    await vi.waitFor(() => expect(room.state).toEqual({ ...STATE, live: true, presence: { total: 5, languages: { en: 1 }, regions: {} } }));
    expect(room.me).toEqual(ME);
    expect(room.connection).toBe('online');
  });

  it('knows that what others do may be late, until the server says otherwise or the connection is lost', async () => {
    const room = enter();
    const visit = await hall.greeted();
    visit.say({ type: 'service', degraded: true });
    await vi.waitFor(() => expect(room.degraded).toBe(true));
    visit.say({ type: 'service', degraded: false });
    await vi.waitFor(() => expect(room.degraded).toBe(false));
    visit.say({ type: 'service', degraded: true });
    await vi.waitFor(() => expect(room.degraded).toBe(true));
    visit.peer.terminate();
    await hall.greeted();
    await vi.waitFor(() => expect(room.connection).toBe('online'));
    expect(room.degraded).toBe(false);
  });

  it('knows the time of the server', async () => {
    const room = enter();
    const visit = await hall.visit();
    await visit.next('hello');
    visit.welcome(['opening/public'], Date.now() + 3_600_000);
    await vi.waitFor(() => expect(room.connection).toBe('online'));
    expect(Math.abs(room.now() - Date.now() - 3_600_000)).toBeLessThan(1_000);
  });

  it('comes back after a loss and resumes where it was', async () => {
    const room = enter();
    const first = await hall.greeted(3);
    first.update(4, { live: true });
    await vi.waitFor(() => expect(room.state?.live).toBe(true));
    first.peer.terminate();
    await vi.waitFor(() => expect(room.connection).toBe('reconnecting'));
    const second = await hall.visit();
    expect((await second.next('hello')).resume).toEqual({ 'opening/public': { epoch: 'e1', seq: 4 } });
    second.welcome();
    second.update(5, { live: false });
    await vi.waitFor(() => expect(room.state?.live).toBe(false));
    expect(room.connection).toBe('online');
  });

  it('follows the words of a desk beside the rest, and again after a loss', async () => {
    const room = enter();
    room.followGlossary(true);
    const first = await hall.greeted(3);
    const { id } = await first.next('channel.subscribe');
    first.say({ type: 'ack', id, result: {} });
    const words = { terms: {}, wanted: 0, hit: 0, profanity: 'show' } as const;
    first.say({ type: 'snapshot', channel: 'opening/glossary', epoch: 'g1', seq: 1, data: words });
    first.say({ type: 'glossary.counted', channel: 'opening/glossary', epoch: 'g1', seq: 2, data: { wanted: 2, hit: 1 } });
    await vi.waitFor(() => expect(room.glossary).toEqual({ ...words, wanted: 2, hit: 1 }));
    first.peer.terminate();
    const second = await hall.greeted(4);
    expect(await second.next('channel.subscribe')).toMatchObject({ channel: 'opening/glossary', resume: { epoch: 'g1', seq: 2 } });
    room.followGlossary(false);
    expect(await second.next('channel.unsubscribe')).toMatchObject({ channel: 'opening/glossary' });
    expect(room.glossary).toBeNull();
  });

  it('asks again for what is missing when an update is, and applies nothing out of order', async () => {
    const room = enter();
    const visit = await hall.greeted(1);
    visit.update(3, { presence: { total: 30 } });
    const asked = await visit.next('channel.subscribe');
    expect(asked).toMatchObject({ channel: 'opening/public', resume: { epoch: 'e1', seq: 1 } });
    visit.update(4, { presence: { total: 40 } });
    visit.say({ type: 'ack', id: asked.id, result: {} });
    for (const seq of [2, 3, 4]) visit.update(seq, { reactions: { wow: seq } });
    await vi.waitFor(() => expect(room.state?.reactions).toEqual({ wow: 4 }));
    expect(room.state?.presence.total).toBe(1);
  });

  it('takes no update twice', async () => {
    const room = enter();
    const visit = await hall.greeted(5);
    visit.update(5, { live: true });
    visit.update(6, { reactions: { heart: 1 } });
    await vi.waitFor(() => expect(room.state?.reactions).toEqual({ heart: 1 }));
    expect(room.state?.live).toBe(false);
  });

  it('starts over in a new epoch', async () => {
    const room = enter();
    const visit = await hall.greeted(5);
    visit.update(1, { live: true }, 'e2');
    const asked = await visit.next('channel.subscribe');
    visit.say({ type: 'ack', id: asked.id, result: {} });
    visit.snapshot(1, { ...STATE, live: true }, 'e2');
    visit.update(2, { stage: 'q9' }, 'e2');
    await vi.waitFor(() => expect(room.state).toEqual({ ...STATE, live: true, stage: 'q9' }));
  });

  it.each([[4401, 'bad_token'], [4403, 'forbidden'], [4409, 'replaced'], [1008, 'unknown']])('stays away after %i and says %s', async (code, problem) => {
    const room = enter();
    const visit = await hall.greeted();
    visit.peer.close(code);
    await vi.waitFor(() => expect(room.connection).toBe('closed'));
    expect(room.problem).toBe(problem);
    await expect(room.send(vote)).rejects.toMatchObject({ code: 'network' });
  });

  it('follows captions, and changes their language', async () => {
    const room = enter('en');
    const visit = await hall.visit();
    expect((await visit.next('hello')).captions).toBe('en');
    visit.welcome(['opening/public', 'opening/captions/en']);
    const cue = { text: 'Hello', lang: 'en', start: 1, origin: 'human', via: 'original' } as const;
    visit.say({ type: 'snapshot', channel: 'opening/captions/en', epoch: 'c', seq: 0, data: { lang: 'en', cues: {} } });
    visit.say({ type: 'caption.cued', channel: 'opening/captions/en', epoch: 'c', seq: 1, data: { cues: { 1: cue } } });
    await vi.waitFor(() => expect(room.captions?.cues).toEqual({ 1: cue }));
    room.setCaptions('es');
    expect(room.captions).toBeNull();
    expect((await visit.next('channel.unsubscribe')).channel).toBe('opening/captions/en');
    expect((await visit.next('channel.subscribe')).channel).toBe('opening/captions/es');
    visit.say({ type: 'caption.cued', channel: 'opening/captions/en', epoch: 'c', seq: 2, data: { cues: { 2: cue } } });
    visit.say({ type: 'snapshot', channel: 'opening/captions/es', epoch: 'd', seq: 4, data: { lang: 'es', cues: {} } });
    await vi.waitFor(() => expect(room.captions).toEqual({ lang: 'es', cues: {} }));
  });

  it('enters without captions when there are none in the language', async () => {
    const room = enter('xx');
    const visit = await hall.visit();
    await visit.next('hello');
    visit.say({ type: 'error', id: null, problem: { code: 'unknown_channel', status: 400 } });
    visit.peer.close(1008);
    const second = await hall.visit();
    expect((await second.next('hello')).captions).toBeNull();
    second.welcome();
    await vi.waitFor(() => expect(room.connection).toBe('online'));
    expect([room.problem, room.captionLanguage]).toEqual(['unknown_channel', null]);
  });
});

describe('a command', () => {
  it('resolves with the result of its ack', async () => {
    const room = enter();
    const visit = await hall.greeted();
    const asked = room.send({ type: 'question.ask', text: 'Why?', lang: 'en' });
    const heard = await visit.next('question.ask');
    expect(heard.id).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
    visit.say({ type: 'ack', id: heard.id, result: { question: 'q7' } });
    expect(await asked).toEqual({ question: 'q7' });
  });

  it('is sent again with its id after a loss', async () => {
    const room = enter();
    const first = await hall.greeted();
    const done = room.send(vote);
    const { id } = await first.next('question.vote');
    first.peer.terminate();
    const second = await hall.greeted();
    expect((await second.next('question.vote')).id).toBe(id);
    second.say({ type: 'ack', id, result: {} });
    expect(await done).toEqual({});
  });

  it('shows a vote at once and takes it back when it is refused', async () => {
    const room = enter();
    const visit = await hall.greeted();
    await vi.waitFor(() => expect(room.me).not.toBeNull());
    const refused = room.send({ type: 'poll.vote', poll: 'p1', ballot: ['a'] });
    expect(room.me?.ballots).toEqual({ p1: ['a'] });
    const { id } = await visit.next('poll.vote');
    visit.say({ type: 'error', id, problem: { code: 'closed', status: 409, detail: 'the poll is closed' } });
    await expect(refused).rejects.toMatchObject({ code: 'closed', detail: 'the poll is closed' });
    expect(room.me?.ballots).toEqual({});
  });

  it('is refused when too many wait', async () => {
    const room = enter();
    const sent = Array.from({ length: WAITING_LIMIT }, () => room.send(vote).catch((error: unknown) => error));
    await expect(room.send(vote)).rejects.toMatchObject({ code: 'overloaded' });
    room.close();
    expect(await Promise.all(sent)).toHaveLength(WAITING_LIMIT);
  });

  it('does not wait for a lost connection when it is a reaction', async () => {
    const room = enter();
    await expect(room.send({ type: 'reaction.send', reaction: 'wow' })).rejects.toMatchObject({ code: 'network' });
  });

  it('goes out no faster than the server takes it', async () => {
    const room = enter();
    const visit = await hall.greeted();
    await vi.waitFor(() => expect(room.connection).toBe('online'));
    for (let n = 0; n < 60; n++) room.send(vote).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(visit.heard.length).toBeGreaterThanOrEqual(30);
    expect(visit.heard.length).toBeLessThan(40);
  });
});

describe('the wait before coming back', () => {
  it('is spread over a ceiling that doubles up to a limit', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999999);
    expect([0, 1, 2, 10, 1000].map((attempt) => Math.round(delay('soon', attempt)))).toEqual([550, 1050, 2050, 15050, 15050]);
    expect(delay('spread', 0)).toBeGreaterThan(9_000);
    vi.spyOn(Math, 'random').mockReturnValue(0);
    expect(delay('later', 0)).toBeGreaterThanOrEqual(5_000);
  });

  it('is spread over the window that the server told', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999999);
    expect([0, 1, 2].map((attempt) => Math.round(delay('soon', attempt, 6_000)))).toEqual([6_050, 12_050, 15_050]);
    expect(Math.round(delay('soon', 0, 100))).toBe(550);
    expect(Math.round(delay('spread', 0, 500))).toBe(500);
    expect(Math.round(delay('later', 0, 20_000))).toBe(25_000);
    expect(delay('soon', 0, 1e9)).toBeLessThan(61_000);
  });

  it.each([['window=6666; the server restarts', 6666], ['', null], ['the server restarts', null], ['window=x;', null], ['window=9999999999;', null]])(
    'reads from %j the window %j',
    (reason, window) => expect(windowIn(reason)).toBe(window),
  );

  it.each([
    ['in the welcome', (visit: Visit) => visit.peer.terminate()],
    ['while it was there', (visit: Visit) => (visit.say({ type: 'retry', window: 400 }), visit.say({ type: 'ack', id: 'x', result: {} }), setTimeout(() => visit.peer.terminate(), 50))],
    ['as it was closed', (visit: Visit) => visit.peer.close(1012, 'window=400; the server restarts')],
  ])('is what the server told %s', async (where, cut) => {
    enter();
    const visit = await hall.visit();
    await visit.next('hello');
    visit.welcome(undefined, undefined, where === 'in the welcome' ? 1_400 : 30_000);
    visit.snapshot(1);
    vi.spyOn(Math, 'random').mockReturnValue(0.999999);
    const begun = Date.now();
    cut(visit);
    await hall.visit();
    const waited = Date.now() - begun;
    expect(waited).toBeGreaterThan(350);
    if (where === 'in the welcome') expect(waited).toBeGreaterThan(1_400);
    else expect(waited).toBeLessThan(1_400);
  });
});
