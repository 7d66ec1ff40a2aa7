// Customers in tables, and the members of a group.
import { plural } from './common.js';

export const PEOPLE = {
  email: 'Email',
  name: 'Name',
  account: 'Account',
  created: 'Created',
  updated: 'Updated',
  firstName: 'First name',
  lastName: 'Last name',
  groups: 'Groups',
  registered: 'Registered',
  guest: 'Guest',
  inGroup: 'In group',
  membership: 'Membership',
  failed: 'Could not load the customers',
};

export const MEMBERS = {
  title: 'Customers',
  table: 'Customers in this group',
  added: 'Added',
  add: 'Add',
  edit: 'Edit',
  remove: 'Remove from group',
  actions: (name) => `Actions for ${name}`,
  none: 'No customers yet',
  advice: 'Add customers to give them the prices and promotions of this group.',
  addCustomers: 'Add customers',
  importing: 'Import CSV',
  fresh: (count) => plural(count, 'new customer'),
};

export const COMMANDS = {
  clear: 'Clear the selection',
  cleared: 'Selection cleared',
  removeCustomers: 'Remove the selected customers from the group',
  leaveGroups: 'Remove the customer from the selected groups',
};
