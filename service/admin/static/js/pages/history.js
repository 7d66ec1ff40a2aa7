// The whole history of a group, deleted or not: filters in the address, the newest events first.
import { get, groupPath } from '../api.js';
import { h, oneAtATime } from '../dom.js';
import { follow } from '../live.js';
import { announce, failed } from '../overlay.js';
import { CLEAR, TITLE } from '../words/common.js';
import { HISTORY } from '../words/history.js';
import { MISSING } from '../words/session.js';
import { TIMELINE } from '../words/timeline.js';
import { historyFilters } from './historyfilters.js';
import { missingCard, notice, notLoaded } from './missing.js';
import { timeline } from './timeline.js';

const LIST = '/customer-groups';
const PAGE = 50;
const NAMED = 20; // customers of one event
const NAMING = ['GroupCreated', 'Renamed', 'GroupRestored'];

const newestOf = (events) => events[0]?.data.position ?? 0;

export function open({ params: { id }, frame }) {
  const here = `${LIST}/${encodeURIComponent(id)}`;
  const path = `${groupPath(id)}/history`;
  let events = [];
  let cursor = null;
  let newest = -1; // position of the newest event that is shown; 0 when none is, -1 if it failed
  let asked = 0;
  let over = false;

  const title = h('h1', { id: 'history-title' }, TIMELINE.crumb);
  const list = timeline({ here, undo: oneAtATime(undo) });
  const message = h('div');
  const more = h('button', { class: 'btn', type: 'button', onclick: next }, TIMELINE.more);
  const foot = h('div', { class: 'foot', hidden: true }, more);
  const filters = historyFilters(() => load().then(
    () => announce(HISTORY.count(events.length))));
  const main = h('main', { id: 'main', tabindex: '-1', class: 'timeline' },
    h('section', { class: 'card', 'aria-labelledby': title.id },
      h('div', { class: 'head' },
        h('div', null, title, h('p', { class: 'lead' }, TIMELINE.lead)),
        h('div', { class: 'tools' }, filters.elements)),
      list.element, message, foot));

  function paint() {
    newest = newestOf(events);
    filters.meet(events);
    list.show(events);
    foot.hidden = !cursor;
    message.replaceChildren(...(events.length ? [] : [notice({
      image: 'search',
      title: TIMELINE.none,
      text: TIMELINE.noneText,
      actions: [h('button', { class: 'btn', type: 'button', onclick: filters.clear }, CLEAR)],
    })]));
  }

  // A filtered page may be empty and yet not be the last.
  async function page(from) {
    const query = { ...filters.chosen, limit: PAGE, ids: NAMED };
    let answer = { events: [], next_cursor: from };
    do {
      answer = await get(path, { ...query, cursor: answer.next_cursor });
    } while (!answer.events.length && answer.next_cursor);
    return answer;
  }

  async function load() {
    asked += 1;
    const mine = asked;
    main.ariaBusy = 'true';
    try {
      const answer = await page(null);
      if (over || mine !== asked) return;
      ({ events, next_cursor: cursor } = answer);
      paint();
    } catch (error) {
      if (over || mine !== asked) return;
      if (error.status === 404) missing();
      else fail(error);
    }
    main.ariaBusy = 'false';
  }

  function fail(error) {
    events = [];
    newest = -1;
    list.show(events);
    foot.hidden = true;
    message.replaceChildren(notLoaded(TIMELINE.failed)(error, load));
  }

  async function next() {
    const from = cursor;
    more.ariaBusy = 'true';
    try {
      const { events: older, next_cursor: rest } = await page(from);
      if (over || from !== cursor) return;
      events = [...events, ...older];
      cursor = rest;
      paint();
      announce(HISTORY.count(older.length));
      if (foot.hidden) list.focus(older[0] ?? events.at(-1));
    } catch (error) {
      failed(error);
    } finally {
      more.ariaBusy = 'false';
    }
  }

  // What is new stands on top; what was shown stays, and what is unfolded.
  async function refresh() {
    const mine = asked;
    const [answer] = await Promise.all([page(null), called()]);
    if (over || mine !== asked || newestOf(answer.events) <= newest) return;
    asked += 1; // an answer that comes later is older
    const at = answer.events.findIndex((event) => event.id === events[0]?.id);
    if (at < 0) ({ events, next_cursor: cursor } = answer);
    else events = [...answer.events.slice(0, at), ...events];
    paint();
    main.ariaBusy = 'false';
  }

  async function undo(event) {
    const { askToUndo } = await import('./undoprompt.js');
    if (await askToUndo(event.data.request_id)) await refresh();
  }

  // The name of a deleted group is what it was called last.
  async function called() {
    const last = async () =>
      (await get(path, { type: NAMING, limit: 1, ids: 0 })).events[0]?.data;
    const text = await get(groupPath(id), { fields: 'name' })
      .then(({ customer_group: group }) => group, last)
      .then((found) => found?.name);
    if (over || !text || title.textContent === TIMELINE.title(text)) return;
    title.textContent = TIMELINE.title(text);
    frame.title(TIMELINE.title(text));
    frame.crumbs([[TITLE, LIST], [text, here], [TIMELINE.crumb]]);
  }

  function missing() {
    stop();
    frame.title(MISSING.title);
    main.replaceChildren(missingCard({ text: MISSING.group }));
  }

  async function first() {
    filters.read();
    await Promise.all([called(), load()]);
    // Who else may be chosen is learnt from the newest events, whatever is chosen now.
    if (filters.narrowed()) filters.meet((await get(path, { limit: PAGE, ids: 0 })).events);
  }

  const stop = follow(refresh, { group: id });
  return {
    title: TIMELINE.crumb,
    crumbs: [[TITLE, LIST], ['…', here], [TIMELINE.crumb]],
    main,
    loaded: first().catch(() => {}),
    refresh: load,
    update() {
      filters.read();
      load();
    },
    close() {
      over = true;
      stop();
    },
  };
}
