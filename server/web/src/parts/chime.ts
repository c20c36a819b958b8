/** Hz of the two tones, and s that each of them sounds. */
const TONES = [660, 880];
const TONE = 0.35;
/** Of full scale: heard in headphones, and no fright. */
const LOUD = 0.12;

/** Two soft tones. Silent where the page may make no sound. */
export function chime(): void {
  const context = new AudioContext();
  const voice = context.createGain();
  voice.gain.value = LOUD;
  voice.connect(context.destination);
  TONES.forEach((frequency, place) => {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(voice);
    tone.start(context.currentTime + place * TONE);
    tone.stop(context.currentTime + (place + 1) * TONE);
    if (place === TONES.length - 1) tone.onended = () => void context.close();
  });
}
