// The drawer with the JSON of a group.
import { plural } from './common.js';

export const DRAWER = {
  title: 'JSON',
  root: 'customer_group',
  lead: 'The group as the API answers it',
  items: (number) => plural(number, 'item'),
  copy: (path) => `Copy ${path}`,
  copyAll: 'Copy all',
  download: 'Download',
};
