// What is left to say of a group that was deleted: by whom, when, and how it was.
import { h } from '../dom.js';
import { grouped, moment } from '../words/common.js';
import { DELETED } from '../words/deleted.js';
import { GENERAL } from '../words/detail.js';
import { kindOf, who } from '../words/history.js';
import { clipped, exact, fact } from './general.js';
import { historyCard } from './historycard.js';
import { metadataCard } from './metadatacard.js';
import { missingCard } from './missing.js';

const patched = (metadata, { set, removed, cleared }) => {
  const left = { ...(cleared ? {} : metadata), ...set };
  for (const key of removed) delete left[key];
  return left;
};

// How the group was at its end, from its events, newest first; `whole` when none is missing.
function lastState(events) {
  const state = { metadata: {}, count: 0, whole: events.at(-1).data.version === 1 };
  for (const event of events.toReversed()) {
    const { data } = event;
    if (data.name !== undefined) state.name = data.name;
    switch (kindOf(event)) {
      case 'GroupCreated':
        state.metadata = data.metadata ?? {};
        state.created = event.time;
        break;
      case 'MetadataChanged': state.metadata = patched(state.metadata, data); break;
      case 'CustomersAdded': state.count += data.customer_ids.length; break;
      case 'CustomersRemoved': state.count -= data.customer_ids.length; break;
      default:
    }
  }
  return state;
}

// `last` is the group as it was last seen here, if it was.
export function deletedGroup(id, events, last) {
  const end = events.find((event) => kindOf(event) === 'GroupDeleted');
  const state = lastState(events);
  if (last) {
    const { name, metadata, customers_count: count, created_at: created } = last;
    Object.assign(state, { metadata: metadata ?? {}, count, created, whole: true });
    state.name ??= name;
  }
  const name = state.name ?? DELETED.unnamed;
  const card = missingCard({
    title: DELETED.title, text: DELETED.text(name, who(end.actor), moment(end.time)),
  });
  const facts = h('section', { class: 'card', 'aria-label': DELETED.state },
    h('dl', { class: 'facts' },
      state.whole && fact(GENERAL.customers, grouped(state.count)),
      state.created && fact(GENERAL.created, exact(state.created)),
      fact(GENERAL.deleted, exact(end.time)),
      fact(GENERAL.deletedBy, clipped(who(end.actor)))));
  const metadata = metadataCard(null);
  metadata.paint(state.metadata);
  const history = historyCard(id);
  return {
    name,
    columns: [
      h('div', { class: 'col' }, card, facts),
      h('div', { class: 'col' }, state.whole && metadata.element, history.element),
    ],
    loaded: history.refresh(),
  };
}
