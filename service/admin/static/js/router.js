// Addresses: History API, the question before unsaved work is left, and state in the query.
const BASE = '/app';

let listener = () => {};
let guard = null; // async () => may the page be left? of the form that has unsaved changes
let dirty = () => false;
let asking = false;
let index = history.state?.n ?? 0;
let path = current().path;
let journey = null; // a traversal of our own: where to, and whom to tell on arrival

// The address below /app: path without trailing slash, and its query.
export function current() {
  return {
    path: location.pathname.slice(BASE.length).replace(/\/+$/, '') || '/',
    query: new URLSearchParams(location.search),
  };
}

export const href = (to) => BASE + to;

// Starts listening; `show` is called with nothing whenever the address has changed.
export function start(show) {
  listener = () => {
    path = current().path;
    show();
  };
  history.replaceState({ ...history.state, n: index }, '');
  listener();
}

// Until released, leaving this path asks `ask()` first, as long as `changed()`. Returns release().
export function guardLeaving(changed, ask) {
  dirty = changed;
  guard = ask;
  return () => {
    if (guard === ask) unguard();
  };
}

function unguard() {
  guard = null;
  dirty = () => false;
}

async function mayLeave() {
  if (!guard || !dirty()) return true;
  if (asking) return false;
  asking = true;
  try {
    return await guard();
  } finally {
    asking = false;
  }
}

// Goes to a path below /app, with or without a query; false when the user chose to stay.
export async function go(to, { replace = false } = {}) {
  if (to.split('?')[0] !== path) {
    if (!await mayLeave()) return false;
    unguard();
  }
  history.replaceState({ ...history.state, y: scrollY }, '');
  const same = BASE + to === location.pathname + location.search; // as browsers do with links
  if (replace || same) history.replaceState({ n: index }, '', BASE + to);
  else {
    index += 1;
    history.pushState({ n: index }, '', BASE + to);
  }
  listener();
  return true;
}

// Changes some values of the query, null removes; nobody is told, the caller knows already.
export function setQuery(changes, { replace = false } = {}) {
  const { query } = current();
  for (const [name, value] of Object.entries(changes)) {
    if (value == null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  const to = location.pathname + (text && `?${text}`);
  if (to === location.pathname + location.search) return;
  if (!replace) index += 1;
  history[replace ? 'replaceState' : 'pushState']({ n: index }, '', to);
}

// The query as text with its "?", without what begins with one of the prefixes.
export function keptQuery(...dropped) {
  const { query } = current();
  for (const name of [...query.keys()]) {
    if (dropped.some((prefix) => name.startsWith(prefix))) query.delete(name);
  }
  const text = query.toString();
  return text && `?${text}`;
}

// How far down the page was when it was left; for Back.
export const rememberedScroll = () => history.state?.y ?? 0;

function travel(from, to) {
  return new Promise((arrived) => {
    journey = { to, arrived };
    history.go(to - from);
  });
}

// Answers whether this was our own traversal; whoever pressed Back twice is overtaken.
function ours(at) {
  if (!journey) return false;
  if (at !== journey.to) history.go(journey.to - at);
  else {
    journey.arrived();
    journey = null;
  }
  return true;
}

// Back and Forward have moved already: go where we were, ask, and go there again.
addEventListener('popstate', async (event) => {
  const to = event.state?.n ?? index + 1; // none: somebody typed a # behind the address
  if (!event.state) history.replaceState({ n: to }, '');
  if (ours(to)) return;
  if (current().path !== path && guard && dirty()) {
    await travel(to, index);
    if (!await mayLeave()) return;
    unguard();
    await travel(index, to);
  }
  index = to;
  listener();
});

addEventListener('beforeunload', (event) => {
  if (dirty()) event.preventDefault();
});

// Links to our own pages stay in this document; `data-keep` carries the query along (for modals).
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href]');
  if (!link || event.defaultPrevented || event.button) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || link.target) return;
  if (link.origin !== location.origin || !link.pathname.startsWith(`${BASE}/`)) return;
  event.preventDefault();
  const to = link.pathname.slice(BASE.length) + link.search;
  go('keep' in link.dataset ? to + keptQuery() : to);
});
