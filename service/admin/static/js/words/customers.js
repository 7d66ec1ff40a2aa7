// The list of customers, and one customer with its groups.
import { plural } from './common.js';

// What a customer is called in titles and prompts.
export const nameOf = (customer) =>
  [customer.first_name, customer.last_name].filter(Boolean).join(' ')
  || customer.email || customer.company_name || customer.id;

export const CUSTOMERS = {
  title: 'Customers',
  lead: 'Everybody who can be put into groups.',
  none: 'No customers yet',
  advice: 'Create one here, or let your shop send them through the API.',
  createOne: 'Create a customer',
  failed: 'Could not load the customers',
  fresh: (count) => `${plural(count, 'new customer')}`,
  actions: (name) => `Actions for ${name}`,
};

export const CUSTOMER = {
  title: 'Customer',
  actions: 'Customer actions',
  addToGroups: 'Add the customer to groups',
  editKey: 'Edit the customer',
  loading: 'Loading the customer',
  email: 'E-mail',
  phone: 'Phone',
  company: 'Company',
  account: 'Account',
  registered: 'Registered',
  guest: 'Guest',
  created: 'Created',
  updated: 'Updated',
  noMetadata: 'Nothing is attached to this customer.',
  failed: 'Could not load the customer',
};

export const GROUPS_OF = {
  title: 'Customer Groups',
  table: 'Groups of this customer',
  name: 'Name',
  customers: 'Customers',
  created: 'Created',
  updated: 'Updated',
  add: 'Add',
  addToGroups: 'Add to groups',
  member: 'Member',
  membership: 'Membership',
  remove: 'Remove from group',
  actions: (name) => `Actions for ${name}`,
  none: 'Not in any group',
  advice: 'Groups give a customer their prices and promotions.',
  failed: 'Could not load the groups',
};
