/**
 * What WHIP (RFC 9725) and WHEP share: an offer by POST, the answer at once, PATCH to go on by another network, DELETE to leave.
 * Nobody trickles: the server has all its candidates in the answer, and learns ours from checks.
 */

import { problemOf } from './api';
import { ProblemError } from './problem';

/** Why a peer connection ended: the network gave up, or the other side closed it. */
export type End = 'failed' | 'closed';

/** A request that was refused; `retryAfter` is in ms, null when the server named no time. */
export class Refused extends ProblemError {
  readonly retryAfter: number | null;

  constructor(problem: ProblemError, retryAfter: number | null) {
    super(problem.code, problem.detail, problem.status);
    this.retryAfter = retryAfter;
  }

  /** Whether the same may be taken later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 409 || this.status === 429 || this.status >= 500;
  }
}

/** ms after which "disconnected" counts as failed; browsers themselves take half a minute. */
const DISCONNECTED = 6_000;
const ANSWER = 10_000;
const GOODBYE = 2_000;

/** Offers `pc` at `url` and takes the answer; returns the resource's URL. Candidates need no waiting: the relay learns ours from checks. */
export async function offer(pc: RTCPeerConnection, url: string, token: string, signal: AbortSignal): Promise<string> {
  await pc.setLocalDescription(await pc.createOffer());
  const answer = await post(url, token, pc.localDescription?.sdp ?? '', signal);
  const resource = new URL(answer.headers.get('Location') ?? '', answer.url).href;
  const sdp = await answer.text();
  try {
    signal.throwIfAborted();
    await pc.setRemoteDescription({ type: 'answer', sdp });
  } catch (error) {
    void forgo(resource, token);
    throw error;
  }
  return resource;
}

/** What a viewer wants to hear: an interpretation, or the floor (null), and whether the floor comes beneath an interpretation. */
export interface Sound {
  lang: string | null;
  original: boolean;
}

/** Asks the relay for a sound within the stream of `resource`. */
export async function choose(resource: string, sound: Sound, token: string, signal: AbortSignal): Promise<void> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const answer = await ask(`${resource}/language`, { method: 'PUT', headers, body: JSON.stringify(sound) }, signal);
  if (!answer.ok) throw await refusal(answer);
}

/** One size of a session's picture. */
export interface Encoding {
  rid: string;
  bitrate: number;
}

/** The sizes there are, the largest first; none where there is only one. */
export async function encodings(resource: string, token: string, signal: AbortSignal): Promise<Encoding[]> {
  const answer = await ask(`${resource}/layer`, { headers: { Authorization: `Bearer ${token}` } }, signal);
  if (!answer.ok) throw await refusal(answer);
  return ((await answer.json()) as { layers: Encoding[] }).layers;
}

/** Asks the relay for one size of the picture (null: what the network carries), or for no picture, within the stream of `resource`. */
export async function show(resource: string, rid: string | null, audioOnly: boolean, token: string, signal: AbortSignal): Promise<void> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const answer = await ask(`${resource}/layer`, { method: 'POST', headers, body: JSON.stringify({ rid, audioOnly }) }, signal);
  if (!answer.ok) throw await refusal(answer);
}

/** Restarts ICE: media goes on by whatever network there is now, and by the same keys (RFC 9725 section 4.3.3). */
async function restart(pc: RTCPeerConnection, resource: string, token: string, signal: AbortSignal): Promise<void> {
  await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '"*"' };
  const body = `${credentials(pc.localDescription?.sdp ?? '').join('\r\n')}\r\n`;
  const answer = await ask(resource, { method: 'PATCH', headers, body }, signal);
  if (answer.status !== 200) throw await refusal(answer);
  const sdp = renewed(pc.remoteDescription?.sdp ?? '', await answer.text());
  await pc.setRemoteDescription({ type: 'answer', sdp });
}

/** The lines of a description, or a fragment of one, that name its ICE session; a bundle has them once. */
export function credentials(sdp: string): string[] {
  return [/a=ice-ufrag:[^\r\n]*/, /a=ice-pwd:[^\r\n]*/].map((line) => line.exec(sdp)?.[0] ?? '');
}

/** The description with the fragment's credentials: an ICE restart changes nothing else of it. */
export function renewed(sdp: string, fragment: string): string {
  const [ufrag = '', pwd = ''] = credentials(fragment);
  return sdp.replace(/a=ice-ufrag:[^\r\n]*/g, () => ufrag).replace(/a=ice-pwd:[^\r\n]*/g, () => pwd);
}

