// The command palette.
import { plural } from './common.js';

export const PALETTE = {
  title: 'Search and commands',
  placeholder: 'Search or choose a command',
  areas: 'Search in',
  all: 'All',
  actions: 'Actions',
  groups: 'Customer Groups',
  customers: 'Customers',
  recent: 'Recent',
  more: (area) => `Show more: ${area}`,
  results: (number) => plural(number, 'result'),
  nothing: (words) => `Nothing found for “${words}”`,
  start: 'Type to search',
  searching: 'Searching',
  notSearched: 'The search failed. Type again to repeat it.',
  members: (number) => plural(number, 'customer'),
  hints: [['↑↓', 'choose'], ['↵', 'open'], ['⌫', 'all areas']],
};

export const COMMANDS = {
  customers: 'Go to customers',
  groups: 'Go to customer groups',
  createGroup: 'Create a group',
  createCustomer: 'Create a customer',
  light: 'Light theme',
  dark: 'Dark theme',
  system: 'System theme',
  shortcuts: 'Keyboard shortcuts',
  signOut: 'Sign out',
  rename: (name) => `Rename ${name}`,
  addCustomers: (name) => `Add customers to ${name}`,
  metadata: (name) => `Edit the metadata of ${name}`,
  history: (name) => `History of ${name}`,
  now: (name) => `Back to ${name} as it is now`,
  importList: (name) => `Import a list into ${name}`,
  thisGroup: 'this group',
  editCustomer: 'Edit this customer',
  addGroups: 'Add this customer to groups',
};
