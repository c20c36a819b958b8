import type { Joined } from '../lib/api';
import { Publishing } from '../lib/media.svelte';
import type { Room } from '../lib/room.svelte';
import { Devices } from './devices.svelte';
import { keep, kept } from './kept';

/** An interpreter's microphone, and the language it goes into. */
export class Booth {
  /** One voice: Opus then sends mono. */
  readonly devices = new Devices({ channelCount: 1 });
  /** `muted` until it is taken back, `coughing` while something is held. */
  muted = $state(false);
  coughing = $state(false);
  /** ms since 1970 by this machine's clock when the turn at the microphone began; null off air. */
  since: number | null = $state(null);
  #publishing: Publishing | null = $state.raw(null);
  /** From the wish to go on air until it is granted or refused; a prompt for the microphone may take its time. */
  #starting = $state(false);
  #chosen: string | null = $state(kept('booth'));
  readonly #room: Room;
  readonly #joined: Joined;

  constructor(room: Room, joined: Joined) {
    this.#room = room;
    this.#joined = joined;
    this.devices.camera = 'none';
    this.devices.echoCancellation = kept('booth-echo') !== 'off';
  }

  /** The languages there are booths for. */
  get languages(): string[] {
    return this.#room.state?.session.interpreted ?? [];
  }

  /** The chosen language, else the interpreter's own, else the first; null in a session without booths. */
  get lang(): string | null {
    const own = this.#room.me?.person.lang ?? this.#joined.person.lang;
    const wanted = [this.#chosen, own, own.split('-')[0]];
    return wanted.find((lang) => lang != null && this.languages.includes(lang)) ?? this.languages[0] ?? null;
  }

  set lang(lang: string) {
    this.#chosen = lang;
    keep('booth', lang);
  }

  /** `on`: accepted, and everybody is told that the booth speaks. */
  get state(): 'off' | 'connecting' | 'on' | 'reconnecting' {
    const status = this.#starting ? 'connecting' : (this.#publishing?.status ?? 'idle');
    if (status === 'reconnecting' || status === 'connecting') return status;
    if (status !== 'live') return 'off';
    return this.#speaks ? 'on' : 'connecting';
  }

  /** The code of what ended the turn: see `Publishing.error`. */
  get error(): string | null {
    return this.#publishing?.error ?? null;
  }

  /** Whether somebody else has this language's microphone. */
  get taken(): boolean {
    return this.state === 'off' && this.#speaks;
  }

  get silenced(): boolean {
    return this.muted || this.coughing;
  }

  /** Takes the microphone, also from a colleague. Who goes on air is heard: not muted. */
  async goOnAir(): Promise<void> {
    const { lang } = this;
    if (lang === null || this.state !== 'off') return;
    this.#starting = true;
    const stream = this.devices.stream ?? (await this.devices.take());
    if (!this.#starting) return this.devices.release();
    if (stream !== null) await this.#publish(stream, lang);
    this.#starting = false;
  }

  async goOffAir(): Promise<void> {
    this.since = null;
    this.#starting = false;
    this.mute(false);
    await this.#publishing?.stop();
  }

  /** Goes off air and gives the microphone back to the machine. */
  async leave(): Promise<void> {
    await this.goOffAir();
    this.devices.release();
  }

  mute(on: boolean): void {
    this.muted = on;
    this.#apply();
  }

  cough(on: boolean): void {
    this.coughing = on;
    this.#apply();
  }

  /** Takes the microphone anew, as it is chosen now; on air it stays as it is. */
  async retake(): Promise<void> {
    keep('booth-echo', this.devices.echoCancellation ? 'on' : 'off');
    if (this.devices.stream === null || this.state !== 'off') return;
    await this.devices.take();
    this.#apply();
  }

  async #publish(stream: MediaStream, lang: string): Promise<void> {
    this.coughing = false;
    this.mute(false);
    for (const track of stream.getTracks()) track.addEventListener('ended', () => stream === this.devices.stream && void this.leave(), { once: true });
    const path = `/whip/${encodeURIComponent(this.#joined.session)}/${encodeURIComponent(lang)}`;
    const publishing = new Publishing(path, this.#joined.token, () => this.#room.connection === 'online' && this.#speaks);
    this.#publishing = publishing;
    await publishing.start(stream);
    if (publishing.status === 'live') this.since = Date.now();
  }

  get #speaks(): boolean {
    const { lang } = this;
    return lang !== null && this.#room.state?.interpreting.includes(lang) === true;
  }

  #apply(): void {
    for (const track of this.devices.stream?.getAudioTracks() ?? []) track.enabled = !this.silenced;
  }
}
