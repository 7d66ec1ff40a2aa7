// Adding customers to a group, and a customer to groups.
import { grouped, plural } from './common.js';

const selected = (count) => `${grouped(count)} selected`;
const drop = 'Choose one to leave it out';
const already = 'This customer is in the group already';

export const ADDING = {
  title: (group) => `Add customers to ${group}`,
  table: 'All customers',
  paste: 'Paste a list',
  save: 'Save',
  chosen: 'Selected customers',
  drop,
  selected,
  already,
  missing: 'Choose at least one customer',
  leave: 'The customers you chose will not be added.',
  none: 'No customers yet',
  advice: 'Create a customer first, then add them to this group.',
  create: 'Create a customer',
  done: ({ added, already: inside }) => (inside
    ? `${grouped(added)} added, ${grouped(inside)} ${inside === 1 ? 'was' : 'were'} already in`
    : `${plural(added, 'customer')} added`),
};

export const JOINING = {
  title: (name) => `Add ${name} to groups`,
  table: 'All customer groups',
  chosen: 'Selected groups',
  selected,
  missing: 'Choose at least one group',
  leave: 'The groups you chose will not be saved.',
  drop,
  already,
  none: 'No customer groups yet',
  advice: 'Create a group first, then add customers to it.',
  createGroup: 'Create a group',
  done: ({ added, already: inside }) => `Added to ${plural(added, 'group')}`
    + (inside ? `, was in ${grouped(inside)} already` : ''),
};
