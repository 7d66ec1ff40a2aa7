// The list of customer groups.
import { get, GROUPS } from '../api.js';
import { h, icon, oneAtATime } from '../dom.js';
import { bind } from '../keys.js';
import { follow } from '../live.js';
import { menu } from '../menu.js';
import { go, href, keptQuery } from '../router.js';
import { countFilter, dateColumn, dateFilter, noHit, numberColumn } from '../table/parts.js';
import { table } from '../table/table.js';
import { DASH, day } from '../words/common.js';
import { GROUPS_LIST as WORDS } from '../words/groups.js';
import { TABLE } from '../words/table.js';
import { notice, notLoaded } from './missing.js';

const LIST = '/customer-groups';
const CREATE = `${LIST}/create`;

const columns = [
  {
    label: WORDS.name,
    sort: 'name',
    look: 'wide',
    cell: (row) => [
      h('a', { class: 'rowlink', href: href(`${LIST}/${row.id}`) }, row.name || DASH),
      h('span', { class: 'second' }, WORDS.updatedOn(day(row.updated_at))),
    ],
  },
  numberColumn(WORDS.customers, 'customers_count'),
  dateColumn(WORDS.created, 'created_at'),
  dateColumn(WORDS.updated, 'updated_at'),
];

const filters = [
  dateFilter(WORDS.created, 'created_at', 'created'),
  dateFilter(WORDS.updated, 'updated_at', 'updated'),
  countFilter(WORDS.customers, 'customers_count', 'count'),
];

async function load({ q, order, offset, limit, filters: chosen }) {
  const answer = await get(GROUPS, {
    q: q || null,
    order,
    offset,
    limit,
    fields: 'id,name,created_at,updated_at,customers_count',
    ...chosen,
  });
  return { rows: answer.customer_groups, count: answer.count };
}

const createLink = (look, ...face) =>
  h('a', { class: `btn ${look}`, href: href(CREATE), 'data-keep': true }, face);

const nothing = () => notice({
  image: 'users',
  title: WORDS.none,
  text: WORDS.noneAdvice,
  actions: [createLink('', icon('plus'), WORDS.createOne)],
});

export function open() {
  const title = h('h1', { id: 'page-title', tabindex: '-1' }, WORDS.title);

  const remove = oneAtATime(async (row) => {
    const at = groups.state.rows.findIndex(({ id }) => id === row.id);
    const { deleteGroup } = await import('./remove.js');
    if (!await deleteGroup(row, groups.reload)) return;
    await groups.reload();
    if (!groups.focusRow(at)) title.focus();
  });

  const actions = (row) => menu(TABLE.actionsFor(row.name), () => [
    { icon: 'pencil', label: WORDS.edit, run: () => go(`${LIST}/${row.id}/edit`) },
    '-',
    { icon: 'trash', label: WORDS.delete, danger: true, run: () => remove(row) },
  ]);

  const groups = table({
    label: WORDS.title,
    columns,
    actions,
    filters,
    order: 'name',
    size: 20,
    load,
    newRows: WORDS.arrived,
    hold: true,
    empty: (narrowed, clear) => (narrowed ? noHit(clear) : nothing()),
    failed: notLoaded(WORDS.notLoaded),
    painted: (state, narrowed) => { bar.hidden = !state.count && !narrowed; },
  });
  const bar = h('div', { class: 'tools bar-row' }, groups.tools);
  const unbind = bind('c', () => go(CREATE + keptQuery()), { label: WORDS.createOne });
  const stop = follow(groups.refresh);
  const loaded = groups.reload();

  return {
    title: WORDS.title,
    crumbs: [[WORDS.title]],
    main: h('main', { id: 'main', tabindex: '-1' },
      h('section', { class: 'card', 'aria-labelledby': title.id },
        h('div', { class: 'head' },
          h('div', null, title, h('p', { class: 'lead' }, WORDS.lead)),
          createLink('primary', WORDS.create)),
        bar,
        groups.chips,
        groups.element)),
    loaded,
    update: groups.sync,
    refresh: groups.reload,
    close() {
      stop();
      unbind();
      groups.close();
    },
  };
}
