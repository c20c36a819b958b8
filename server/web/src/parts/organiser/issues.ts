import { pick } from '../../lib/i18n.svelte';
import type { Issue, Whole } from '../../lib/programme';
import { known, w } from './words.svelte';

/** What to tell an organiser about an issue; one that this page does not know is told in the server's words. */
export function told(issue: Issue, event: Whole): string {
  const other = event.sessions.find(({ id }) => id === issue.other);
  const key = `issue.${issue.code}`;
  if (!known(key)) return issue.detail;
  return w(key, { name: issue.name ?? '', other: other ? pick(other.titles) : (issue.other ?? ''), field: issue.field });
}

/** Issues of a field or of what is within it. */
export function at(issues: Issue[], field: string): Issue[] {
  return issues.filter((issue) => issue.field === field || issue.field.startsWith(`${field}.`));
}

/** The control that an issue is mended at: the nearest that the form has. */
export function control(form: HTMLElement, field: string): HTMLElement | null {
  for (let path = field; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('.')))) {
    const found = form.querySelector<HTMLElement>(`[data-field="${CSS.escape(path)}"]`);
    if (found) return found;
  }
  return null;
}
