import { languageName, t } from '../lib/i18n.svelte';
import type { Room } from '../lib/room.svelte';
import type { Cue, Source } from '../lib/types';
import { keep, kept } from './kept';

export interface Line extends Cue {
  number: number;
}

/** The finals that are still held, in order. */
export function finals(room: Room): Line[] {
  const cues = Object.entries(room.captions?.cues ?? {});
  return cues.map(([number, cue]) => ({ ...cue, number: Number(number) })).sort((a, b) => a.number - b.number);
}

/** Who made these words and how they came into this language, for people to judge them by. */
export function provenance(cue: Cue): string[] {
  const made = [{ recognizer: t('captions.automatic'), human: t('captions.human'), ingest: t('captions.ingest'), scripted: t('captions.scripted') }[cue.origin]];
  if (cue.via === 'machine') made.push(t('captions.machine'));
  if (cue.via === 'human') made.push(t('captions.translator'));
  if (cue.via === 'untranslated') made.push(t('captions.untranslated', { language: languageName(cue.lang) }));
  if (cue.revision) made.push(t('captions.corrected'));
  return made;
}

/** What readers should know of where their lines come from, when it is not as it should be. */
export function trouble(source: Source | undefined): string | null {
  if (source === undefined || source.state === 'active') return null;
  return source.kind === 'off' ? t('captions.stopped') : t(`captions.${source.state}`);
}

export const SIZES = ['small', 'medium', 'large'] as const;
export type Size = (typeof SIZES)[number];

/** Where captions stand: over the picture's lower or upper part, or below it, where a narrow page always has them. */
export const PLACES = ['bottom', 'top', 'below'] as const;
export type Place = (typeof PLACES)[number];

/** What is behind captions that stand over the picture. */
export const BOXES = ['shade', 'solid', 'none'] as const;
export type Box = (typeof BOXES)[number];

/** Rows of text at once; '' is what the page has room for. */
export const ROWS = ['', '1', '2', '3', '4'] as const;
export type Rows = (typeof ROWS)[number];

/** ms by which captions may be shifted either way, and by how much at a time. */
export const OFFSET_LIMIT = 10_000;
export const OFFSET_STEP = 100;

/** One of a few, as it was chosen last. */
class Chosen<T extends string> {
  #value: T;
  readonly #name: string;

  constructor(name: string, offers: readonly T[], otherwise: T) {
    this.#name = name;
    this.#value = $state(offers.find((offer) => offer === kept(name)) ?? otherwise);
  }

  get value(): T {
    return this.#value;
  }

  set value(value: T) {
    this.#value = value;
    keep(this.#name, value);
  }
}

class Taste {
  readonly size = new Chosen<Size>('caption-size', SIZES, 'medium');
  readonly place = new Chosen<Place>('caption-place', PLACES, 'bottom');
  readonly box = new Chosen<Box>('caption-box', BOXES, 'shade');
  readonly rows = new Chosen<Rows>('caption-rows', ROWS, '');
  #offset: number = $state(stepped(Number(kept('caption-offset'))));

  /** ms by which captions come later; earlier where it is negative, as far as they are there. */
  get offset(): number {
    return this.#offset;
  }

  set offset(offset: number) {
    this.#offset = stepped(offset);
    keep('caption-offset', String(this.#offset));
  }
}

function stepped(offset: number): number {
  const within = Math.min(OFFSET_LIMIT, Math.max(-OFFSET_LIMIT, Number.isFinite(offset) ? offset : 0));
  return Math.round(within / OFFSET_STEP) * OFFSET_STEP;
}

/** How this guest likes captions, in every session. */
export const taste = new Taste();
