/** The wire's types under the names the pages use. */
export type * from './wire';

/** One text in several languages by BCP 47 tag; the first is the one it was written in. */
export type Texts = Record<string, string>;
