/** What can be published from this machine: cameras, microphones, the screen. */

export type Source = 'camera' | 'screen';

const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };

/** The key under which the page explains why there is no stream. */
export type Trouble = 'denied' | 'device' | 'insecure';

/** A stream being prepared; `none` in `camera` or `microphone` goes without it. */
export class Devices {
  source: Source = $state('camera');
  camera = $state('');
  microphone = $state('');
  echoCancellation = $state(true);
  cameras: MediaDeviceInfo[] = $state.raw([]);
  microphones: MediaDeviceInfo[] = $state.raw([]);
  stream: MediaStream | null = $state.raw(null);
  trouble: Trouble | null = $state(null);
  readonly #sound: MediaTrackConstraints;

  /** `sound` is asked of every microphone. */
  constructor(sound: MediaTrackConstraints = {}) {
    this.#sound = sound;
  }

  /** Whether the browser gives this page any device at all. */
  get secure(): boolean {
    return globalThis.navigator?.mediaDevices !== undefined;
  }

  get canShareScreen(): boolean {
    return this.secure && 'getDisplayMedia' in navigator.mediaDevices;
  }

  get empty(): boolean {
    return this.source === 'camera' && this.camera === 'none' && this.microphone === 'none';
  }

  /** The id of the device the stream comes from, which without a choice is the browser's; '' while there is none. */
  using(kind: 'audio' | 'video'): string {
    return this.stream?.getTracks().find((track) => track.kind === kind)?.getSettings().deviceId ?? '';
  }

  /** Takes what was chosen; the stream, or null with `trouble` saying why. What was taken before is released. */
  async take(): Promise<MediaStream | null> {
    this.release();
    this.trouble = this.secure ? null : 'insecure';
    if (this.trouble !== null) return null;
    try {
      this.stream = this.source === 'screen' ? await this.#screen() : await this.#user(this.camera);
      await this.look();
    } catch (error) {
      this.trouble = error instanceof DOMException && error.name === 'NotAllowedError' ? 'denied' : 'device';
    }
    return this.stream;
  }

  release(): void {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  /** Lists the devices; they have names only once the page may use them. */
  async look(): Promise<void> {
    if (!this.secure) return;
    const all = await navigator.mediaDevices.enumerateDevices();
    this.cameras = all.filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '');
    this.microphones = all.filter(({ kind, deviceId }) => kind === 'audioinput' && deviceId !== '');
  }

  #user(camera: string): Promise<MediaStream> {
    const chosen = (id: string) => (id === '' ? {} : { deviceId: { exact: id } });
    return navigator.mediaDevices.getUserMedia({
      video: camera === 'none' ? false : { ...PICTURE, ...chosen(camera) },
      audio: this.microphone === 'none' ? false : { ...this.#sound, echoCancellation: this.echoCancellation, ...chosen(this.microphone) },
    });
  }

  async #screen(): Promise<MediaStream> {
    const screen = await navigator.mediaDevices.getDisplayMedia({ video: PICTURE, audio: false });
    if (this.microphone === 'none') return screen;
    try {
      const voice = await this.#user('none');
      return new MediaStream([...screen.getVideoTracks(), ...voice.getAudioTracks()]);
    } catch (error) {
      for (const track of screen.getTracks()) track.stop();
      throw error;
    }
  }
}
