// The groups of a customer: their table, leaving them with undo, and the way to join others.
import { customerPath, get } from '../api.js';
import { h, icon } from '../dom.js';
import { menu } from '../menu.js';
import { href } from '../router.js';
import { noHit } from '../table/parts.js';
import { GROUPS_OF, nameOf } from '../words/customers.js';
import { groupTable } from './grouptable.js';
import { notice } from './missing.js';
import { selecting } from './selecting.js';

// `page.customer` is the customer; `loaded` resolves when the first rows are there.
export function groupsSection({ id, page }) {
  const here = `/customers/${encodeURIComponent(id)}`;
  const path = `${customerPath(id)}/customer-groups`;
  const adding = (...face) => h('a', {
    class: 'btn', href: href(`${here}/add-groups`), 'data-keep': true,
  }, face);
  const title = h('h2', { id: 'groups-title', tabindex: '-1' }, GROUPS_OF.title);

  const actions = (group) => menu(GROUPS_OF.actions(group.name), () => [
    { icon: 'trash', label: GROUPS_OF.remove, danger: true, run: () => selected.takeOut([group]) },
  ]);

  async function load({ filters, q, ...query }) {
    const fields = '+customers_count';
    const answer = await get(path, { ...query, q: q || null, fields, ...filters });
    return { rows: answer.customer_groups, count: answer.count };
  }

  const none = () => notice({
    image: 'users',
    title: GROUPS_OF.none,
    text: GROUPS_OF.advice,
    actions: [adding(icon('plus'), GROUPS_OF.addToGroups)],
  });

  const rows = groupTable({
    label: GROUPS_OF.table,
    prefix: 'g_',
    link: true,
    actions,
    load,
    empty: (narrowed, clear) => (narrowed ? noHit(clear) : none()),
    painted(state, narrowed) {
      for (const tool of rows.tools) tool.hidden = !narrowed && !state.count;
    },
    picked: (picked) => selected.show(picked),
  });

  const selected = selecting({
    what: 'groups',
    rows,
    path,
    title,
    from: () => nameOf(page.customer),
    async after(shown) {
      await rows.reload();
      shown?.();
    },
  });
  const element = h('section', { class: 'card members', 'aria-labelledby': 'groups-title' },
    h('div', { class: 'head tabled' },
      title,
      h('div', { class: 'tools' }, rows.tools, adding(GROUPS_OF.add))),
    rows.chips,
    rows.element,
    selected.place);
  const loaded = rows.reload();
  return {
    element,
    loaded,
    reload: rows.reload,
    refresh: rows.refresh,
    sync: rows.sync,
    close() {
      selected.close();
      rows.close();
    },
  };
}
