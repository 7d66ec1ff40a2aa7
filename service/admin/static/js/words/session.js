// The frame round every page, and pages that are not there.
export const FRAME = {
  search: 'Search',
  account: 'Account and theme',
  theme: 'Theme',
  light: 'Light',
  dark: 'Dark',
  system: 'System',
  shortcuts: 'Keyboard shortcuts',
  signOut: 'Sign out',
  openNavigation: 'Open navigation',
  skip: 'Skip to content',
  customers: 'Customers',
  groups: 'Customer Groups',
  live: 'Live',
  reconnecting: 'Reconnecting',
};

export const MISSING = {
  title: 'Not found',
  page: 'There is no page at this address (404).',
  group: 'There is no customer group with this ID (404).',
  customer: 'There is no customer with this ID (404).',
  back: 'Back to the list',
};

export const BROKEN = {
  title: 'This page could not be loaded',
};

// What the keys that work everywhere do.
export const GO = {
  customers: 'Go to customers',
  groups: 'Go to customer groups',
  palette: 'Search and commands',
  shortcuts: 'Show all shortcuts',
};
