// The prompts that delete a group or a customer.
import { plural } from './common.js';

const stay = (count) => {
  if (!count) return 'No customer is in it.';
  return count === 1
    ? '1 customer is in it, and stays a customer.'
    : `${plural(count, 'customer')} are in it, and stay customers.`;
};

export const DELETE_GROUP = {
  title: 'Delete customer group',
  body: ({ name, customers_count: count }) =>
    `${name} will be deleted. ${stay(count)} Only a restore brings the group back.`,
  done: ({ name }) => `${name} was deleted`,
};

const leaves = (count) => (count ? ` and leaves ${plural(count, 'group')}` : '');

export const DELETE_CUSTOMER = {
  title: 'Delete customer',
  body: ({ name, count }) =>
    `${name} is erased with all data${leaves(count)}. This cannot be undone.`,
  done: ({ name }) => `${name} was deleted`,
};
