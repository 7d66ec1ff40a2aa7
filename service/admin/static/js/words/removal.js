// The command bar over selected rows, the prompt that takes them out.
import { grouped, plural } from './common.js';

const selected = (count) => `${grouped(count)} selected`;
const more = (count) => `and ${grouped(count)} more`;

export const BAR = {
  customers: 'Selected customers',
  groups: 'Selected groups',
  remove: 'Remove',
  clear: 'Clear',
  selected,
  help: (count) => `${selected(count)}. Press R to remove, Escape to clear.`,
};

export const REMOVING = {
  title: (count) => (count === 1 ? 'Remove customer' : 'Remove customers'),
  body: (count, group) => `${plural(count, 'customer')} will leave ${group} and lose its prices `
    + `and promotions. The customer ${count === 1 ? 'record stays' : 'records stay'}.`,
  more,
  done: ({ removed, absent }) => (absent
    ? `${grouped(removed)} removed, ${grouped(absent)} had left already`
    : `${plural(removed, 'customer')} removed`),
};

export const LEAVING = {
  title: (count) => (count === 1 ? 'Remove from group' : 'Remove from groups'),
  body: (count, name) => `${name} will leave ${plural(count, 'group')} and lose `
    + `${count === 1 ? 'its' : 'their'} prices and promotions. The customer record stays.`,
  more,
  done: ({ removed, absent }) => `Removed from ${plural(removed, 'group')}`
    + (absent ? `, had left ${grouped(absent)} already` : ''),
};
