// What happened to a group last, on its page; the whole history is a page of its own.
import { get, groupPath } from '../api.js';
import { h, place } from '../dom.js';
import { href } from '../router.js';
import { TRY_AGAIN } from '../words/common.js';
import { HISTORY } from '../words/history.js';
import { relative } from './general.js';

const FEW = 4;
const NAMED = 20; // customers of one event

const loading = () => h('li', { 'aria-hidden': 'true' },
  h('span', { class: 'bone w4' }), h('span', { class: 'bone w2' }));

// `show(events)` shows the newest of these, newest first. `refresh()` asks for them and resolves to
// them; a failed load is shown here and gives none.
export function historyCard(id) {
  const known = new Map(); // events never change, so neither do their entries
  const list = h('ol', { class: 'events' }, Array.from({ length: FEW }, loading));
  const badge = h('span', { class: 'chip', hidden: true });
  const note = h('p', { class: 'rest', hidden: true });

  function entryOf(event, entryBody) {
    if (!known.has(event.id)) {
      known.set(event.id, h('li', null, entryBody(event), relative(event.time)));
    }
    return known.get(event.id);
  }

  async function show(events) {
    const { entryBody } = await import('./historyentry.js');
    const total = events[0]?.data.version ?? 0;
    place(list, events.slice(0, FEW).map((event) => entryOf(event, entryBody)));
    badge.hidden = !total;
    badge.textContent = HISTORY.count(total);
    note.hidden = true;
  }

  async function refresh() {
    try {
      const { events } = await get(`${groupPath(id)}/history`, { limit: FEW, ids: NAMED });
      await show(events);
      return events;
    } catch {
      note.hidden = false;
      note.replaceChildren(HISTORY.failed, ' ',
        h('button', { class: 'link', type: 'button', onclick: refresh }, TRY_AGAIN));
      return [];
    }
  }

  const path = href(`/customer-groups/${encodeURIComponent(id)}/history`);
  const element = h('section', { class: 'card history', 'aria-labelledby': 'history-title' },
    h('div', { class: 'head' },
      h('h2', { id: 'history-title', tabindex: '-1' }, HISTORY.title, badge),
      h('a', { class: 'link more', href: path }, HISTORY.all)),
    list,
    note);
  return { element, show, refresh };
}
