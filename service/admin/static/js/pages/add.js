// Add customers to a group: the table of all customers, its members already marked.
import { call, CUSTOMERS, get, groupPath } from '../api.js';
import { h } from '../dom.js';
import { href } from '../router.js';
import { noHit } from '../table/parts.js';
import { table } from '../table/table.js';
import { ADDING } from '../words/joining.js';
import { PEOPLE } from '../words/members.js';
import { notice, notLoaded } from './missing.js';
import { PEOPLE_SORTS, peopleColumns, peopleFilters, personName } from './people.js';
import { pickModal } from './picking.js';

// One page of all customers; each row says whether it is `inside` the group already.
async function load(id, { filters, ...query }) {
  const { customers: rows, count } = await get(CUSTOMERS, {
    ...query, q: query.q || null, ...filters,
  });
  if (rows.length) {
    const body = { customer_ids: rows.map((row) => row.id), group_ids: [id] };
    const { memberships } = (await call('POST', '/admin/memberships/check', { body })).body;
    for (const row of rows) row.inside = memberships[row.id].length > 0;
  }
  return { rows, count };
}

const nobody = () => notice({
  image: 'users',
  title: ADDING.none,
  text: ADDING.advice,
  actions: [h('a', { class: 'btn', href: href('/customers/create') }, ADDING.create)],
});

const inside = (row) => row.inside;

function everybody(id, picked) {
  const people = table({
    label: ADDING.table,
    prefix: 'a_',
    columns: peopleColumns({ inside }),
    sorts: PEOPLE_SORTS,
    filters: peopleFilters({ groups: true }),
    order: '-created_at',
    size: 10,
    pick: true,
    hint: true,
    autofocus: true,
    locked: inside,
    rowName: personName,
    load: (query) => load(id, query),
    empty: (narrowed, clear) => (narrowed ? noHit(clear) : nobody()),
    failed: notLoaded(PEOPLE.failed),
    painted({ rows }) {
      rows.forEach((row, at) => { people.body.rows[at].title = row.inside ? ADDING.already : ''; });
    },
    picked,
  });
  return people;
}

export function open({ params: { id }, page, close }) {
  return pickModal({
    makeTable: (picked) => everybody(id, picked),
    rowName: personName,
    path: `${groupPath(id)}/customers`,
    words: {
      ...ADDING, title: ADDING.title(page.group.name),
    },
    extra: h('a', {
      class: 'link', href: href(`/customer-groups/${encodeURIComponent(id)}/import`),
    }, ADDING.paste),
    after: () => page.refresh(),
    close,
  });
}
