/** Seconds in which the loudness changes: at once it would be heard as a click. */
const FADE = 0.05;

interface Voice {
  setLevel(level: number): void;
  close(): void;
}

/** A sound beneath another one, as loud as is wanted; nothing is made of it before it is to be heard. */
export class Beneath {
  #level = 0;
  #track: MediaStreamTrack | null = null;
  #voice: Voice | null = null;

  /** Of its own loudness; 0 is silence. */
  set level(level: number) {
    this.#level = level;
    this.#play();
  }

  /** Has `track` until `signal` aborts; one at a time. */
  take(track: MediaStreamTrack, signal: AbortSignal): void {
    this.#track = track;
    this.#play();
    signal.addEventListener('abort', () => {
      this.#voice?.close();
      this.#voice = this.#track = null;
    });
  }

  #play(): void {
    if (this.#track === null || (this.#voice === null && this.#level === 0)) return;
    this.#voice ??= voice(this.#track);
    this.#voice.setLevel(this.#level);
  }
}

/**
 * By Web Audio, for phones give no element a loudness of its own. Where a page may not make a sound yet it begins with the guest's next
 * touch or key.
 */
function voice(track: MediaStreamTrack): Voice {
  const stream = new MediaStream([track]);
  // Chromium gives Web Audio what comes from afar only while an element plays it.
  const element = new Audio();
  element.muted = true;
  element.srcObject = stream;
  void element.play().catch(() => undefined);
  const context = new AudioContext();
  const gain = new GainNode(context, { gain: 0 });
  context.createMediaStreamSource(stream).connect(gain).connect(context.destination);
  const ended = new AbortController();
  const wake = () => void context.resume().catch(() => undefined);
  for (const touch of ['pointerdown', 'keydown']) window.addEventListener(touch, wake, { signal: ended.signal });
  wake();
  return {
    setLevel: (level) => void gain.gain.setTargetAtTime(level, context.currentTime, FADE),
    close() {
      ended.abort();
      element.srcObject = null;
      void context.close();
    },
  };
}
