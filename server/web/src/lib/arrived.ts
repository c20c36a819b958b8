/** What a connection has brought so far. `held`: ms for which it kept all samples of sound it has `played`; `trip`: ms of half a round trip. */
interface Arrived {
  bytes: number;
  frames: number;
  energy: number;
  held: number;
  played: number;
  trip: number;
}

/** Of what `getStats` gives, what is looked at (W3C webrtc-stats). */
interface Stats {
  type?: string;
  kind?: string;
  trackIdentifier?: string;
  bytesReceived?: number;
  framesDecoded?: number;
  totalAudioEnergy?: number;
  jitterBufferDelay?: number;
  jitterBufferEmittedCount?: number;
  nominated?: boolean;
  currentRoundTripTime?: number;
}

/** Of all tracks but `except`. Of the sound and the picture, which are played together, the sound tells the delay. */
export async function arrived(pc: RTCPeerConnection | null, except: MediaStreamTrack | null): Promise<Arrived> {
  const sum = { bytes: 0, frames: 0, energy: 0, held: 0, played: 0, trip: 0 };
  const report = pc === null || pc.signalingState === 'closed' ? [] : await pc.getStats();
  report.forEach((stats: Stats) => {
    if (stats.type === 'candidate-pair' && stats.nominated) sum.trip += ((stats.currentRoundTripTime ?? 0) * 1000) / 2;
    if (stats.type !== 'inbound-rtp' || stats.trackIdentifier === except?.id) return;
    sum.bytes += stats.bytesReceived ?? 0;
    sum.frames += stats.framesDecoded ?? 0;
    sum.energy += stats.totalAudioEnergy ?? 0;
    if (stats.kind !== 'audio') return;
    sum.held += (stats.jitterBufferDelay ?? 0) * 1000;
    sum.played += stats.jitterBufferEmittedCount ?? 0;
  });
  return sum;
}
