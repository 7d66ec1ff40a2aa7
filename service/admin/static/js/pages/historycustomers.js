// The customers of one event, by e-mail where the directory still knows them.
import { CUSTOMERS, get } from '../api.js';
import { h } from '../dom.js';
import { href } from '../router.js';
import { HISTORY } from '../words/history.js';

// `ids` are the first of `count`.
export function customersOf({ ids, count }) {
  const list = h('ul');
  function fill(known, problem) {
    list.replaceChildren(
      ...ids.map((id) => h('li', null, known.has(id)
        ? h('a', { href: href(`/customers/${encodeURIComponent(id)}`) }, known.get(id) ?? id)
        : h('code', null, id))),
      ...(count > ids.length ? [h('li', null, HISTORY.more(count - ids.length))] : []),
      ...(problem ? [h('li', null, problem)] : []));
  }
  fill(new Map());
  get(CUSTOMERS, { id: ids, fields: 'id,email', limit: ids.length }).then(
    ({ customers }) => fill(new Map(customers.map(({ id, email }) => [id, email]))),
    () => fill(new Map(), HISTORY.noCustomers),
  );
  return list;
}
