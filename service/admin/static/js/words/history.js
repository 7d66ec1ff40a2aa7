// What happened to a group, in words.
import { plural } from './common.js';

const KINDS = { user: 'A user', api_key: 'An API key', system: 'The service' };

export const HISTORY = {
  title: 'History',
  count: (number) => plural(number, 'event'),
  all: 'View all',
  failed: 'The history could not be loaded.',
  reason: 'Reason:',
  more: (number) => `and ${plural(number, 'more', 'more')}`,
  noCustomers: 'Their names could not be loaded.',
};

// The name of an event without its version: "Renamed".
export const kindOf = (event) => event.type.split('.')[1];

// Why it was done. An undo names the request that it took back, which says nothing to people.
export const reasonOf = ({ data: { reason } }) =>
  reason?.replace(/^undo of request [^\s:]+/, 'Undo of an earlier change');

// What people call an actor: a user's e-mail, a key's title, else its kind.
export const who = (actor) => actor.label
  ?? (actor.id === 'cli' ? 'Command line' : KINDS[actor.type] ?? actor.id);

const customers = (number) => (number === undefined ? 'customers' : plural(number, 'customer'));

export const CHANGED = {
  naming: {
    GroupCreated: ['created the group', ''],
    Renamed: ['renamed the group', 'to '],
    GroupRestored: ['restored the group', 'as '],
  },
  set: 'set',
  to: 'to',
  changed: 'changed',
  removed: 'removed',
  cleared: 'cleared the metadata',
  keys: (number) => `changed ${plural(number, 'metadata key')}`,
  added: (number) => `added ${customers(number)}`,
  left: (number) => `removed ${customers(number)}`,
  deleted: 'deleted the group',
};

function metadata({ set, removed, cleared }) {
  const keys = [...Object.keys(set), ...removed];
  if (cleared && !keys.length) return CHANGED.cleared;
  if (keys.length > 1) return CHANGED.keys(keys.length);
  return `${removed.length ? CHANGED.removed : CHANGED.changed} ${keys[0]}`;
}

// What somebody did, to follow their name: "added 12 customers"; without their number where the
// event does not come with its changes.
export function sentence(event) {
  const { data, changes: { customers: whom } = {} } = event;
  const kind = kindOf(event);
  switch (kind) {
    case 'MetadataChanged': return metadata(data);
    case 'CustomersAdded': return CHANGED.added(whom?.added.count);
    case 'CustomersRemoved': return CHANGED.left(whom?.removed.count);
    case 'GroupDeleted': return CHANGED.deleted;
    default: return CHANGED.naming[kind] ? `${CHANGED.naming[kind].join(' ')}${data.name}` : kind;
  }
}
