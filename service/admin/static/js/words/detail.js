// The page of one group.
import { plural } from './common.js';

export const GENERAL = {
  loading: 'Loading the group',
  actions: 'Group actions',
  edit: 'Edit',
  add: 'Add customers',
  history: 'View history',
  asOf: 'View as it was',
  drop: 'Delete',
  copyId: (id) => `Copy ID ${id}`,
  idCopied: 'ID copied',
  version: (number) => `Version ${number}`,
  customers: 'Customers',
  created: 'Created',
  createdBy: 'Created by',
  updated: 'Updated',
  by: (name) => `by ${name}`,
  deleted: 'Deleted',
  deletedBy: 'Deleted by',
};

export const METADATA = {
  title: 'Metadata',
  count: (number) => plural(number, 'key'),
  edit: 'Edit metadata',
  more: (number) => `and ${number} more`,
  none: 'No metadata yet. Keep here what other systems should know about this group.',
  hadNone: 'The group had no metadata.',
};

export const JSON_WORDS = {
  title: 'JSON',
  count: (number) => plural(number, 'key'),
  view: 'View JSON',
};
