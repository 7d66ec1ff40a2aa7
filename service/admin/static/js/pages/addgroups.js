// Add a customer to groups: the table of all groups, those it is in already marked.
import { call, customerPath, get, GROUPS } from '../api.js';
import { h } from '../dom.js';
import { href } from '../router.js';
import { noHit } from '../table/parts.js';
import { nameOf } from '../words/customers.js';
import { SAVE } from '../words/dialogs.js';
import { JOINING } from '../words/joining.js';
import { groupTable } from './grouptable.js';
import { notice } from './missing.js';
import { pickModal } from './picking.js';

// One page of all groups; each row says whether the customer is `inside` already.
async function load(id, { filters, q, ...query }) {
  const fields = '+customers_count';
  const answer = await get(GROUPS, { ...query, q: q || null, fields, ...filters });
  const rows = answer.customer_groups;
  if (rows.length) {
    const body = { customer_ids: [id], group_ids: rows.map((row) => row.id) };
    const { memberships } = (await call('POST', '/admin/memberships/check', { body })).body;
    for (const row of rows) row.inside = memberships[id].includes(row.id);
  }
  return { rows, count: answer.count };
}

const none = () => notice({
  image: 'users',
  title: JOINING.none,
  text: JOINING.advice,
  actions: [h('a', { class: 'btn', href: href('/customer-groups/create') }, JOINING.createGroup)],
});

const inside = (row) => row.inside;
const rowName = (row) => row.name;

export function open({ params: { id }, page, close }) {
  const makeTable = (picked) => {
    const rows = groupTable({
      label: JOINING.table,
      prefix: 'a_',
      inside,
      autofocus: true,
      load: (query) => load(id, query),
      empty: (narrowed, clear) => (narrowed ? noHit(clear) : none()),
      painted(state) {
        state.rows.forEach((row, at) => {
          if (row.inside) rows.body.rows[at].title = JOINING.already;
        });
      },
      picked,
    });
    return rows;
  };
  return pickModal({
    makeTable,
    rowName,
    path: `${customerPath(id)}/customer-groups`,
    words: { ...JOINING, title: JOINING.title(nameOf(page.customer)), save: SAVE },
    after: () => page.refresh(),
    close,
  });
}
