export type Route =
  | { name: 'home'; params: Record<string, never> }
  | { name: 'join'; params: { code: string } }
  | { name: 'session'; params: { session: string; view: string } }
  | { name: 'overlay'; params: { session: string } }
  | { name: 'missing'; params: Record<string, never> };

/** The page of a path: `/`, `/j/{code}`, `/overlay/{session}`, `/s/{session}` and `/s/{session}/{view}`, such as `screen`; `view` is '' without one. */
export function match(path: string): Route {
  const [area, id, view = '', ...rest] = path.split('/').filter((part) => part !== '').map(decoded);
  if (area === undefined) return { name: 'home', params: {} };
  if (area === 'j' && id && view === '') return { name: 'join', params: { code: id } };
  if (area === 'overlay' && id && view === '') return { name: 'overlay', params: { session: id } };
  if (area === 's' && id && rest.length === 0) return { name: 'session', params: { session: id, view } };
  return { name: 'missing', params: {} };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route: Route = $state(match(globalThis.location?.pathname ?? '/'));

export function navigate(path: string, replace = false): void {
  if (replace) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  show();
  scrollTo(0, 0);
}

function show(): void {
  Object.assign(route, match(location.pathname));
}

globalThis.addEventListener?.('popstate', show);
