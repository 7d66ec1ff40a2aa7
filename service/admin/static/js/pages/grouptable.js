// The table of groups as seen from a customer: those it is in, or those to add it to.
import { h } from '../dom.js';
import { href } from '../router.js';
import { countFilter, dateColumn, dateFilter, numberColumn } from '../table/parts.js';
import { table } from '../table/table.js';
import { day } from '../words/common.js';
import { GROUPS_OF } from '../words/customers.js';
import { notLoaded } from './missing.js';

// `link`: the row leads to the group. `inside(row)`: whether the customer is in it already.
function groupColumns({ link, inside }) {
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
    numberColumn(GROUPS_OF.customers, 'customers_count'),
    dateColumn(GROUPS_OF.created, 'created_at'),
    ...(inside ? [{
      label: h('span', { class: 'sr' }, GROUPS_OF.membership),
      look: 'number drop-narrow',
      bone: 'w1',
      cell: tag,
    }] : []),
  ];
}

// A table of groups; `options` are what differs.
export const groupTable = ({ link, inside, ...options }) => table({
  columns: groupColumns({ link, inside }),
  sorts: [{ label: GROUPS_OF.updated, sort: 'updated_at' }],
  filters: [
    dateFilter(GROUPS_OF.created, 'created_at'),
    dateFilter(GROUPS_OF.updated, 'updated_at'),
    countFilter(GROUPS_OF.customers, 'customers_count'),
  ],
  order: 'name',
  size: 10,
  pick: true,
  hint: true,
  locked: inside,
  rowName: (group) => group.name,
  failed: notLoaded(GROUPS_OF.failed),
  ...options,
});
