export type WatchStatus = 'idle' | 'connecting' | 'playing' | 'waiting' | 'failed';
export type PublishStatus = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'failed';

export class Watching {
  status: WatchStatus = $state('idle');
  constructor(_url: string, _token: string, _getVideo: () => HTMLVideoElement | null) {}
  start(): void {}
  stop(): void {}
  /** Tells it that the session went live, so that it need not wait out its retry. */
  wake(): void {}
  framesDecoded(): Promise<number> {
    return Promise.resolve(0);
  }
}

export class Publishing {
  status: PublishStatus = $state('idle');
  error: string | null = $state(null);
  constructor(_url: string, _token: string) {}
  start(_stream: MediaStream): Promise<void> {
    return Promise.resolve();
  }
  stop(): Promise<void> {
    return Promise.resolve();
  }
}
