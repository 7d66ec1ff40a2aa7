// What an event tells: who did what, the old struck and the new plain; customers and many keys
// unfold.
import { h } from '../dom.js';
import { CHANGED, HISTORY, kindOf, reasonOf, sentence, who } from '../words/history.js';

const LONGEST = 120;

function brief(value) {
  const text = typeof value === 'string' && value ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

// What an event changed: a `name`, `keys` of the metadata, or `customers`. `before` and `after` are
// lists of one value or, where there was or is nothing, of none.
function changesOf({ changes }) {
  const { name, metadata = {}, metadata_keys: keys, customers } = changes;
  return {
    name: name && { before: name[0] === null ? [] : [name[0]], after: [name[1]] },
    keys: Object.entries(metadata).map(([key, [before, after]]) => ({
      key,
      before: keys.added.includes(key) ? [] : [before],
      after: keys.removed.includes(key) ? [] : [after],
    })),
    customers: customers && Object.values(customers)[0],
  };
}

// `before` and `after` are such lists.
export const diff = ({ before, after }) => [
  ...before.flatMap((value) => [h('del', null, brief(value)), ' ']),
  ...after.map((value) => h('ins', null, brief(value))),
];

export function keyLine({ key, before, after }) {
  const [verb, then] = after.length
    ? (before.length ? [CHANGED.changed] : [CHANGED.set, `${CHANGED.to} `])
    : [CHANGED.removed];
  return [verb, ' ', h('code', null, key), ' ', then, diff({ before, after })];
}

// Built when it is first opened, for a thousand customers may be in it.
function unfolding(summary, build, open) {
  let built = null;
  const show = async () => {
    if (!details.open || built) return;
    built = build();
    details.append(await built);
  };
  const details = h('details', { ontoggle: show, open }, h('summary', null, summary));
  return details;
}

// What was done as nodes, and what it unfolds to, if it does.
export function told(event) {
  const { name, keys, customers } = changesOf(event);
  if (customers) {
    return [sentence(event), customers.ids.length > 0 && (async () => {
      const { customersOf } = await import('./historycustomers.js');
      return customersOf(customers);
    })];
  }
  const list = keys.length
    && (() => h('ul', null, keys.map((each) => h('li', null, keyLine(each)))));
  if (name) {
    const [verb, to] = CHANGED.naming[kindOf(event)];
    return [[verb, ' ', !name.before.length && to, diff(name)], list];
  }
  return keys.length === 1 ? [keyLine(keys[0])] : [sentence(event), list];
}

// The nodes of an event but for its time; `unfolded` says whether many keys stand there at once.
export function entryBody(event, { unfolded } = {}) {
  const [what, unfold] = told(event);
  const line = [h('b', null, who(event.actor)), ' ', what];
  const reason = reasonOf(event);
  return [
    unfold
      ? unfolding(line, unfold, unfolded && !event.changes.customers)
      : h('p', null, line),
    reason && h('p', { class: 'reason' }, h('span', { class: 'sr' }, HISTORY.reason, ' '), reason),
  ];
}
