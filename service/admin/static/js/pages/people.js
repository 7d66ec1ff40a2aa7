// Columns, filters and sorts that every table of customers shares.
import { h } from '../dom.js';
import { href } from '../router.js';
import { dateColumn, dateFilter } from '../table/parts.js';
import { DASH } from '../words/common.js';
import { PEOPLE } from '../words/members.js';

export const fullName = (person) =>
  [person.first_name, person.last_name].filter(Boolean).join(' ');

// What a customer is called in one line; not every customer has an e-mail or a name.
export const personName = (person) => person.email || fullName(person) || person.id;

// Null where this service does not keep the customer.
function accountWord({ has_account: registered }) {
  if (registered == null) return null;
  return registered ? PEOPLE.registered : PEOPLE.guest;
}

function account(person) {
  const word = accountWord(person);
  return word ? h('span', { class: `dot ${person.has_account ? '' : 'hollow'}` }, word) : DASH;
}

// The second line of a row on a narrow screen, which has no room for the other columns.
function second(person, inGroup) {
  const words = [person.email && fullName(person), accountWord(person), inGroup && PEOPLE.inGroup];
  return h('span', { class: 'second' }, words.filter(Boolean).join(' · '));
}

// `link`: the row leads to the customer. `inside(row)`: whether the row is marked as in the group.
export function peopleColumns({ link, inside }) {
  const name = (person) => [
    link
      ? h('a', {
        class: 'rowlink', href: href(`/customers/${encodeURIComponent(person.id)}`),
      }, personName(person))
      : h('span', { class: 'rowname' }, personName(person)),
    second(person, inside?.(person)),
  ];
  const tag = (person) => inside(person) && h('span', { class: 'tag' }, PEOPLE.inGroup);
  return [
    { label: PEOPLE.email, sort: 'email', look: 'wide', cell: name },
    { label: PEOPLE.name, look: 'drop-narrow person', cell: (row) => fullName(row) || DASH },
    { label: PEOPLE.account, sort: 'has_account', look: 'drop-narrow account', cell: account },
    dateColumn(PEOPLE.created, 'created_at'),
    ...(inside ? [{
      label: h('span', { class: 'sr' }, PEOPLE.membership),
      look: 'number drop-narrow',
      bone: 'w1',
      cell: tag,
    }] : []),
  ];
}

// All that the tables can be sorted by, which is more than they have columns.
export const PEOPLE_SORTS = [
  { label: PEOPLE.email, sort: 'email' },
  { label: PEOPLE.firstName, sort: 'first_name' },
  { label: PEOPLE.lastName, sort: 'last_name' },
  { label: PEOPLE.account, sort: 'has_account' },
  { label: PEOPLE.created, sort: 'created_at' },
  { label: PEOPLE.updated, sort: 'updated_at' },
];

export function peopleFilters({ groups } = {}) {
  return [
    groups && {
      key: 'groups', label: PEOPLE.groups, image: 'users', kind: 'groups', field: 'groups',
    },
    {
      key: 'has_account',
      label: PEOPLE.account,
      image: 'users',
      kind: 'choice',
      field: 'has_account',
      options: [['true', PEOPLE.registered], ['false', PEOPLE.guest]],
    },
    dateFilter(PEOPLE.created, 'created_at'),
    dateFilter(PEOPLE.updated, 'updated_at'),
  ].filter(Boolean);
}
