// The customers of one event, by e-mail where the directory still knows them.
import { CUSTOMERS, get } from '../api.js';
import { h } from '../dom.js';
import { href } from '../router.js';
import { HISTORY } from '../words/history.js';

const MOST = 20;

function fill(list, ids, known, problem) {
  list.replaceChildren(
    ...ids.slice(0, MOST).map((id) => h('li', null, known.has(id)
      ? h('a', { href: href(`/customers/${encodeURIComponent(id)}`) }, known.get(id) ?? id)
      : h('code', null, id))),
    ...(ids.length > MOST ? [h('li', null, HISTORY.more(ids.length - MOST))] : []),
    ...(problem ? [h('li', null, problem)] : []));
}

export function customersOf(ids) {
  const list = h('ul');
  fill(list, ids, new Map());
  const query = { id: ids.slice(0, MOST), fields: 'id,email', limit: MOST };
  get(CUSTOMERS, query).then(
    ({ customers }) => fill(list, ids, new Map(customers.map(({ id, email }) => [id, email]))),
    () => fill(list, ids, new Map(), HISTORY.noCustomers),
  );
  return list;
}
