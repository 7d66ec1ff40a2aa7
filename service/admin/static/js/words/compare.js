// A group as it was, compared with what it is now.
import { plural } from './common.js';

export const COMPARE = {
  title: 'Changed since then',
  name: 'Name',
  customers: 'Number of customers',
  nothing: 'The name, the metadata and the number of customers are the same today.',
  deleted: 'The group has been deleted since.',
  events: (number) => `${plural(number, 'event')} since`,
};
