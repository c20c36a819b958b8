import { keep, kept } from './kept';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const LIGHT = '(prefers-color-scheme: light)';

/** How the pages look on this device: as it was chosen here, or (`auto`) as the device does. `theme.js` has shown it before. */
class Look {
  chosen: Theme = $state(THEMES.find((theme) => theme === kept('theme')) ?? 'auto');

  /** Follows the device while `auto`; ends when `signal` aborts. */
  follow(signal: AbortSignal): void {
    matchMedia(LIGHT).addEventListener('change', () => this.#show(), { signal });
  }

  choose(theme: Theme): void {
    this.chosen = theme;
    keep('theme', theme === 'auto' ? '' : theme);
    this.#show();
  }

  #show(): void {
    const device = matchMedia(LIGHT).matches ? 'light' : 'dark';
    document.documentElement.dataset.theme = this.chosen === 'auto' ? device : this.chosen;
  }
}

export const look = new Look();
