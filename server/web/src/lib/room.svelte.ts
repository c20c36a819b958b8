import type { CaptionState, Command, Me, SessionState } from './wire';

type Bodies<C> = C extends Command ? Omit<C, 'id'> : never;
/** A command without its id, which the socket gives it. */
export type CommandBody = Bodies<Command>;
export type Connection = 'connecting' | 'online' | 'reconnecting' | 'closed';

export class Room {
  state: SessionState | null = $state(null);
  me: Me | null = $state(null);
  captions: CaptionState | null = $state(null);
  connection: Connection = $state('connecting');
  problem: string | null = $state(null);

  constructor(_options: { session: string; token: string; captions: string | null }) {}
  now(): number {
    return Date.now();
  }
  send(_command: CommandBody): Promise<Record<string, unknown>> {
    return Promise.reject(new Error('not yet'));
  }
  setCaptions(_lang: string | null): void {}
  close(): void {}
}
