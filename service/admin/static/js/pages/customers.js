// The list of customers.
import { CUSTOMERS as PATH, get } from '../api.js';
import { h, icon, oneAtATime } from '../dom.js';
import { bind } from '../keys.js';
import { follow } from '../live.js';
import { menu } from '../menu.js';
import { go, href, keptQuery } from '../router.js';
import { noHit } from '../table/parts.js';
import { table } from '../table/table.js';
import { CREATE, DELETE, EDIT } from '../words/common.js';
import { CUSTOMERS } from '../words/customers.js';
import { notice, notLoaded } from './missing.js';
import { PEOPLE_SORTS, peopleColumns, peopleFilters, personName } from './people.js';

const CREATING = '/customers/create';

async function load({ filters, q, ...query }) {
  const answer = await get(PATH, { ...query, q: q || null, ...filters });
  return { rows: answer.customers, count: answer.count };
}

const creating = (look, ...face) => h('a', {
  class: look, href: href(CREATING), 'data-keep': true,
}, face);

const nobody = () => notice({
  image: 'users',
  title: CUSTOMERS.none,
  text: CUSTOMERS.advice,
  actions: [creating('btn', icon('plus'), CUSTOMERS.createOne)],
});

export function open() {
  const remove = oneAtATime(async (row) => {
    const at = people.state.rows.findIndex(({ id }) => id === row.id);
    const { deleteCustomer } = await import('./customerremove.js');
    if (!await deleteCustomer(row)) return;
    await people.reload();
    if (!people.focusRow(at)) main.focus();
  });

  const actions = (row) => menu(CUSTOMERS.actions(personName(row)), () => [
    {
      icon: 'pencil',
      label: EDIT,
      run: () => go(`/customers/${encodeURIComponent(row.id)}/edit`),
    },
    '-',
    { icon: 'trash', label: DELETE, danger: true, run: () => remove(row) },
  ]);

  const people = table({
    label: CUSTOMERS.title,
    prefix: '',
    columns: peopleColumns({ link: true }),
    sorts: PEOPLE_SORTS,
    filters: peopleFilters({ groups: true }),
    order: '-created_at',
    size: 20,
    hint: true,
    rowName: personName,
    actions,
    load,
    newRows: CUSTOMERS.fresh,
    empty: (narrowed, clear) => (narrowed ? noHit(clear) : nobody()),
    failed: notLoaded(CUSTOMERS.failed),
    painted: (state, narrowed) => { bar.hidden = !state.count && !narrowed; },
  });
  const bar = h('div', { class: 'tools bar-row' }, people.tools);
  const main = h('main', { id: 'main', tabindex: '-1' },
    h('section', { class: 'card', 'aria-labelledby': 'page-title' },
      h('div', { class: 'head' },
        h('div', null,
          h('h1', { id: 'page-title' }, CUSTOMERS.title),
          h('p', { class: 'lead' }, CUSTOMERS.lead)),
        creating('btn primary', CREATE)),
      bar,
      people.chips,
      people.element));
  const leave = [
    bind('c', () => go(CREATING + keptQuery()), { label: CUSTOMERS.createOne }),
    follow(() => people.refresh(), { poll: true }),
    () => people.close(),
  ];
  const loaded = people.reload();
  return {
    title: CUSTOMERS.title,
    crumbs: [[CUSTOMERS.title]],
    main,
    loaded,
    update: () => people.sync(),
    refresh: () => people.reload(),
    close: () => leave.forEach((each) => each()),
  };
}
