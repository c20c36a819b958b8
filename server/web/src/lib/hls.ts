/**
 * HLS, where WebRTC does not get through: some seconds late, over plain HTTP. The player's code is loaded when it is needed and not
 * before; browsers without Media Source Extensions (older iPhones) play it by themselves.
 */

import type Hls from 'hls.js';
import { problemOf } from './api';
import { sleep } from './wish';

/** Seconds behind the end of the playlist: two segments, and one that is long. */
const SAFE = 7;
/** Seconds behind its end past which it jumps. */
const TOO_LATE = 25;
/** ms between two looks at where it is, and how many without a move make it lost. */
const LOOK = 250;
const STILL_LOOKS = 40;
/** Errors that are mended by beginning the decoder anew, one after the other. */
const MENDS = 3;

export interface Late {
  /** Lets an interpretation be heard, or the floor (null). */
  choose(lang: string | null): void;
  /** Tells ms behind live, as often as it is looked at; rejects when it plays no more, or with `signal`'s reason. */
  follow(told: (behind: number) => void): Promise<void>;
}

/**
 * Plays in `video` until `signal` aborts. `url` is asked with the token once, and answers with an address that needs none. `now` is the
 * server's clock. Rejects with the problem when there is nothing to play.
 */
export async function playLate(video: HTMLVideoElement, url: string, token: string, now: () => number, signal: AbortSignal): Promise<Late> {
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` }, signal });
  if (!answer.ok) throw await problemOf(answer);
  await answer.arrayBuffer();
  const { default: Player } = await import('hls.js');
  signal.throwIfAborted();
  video.srcObject = null;
  return Player.isSupported() ? byScript(Player, video, answer.url, now, signal) : byBrowser(video, answer.url, now, signal);
}

/** Captions come over the socket: the page draws them itself. */
function settings(): Partial<Hls['config']> {
  return {
    enableWorker: false,
    enableWebVTT: false,
    enableCEA708Captions: false,
    liveSyncDuration: SAFE,
    liveMaxLatencyDuration: TOO_LATE,
    backBufferLength: 10,
  };
}

function byScript(Player: typeof Hls, video: HTMLVideoElement, address: string, now: () => number, signal: AbortSignal): Late {
  const hls = new Player(settings());
  let wanted: string | null = null;
  let broken: Error | null = null;
  let mends = 0;
  const tune = () => {
    const found = hls.audioTracks.findIndex((track) => (wanted === null ? track.default : track.lang === wanted));
    if (found >= 0 && hls.audioTrack !== found) hls.audioTrack = found;
  };
  hls.on(Player.Events.AUDIO_TRACKS_UPDATED, tune);
  hls.on(Player.Events.ERROR, (_, { fatal, type, details }) => {
    if (!fatal) return;
    if (type === Player.ErrorTypes.MEDIA_ERROR && mends++ < MENDS) hls.recoverMediaError();
    else broken = new Error(details);
  });
  signal.addEventListener('abort', () => hls.destroy());
  hls.loadSource(address);
  hls.attachMedia(video);
  return {
    choose(lang) {
      wanted = lang;
      tune();
    },
    follow: (told) => look(video, () => hls.playingDate?.getTime() ?? null, () => broken, now, told, signal),
  };
}

/** What Safari has beside the standard's. */
interface Native extends HTMLVideoElement {
  getStartDate?: () => Date;
  audioTracks?: Iterable<{ language: string; enabled: boolean }>;
}

function byBrowser(video: Native, address: string, now: () => number, signal: AbortSignal): Late {
  video.src = address;
  signal.addEventListener('abort', () => video.removeAttribute('src'));
  const date = () => (video.getStartDate?.().getTime() ?? NaN) + video.currentTime * 1000;
  return {
    choose(lang) {
      const tracks = [...(video.audioTracks ?? [])];
      const found = tracks.find(({ language }) => language === lang) ?? tracks[0];
      for (const track of tracks) track.enabled = track === found;
    },
    follow: (told) => look(video, () => (Number.isNaN(date()) ? null : date()), () => video.error && new Error(video.error.message), now, told, signal),
  };
}

/** `date` is when what is shown now was on air; null while that is not known. */
async function look(
  video: HTMLVideoElement,
  date: () => number | null,
  broken: () => Error | null,
  now: () => number,
  told: (behind: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let place = -1;
  for (let still = 0; still < STILL_LOOKS; ) {
    await sleep(LOOK, signal);
    const error = broken();
    if (error) throw error;
    const moved = video.currentTime !== place;
    place = video.currentTime;
    still = moved || video.paused ? 0 : still + 1;
    const shown = date();
    if (shown !== null && place > 0) told(Math.max(0, now() - shown));
  }
  throw new Error('nothing more comes');
}
