// The first card of a group: name, id, menu and facts.
import { h, icon } from '../dom.js';
import { menu } from '../menu.js';
import { toast } from '../overlay.js';
import { session } from '../session.js';
import { ago, day, grouped, moment } from '../words/common.js';
import { GENERAL } from '../words/detail.js';
import { kindOf, who } from '../words/history.js';
import { copied } from './copy.js';

const UPDATING = new Set(['GroupCreated', 'Renamed', 'MetadataChanged', 'GroupRestored']);

const STALE_MILLISECONDS = 15_000;

// "2 hours ago", the exact moment as its tooltip; it stays right.
export const relative = (instant) => h('time', {
  class: 'ago', datetime: instant, title: moment(instant),
}, ago(instant));

export const exact = (instant) => h('time', {
  datetime: instant, title: moment(instant),
}, day(instant));

setInterval(() => {
  for (const each of document.querySelectorAll('time.ago')) {
    const words = ago(each.dateTime);
    if (each.textContent !== words) each.textContent = words;
  }
}, STALE_MILLISECONDS);

// What people call whoever has this id, as far as the events at hand tell.
function called(id, events) {
  if (id === session.user?.id) return session.user.email;
  const event = events.find(({ actor }) => actor.id === id);
  if (!event) return id;
  return event.actor.label ?? (event.actor.type === 'system' ? who(event.actor) : id);
}

export const fact = (name, ...value) => h('div', null, h('dt', null, name), h('dd', null, value));

export const clipped = (text) => h('span', { class: 'clip', title: text }, text);

export function idChip(id) {
  const copy = async () => {
    if (await copied(id)) toast(GENERAL.idCopied);
  };
  return h('button', {
    class: 'idchip', type: 'button', 'aria-label': GENERAL.copyId(id), onclick: copy,
  }, h('span', null, id), icon('copy'));
}

// `items()` are those of the menu; without them there is none.
export function generalCard(id, items) {
  const name = h('h1', { id: 'group-name' });
  const version = h('span', { class: 'chip' });
  const count = h('dd');
  const facts = h('dl', { class: 'facts' });
  const element = h('section', { class: 'card general', 'aria-labelledby': 'group-name' },
    h('div', { class: 'head' },
      h('div', null, name, h('div', { class: 'under' }, idChip(id), version)),
      items && h('div', null, menu(GENERAL.actions, items))),
    facts);

  // `events` are the newest of the history, so far as they were loaded.
  function paint(group, events = []) {
    const update = events.find((event) => UPDATING.has(kindOf(event)));
    name.textContent = group.name;
    version.textContent = GENERAL.version(group.version);
    show(group.customers_count);
    facts.replaceChildren(
      h('div', null, h('dt', null, GENERAL.customers), count),
      fact(GENERAL.created, exact(group.created_at)),
      fact(GENERAL.createdBy, clipped(called(group.created_by, events))),
      fact(GENERAL.updated, (items ? relative : exact)(group.updated_at),
        h('small', { class: 'clip', title: update && who(update.actor) },
          update && GENERAL.by(who(update.actor)))));
  }
  const show = (number) => { count.textContent = grouped(number); };
  return { element, paint, count: show };
}
