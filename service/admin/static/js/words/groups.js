// The list of customer groups.
import { plural } from './common.js';

export const GROUPS_LIST = {
  title: 'Customer Groups',
  lead: 'Groups organise customers and can carry prices and promotions.',
  create: 'Create',
  createOne: 'Create a group',
  edit: 'Edit',
  delete: 'Delete',
  name: 'Name',
  customers: 'Customers',
  created: 'Created',
  updated: 'Updated',
  updatedOn: (day) => `Updated ${day}`,
  none: 'No customer groups yet',
  noneAdvice: 'Put customers together to give them the same prices and promotions.',
  notLoaded: 'The customer groups could not be loaded',
  arrived: (number) => plural(number, 'new group'),
};
