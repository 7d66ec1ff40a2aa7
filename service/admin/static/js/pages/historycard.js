// What happened to a group: the last events, unfolding to more.
import { get, groupPath } from '../api.js';
import { h } from '../dom.js';
import { TRY_AGAIN } from '../words/common.js';
import { CHANGED, HISTORY, kindOf, sentence, who } from '../words/history.js';
import { relative } from './general.js';

const FEW = 4;
const NEARBY = 5; // loaded at first, for what the fifth set; an event may hold 1,000 customers
const MANY = 50;
const LONGEST = 120;

function brief(value) {
  const text = typeof value === 'string' && value ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

const nameBefore = (older) => older.find(({ data }) => data.name !== undefined)?.data.name;

// The value of a key before, as a list of none or one, if an older event at hand tells.
function valueBefore(older, key) {
  for (const { data } of older) {
    if (data.set && key in data.set) return [data.set[key]];
    if (data.cleared || data.removed?.includes(key)) return [];
    if (data.metadata && key in data.metadata) return [data.metadata[key]];
  }
  return [];
}

const change = (before, after) => [
  ...before.flatMap((value) => [h('del', null, brief(value)), ' ']),
  ...after.map((value) => h('ins', null, brief(value))),
];

function keys({ set, removed }, older) {
  const line = (verb, key, ...rest) => [verb, ' ', h('code', null, key), ' ', rest];
  return [
    ...Object.entries(set).map(([key, value]) => {
      const before = valueBefore(older, key);
      return before.length
        ? line(CHANGED.changed, key, ...change(before, [value]))
        : line(CHANGED.set, key, CHANGED.to, ' ', ...change([], [value]));
    }),
    ...removed.map((key) => line(CHANGED.removed, key, ...change(valueBefore(older, key), []))),
  ];
}

// What was done as nodes, and what it unfolds to.
function told(event, older) {
  const { data } = event;
  const before = nameBefore(older);
  switch (kindOf(event)) {
    case 'GroupCreated': return [[CHANGED.created, ' ', change([], [data.name])]];
    case 'Renamed':
      return [[CHANGED.renamed, ' ', before === undefined && `${CHANGED.to} `,
        change(before === undefined ? [] : [before], [data.name])]];
    case 'MetadataChanged': {
      const lines = keys(data, older);
      if (lines.length === 1) return lines;
      return [sentence(event), lines.length > 1
        && (() => h('ul', null, lines.map((line) => h('li', null, line))))];
    }
    case 'CustomersAdded':
    case 'CustomersRemoved':
      return [sentence(event), async () => {
        const { customersOf } = await import('./historycustomers.js');
        return customersOf(data.customer_ids);
      }];
    default: return [sentence(event)];
  }
}

// Built when it is first opened, for a thousand customers may be in it.
function unfolding(summary, build) {
  let built = null;
  const open = async () => {
    if (!details.open || built) return;
    built = build();
    details.append(await built);
  };
  const details = h('details', { ontoggle: open }, h('summary', null, summary));
  return details;
}

function entry(event, older) {
  const [what, unfold] = told(event, older);
  const line = [h('b', null, who(event.actor)), ' ', what];
  const { reason } = event.data;
  return h('li', null,
    unfold ? unfolding(line, unfold) : h('p', null, line),
    reason && h('p', { class: 'reason' }, h('span', { class: 'sr' }, HISTORY.reason, ' '), reason),
    relative(event.time));
}

const loading = () => h('li', { 'aria-hidden': 'true' },
  h('span', { class: 'bone w4' }), h('span', { class: 'bone w2' }));

// Puts the wanted children into place; what stays is not moved, so that it keeps its focus.
function place(list, wanted) {
  for (const child of [...list.children]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((child, at) => {
    if (list.children[at] !== child) list.insertBefore(child, list.children[at] ?? null);
  });
}

// `refresh()` resolves to the newest events; a failed load is shown here and gives none.
export function historyCard(id) {
  const known = new Map(); // events never change, so neither do their entries
  const list = h('ol', { class: 'events' }, Array.from({ length: FEW }, loading));
  const badge = h('span', { class: 'chip', hidden: true });
  const note = h('p', { class: 'rest', hidden: true });
  let events = [];
  let unfolded = false;
  const more = h('button', {
    class: 'link more', type: 'button', hidden: true, onclick: () => toggle(),
  }, HISTORY.all);

  function entryOf(event, at) {
    const older = events.slice(at + 1);
    const key = `${event.id} ${older.length > 0}`;
    if (!known.has(key)) known.set(key, entry(event, older));
    return known.get(key);
  }

  function paint() {
    const total = events[0]?.data.version ?? 0;
    const shown = events.slice(0, unfolded ? MANY : FEW);
    place(list, shown.map(entryOf));
    badge.hidden = !total;
    badge.textContent = HISTORY.count(total);
    more.hidden = total <= FEW;
    more.textContent = unfolded ? HISTORY.fewer : HISTORY.all;
    note.hidden = !unfolded || total <= shown.length;
    note.textContent = HISTORY.newest(shown.length, total);
  }

  async function refresh() {
    try {
      const limit = unfolded ? MANY : NEARBY;
      ({ events } = await get(`${groupPath(id)}/history`, { limit }));
      paint();
    } catch {
      note.hidden = false;
      note.replaceChildren(HISTORY.failed, ' ',
        h('button', { class: 'link', type: 'button', onclick: refresh }, TRY_AGAIN));
    }
    return events;
  }

  function toggle() {
    unfolded = !unfolded;
    if (unfolded) refresh();
    else paint();
  }

  const element = h('section', { class: 'card history', 'aria-labelledby': 'history-title' },
    h('div', { class: 'head' },
      h('h2', { id: 'history-title', tabindex: '-1' }, HISTORY.title, badge),
      more),
    list,
    note);
  return { element, refresh };
}
