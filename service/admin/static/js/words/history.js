// What happened to a group, in words.
import { plural } from './common.js';

const KINDS = { user: 'A user', api_key: 'An API key', system: 'The service' };

export const HISTORY = {
  title: 'History',
  count: (number) => plural(number, 'event'),
  all: 'View all',
  fewer: 'Show fewer',
  newest: (shown, number) => `The newest ${shown} of ${plural(number, 'event')}.`,
  failed: 'The history could not be loaded.',
  reason: 'Reason:',
  more: (number) => `and ${plural(number, 'more', 'more')}`,
  noCustomers: 'Their names could not be loaded.',
};

// The name of an event without its version: "Renamed".
export const kindOf = (event) => event.type.split('.')[1];

// What people call an actor: a user's e-mail, a key's title, else its kind.
export const who = (actor) => actor.label
  ?? (actor.id === 'cli' ? 'Command line' : KINDS[actor.type] ?? actor.id);

export const CHANGED = {
  created: 'created the group',
  renamed: 'renamed the group',
  set: 'set',
  to: 'to',
  changed: 'changed',
  removed: 'removed',
  cleared: 'cleared the metadata',
  keys: (number) => `changed ${plural(number, 'metadata key')}`,
  added: (number) => `added ${plural(number, 'customer')}`,
  left: (number) => `removed ${plural(number, 'customer')}`,
  deleted: 'deleted the group',
  restored: 'restored the group',
};

function metadata({ set, removed, cleared }) {
  const keys = [...Object.keys(set), ...removed];
  if (cleared && !keys.length) return CHANGED.cleared;
  if (keys.length > 1) return CHANGED.keys(keys.length);
  return `${removed.length ? CHANGED.removed : CHANGED.changed} ${keys[0]}`;
}

// What somebody did, to follow their name: "added 12 customers".
export function sentence(event) {
  const { data } = event;
  switch (kindOf(event)) {
    case 'GroupCreated': return `${CHANGED.created} ${data.name}`;
    case 'Renamed': return `${CHANGED.renamed} ${CHANGED.to} ${data.name}`;
    case 'MetadataChanged': return metadata(data);
    case 'CustomersAdded': return CHANGED.added(data.customer_ids.length);
    case 'CustomersRemoved': return CHANGED.left(data.customer_ids.length);
    case 'GroupDeleted': return CHANGED.deleted;
    case 'GroupRestored': return `${CHANGED.restored} as ${data.name}`;
    default: return kindOf(event);
  }
}