async function post(url: string, token: string, sdp: string, signal: AbortSignal): Promise<Response> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/sdp' };
  const answer = await ask(url, { method: 'POST', headers, body: sdp }, signal);
  if (answer.status !== 201) throw await refusal(answer);
  return answer;
}

async function ask(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER)]) });
  } catch (error) {
    signal.throwIfAborted();
    throw new Refused(new ProblemError('network', error instanceof Error ? error.message : ''), null);
  }
}

async function refusal(answer: Response): Promise<Refused> {
  const seconds = Number.parseInt(answer.headers.get('Retry-After') ?? '', 10);
  return new Refused(await problemOf(answer), Number.isFinite(seconds) ? seconds * 1000 : null);
}

/** Ends a resource and then the connection, in this order: a closed connection ends the resource, and there is nothing left to end. */
export async function leave(pc: RTCPeerConnection, resource: string | null, token: string): Promise<void> {
  if (resource !== null) await forgo(resource, token);
  pc.close();
}

/** Tells the relay that a resource is not needed; it outlives the page, and the relay forgets silent peers by itself. */
export async function forgo(resource: string, token: string): Promise<void> {
  const init = { method: 'DELETE', headers: { Authorization: `Bearer ${token}` }, keepalive: true, signal: AbortSignal.timeout(GOODBYE) };
  await fetch(resource, init).catch(() => undefined);
}

/**
 * Resolves when `pc` has ended, or rejects with `signal`'s reason. Until then a lost path or a new network restarts ICE.
 * Chromium tells a DTLS close on the transport only.
 */
export function ended(pc: RTCPeerConnection, resource: string, token: string, signal: AbortSignal): Promise<End> {
  return new Promise((resolve, reject) => {
    let grace: ReturnType<typeof setTimeout> | undefined;
    const renew = () => void keep(pc, resource, token, signal).catch(() => resolve('failed'));
    const watch = () => {
      clearTimeout(grace);
      if (pc.connectionState === 'failed') resolve('failed');
      else if (pc.connectionState === 'closed') resolve('closed');
      else if (pc.connectionState === 'disconnected') {
        grace = setTimeout(() => resolve('failed'), DISCONNECTED);
        renew();
      }
    };
    pc.addEventListener('connectionstatechange', watch, { signal });
    window.addEventListener('online', renew, { signal });
    for (const transport of transports(pc)) {
      const told = () => transport.state === 'closed' && resolve('closed');
      transport.addEventListener('statechange', told, { signal });
      told();
    }
    signal.addEventListener('abort', () => {
      clearTimeout(grace);
      reject(signal.reason as Error);
    });
    watch();
  });
}

/** Restarts ICE unless that is under way. Without a network the old path stays, which may come back; rejects when the server refuses. */
async function keep(pc: RTCPeerConnection, resource: string, token: string, signal: AbortSignal): Promise<void> {
  if (pc.signalingState !== 'stable') return;
  try {
    await restart(pc, resource, token, signal);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Refused && error.status !== 0) throw error;
    await pc.setLocalDescription({ type: 'rollback' }).catch(() => undefined); // There may be no offer to take back.
  }
}

function transports(pc: RTCPeerConnection): Set<RTCDtlsTransport> {
  const ends = pc.getTransceivers().flatMap(({ sender, receiver }) => [sender.transport, receiver.transport]);
  return new Set(ends.filter((transport) => transport !== null));
}

/** H264 first, then VP8, then the rest: most cameras' and phones' chips do H264, and the relay does not transcode. */
export function preferH264(transceiver: RTCRtpTransceiver, kind: 'send' | 'receive'): void {
  const of = kind === 'send' ? RTCRtpSender : RTCRtpReceiver;
  const codecs = of.getCapabilities('video')?.codecs ?? [];
  const rank = ({ mimeType }: { mimeType: string }) => ['video/h264', 'video/vp8'].indexOf(mimeType.toLowerCase()) >>> 0;
  if (codecs.length > 0) transceiver.setCodecPreferences?.([...codecs].sort((a, b) => rank(a) - rank(b)));
}

/** Sleeps `ms`, rejecting with `signal`'s reason; `wake` is given a function that ends the sleep early. */
export function sleep(ms: number, signal: AbortSignal, wake: (early: () => void) => void = () => undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end); // A loop sleeps often on one signal.
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    wake(end);
  });
}

/** ms of the longest wait between two attempts; a connection that lasted longer starts the count anew. */
export const LONGEST = 15_000;

/** ms to wait before attempt number `attempt` (from 0), anywhere below a ceiling that doubles. */
export function backoff(attempt: number): number {
  return 200 + Math.random() * Math.min(LONGEST, 500 * 2 ** Math.min(attempt, 10));
}
