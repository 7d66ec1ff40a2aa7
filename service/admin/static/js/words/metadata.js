// The metadata editor.
import { grouped, plural } from './common.js';

export const METADATA = {
  title: 'Edit metadata',
  lead: 'Key and value pairs for your integrations.',
  table: 'Metadata',
  key: 'Key',
  value: 'Value',
  empty: 'Empty text',
  actions: 'Actions',
  add: 'Add row',
  note: 'Lists, objects and null are kept as they are. Change them through the API.',
  still: 'Lists, objects and null are read-only here',
  lost: 'Your changes to the metadata will be lost.',
  done: 'Metadata was updated',
  theirsKept: 'Nothing of yours was left to save',
  toFix: (count) => `${plural(count, 'row')} to fix before saving`,
  tooMany: (most) => `At most ${grouped(most)} rows can be pasted at once`,
  busy: 'The group is being changed again and again just now. Save once more.',
};

export const ROW = {
  menu: (key) => (key ? `Actions for ${key}` : 'Row actions'),
  above: 'Insert row above',
  below: 'Insert row below',
  delete: 'Delete row',
  clear: 'Clear row',
  inserted: (number) => `Row ${number} inserted`,
  added: (count) => `${plural(count, 'row')} inserted`,
  deleted: (number) => `Row ${number} deleted`,
  cleared: 'Row cleared',
  used: (key, times) => `“${key}” is used ${times} times`,
  noValue: 'Give this key a value',
  noKey: 'Give this value a key',
};

export const TYPE = {
  words: {
    string: 'Text', number: 'Number', boolean: 'Yes/No', null: 'Null', list: 'List',
    object: 'Object',
  },
  label: (word) => `Type: ${word}`,
  change: (word) => `Store as ${word}`,
  changed: (word) => `Stored as ${word}`,
};

export const CLASH = {
  title: 'Changed meanwhile',
  lead: (count) => (count === 1
    ? 'Somebody else changed this key after you opened the editor.'
    : `Somebody else changed these ${count} keys after you opened the editor.`),
  somebody: 'Somebody else',
  theirs: (who) => `Theirs (${who})`,
  mine: 'Yours',
  removed: 'Removed',
  useTheirs: 'Use theirs',
  keepMine: 'Keep mine',
};
