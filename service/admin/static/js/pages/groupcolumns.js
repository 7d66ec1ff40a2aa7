// Columns, filters and sorts of groups, as seen from a customer.
import { h } from '../dom.js';
import { href } from '../router.js';
import { dated } from '../table/parts.js';
import { day, grouped } from '../words/common.js';
import { GROUPS_OF } from '../words/customers.js';

// `link`: the row leads to the group. `inside(row)`: whether the customer is in it already.
export function groupColumns({ link, inside }) {
  const name = (group) => [
    link
      ? h('a', { class: 'rowlink', href: href(`/customer-groups/${group.id}`) }, group.name)
      : h('span', { class: 'rowname' }, group.name),
    h('span', { class: 'second' }, inside?.(group)
      ? GROUPS_OF.member : day(group.created_at)),
  ];
  const tag = (group) => inside(group) && h('span', { class: 'tag' }, GROUPS_OF.member);
  return [
    { label: GROUPS_OF.name, sort: 'name', look: 'wide fill', cell: name },
    {
      label: GROUPS_OF.customers,
      sort: 'customers_count',
      look: 'number',
      bone: 'w1',
      cell: (group) => grouped(group.customers_count),
    },
    {
      label: GROUPS_OF.created,
      sort: 'created_at',
      look: 'date drop-narrow',
      cell: (row) => dated(row.created_at),
    },
    ...(inside ? [{
      label: h('span', { class: 'sr' }, GROUPS_OF.membership),
      look: 'number drop-narrow',
      bone: 'w1',
      cell: tag,
    }] : []),
  ];
}

export const GROUP_SORTS = [{ label: GROUPS_OF.updated, sort: 'updated_at' }];

const dates = (label, key) => ({ key, label, image: 'clock', kind: 'dates', field: key });

export const groupFilters = () => [
  dates(GROUPS_OF.created, 'created_at'),
  dates(GROUPS_OF.updated, 'updated_at'),
  {
    key: 'customers_count',
    label: GROUPS_OF.customers,
    image: 'users',
    kind: 'count',
    field: 'customers_count',
  },
];
