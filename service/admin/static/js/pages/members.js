// The Customers section of a group: table, and what can be done with selected rows.
import { groupPath } from '../api.js';
import { h, icon } from '../dom.js';
import { menu } from '../menu.js';
import { go, href } from '../router.js';
import { noHit } from '../table/parts.js';
import { MEMBERS } from '../words/members.js';
import { memberTable } from './membertable.js';
import { notice } from './missing.js';
import { personName } from './people.js';
import { selecting } from './selecting.js';

// `onCount(count)` is told how many members there are, whenever that was learnt.
export function membersSection({ id, page, onCount }) {
  const here = `/customer-groups/${encodeURIComponent(id)}`;
  const path = `${groupPath(id)}/customers`;
  const adding = (look, ...face) => h('a', {
    class: look, href: href(`${here}/add-customers`), 'data-keep': true,
  }, face);
  let own = null; // our own reload, after a change made here
  const title = h('h2', { id: 'members-title', tabindex: '-1' }, MEMBERS.title);

  const actions = (person) => menu(MEMBERS.actions(personName(person)), () => [
    {
      icon: 'pencil',
      label: MEMBERS.edit,
      run: () => go(`/customers/${encodeURIComponent(person.id)}/edit`),
    },
    '-',
    { icon: 'trash', label: MEMBERS.remove, danger: true, run: () => selected.takeOut([person]) },
  ]);

  const nobody = () => notice({
    image: 'users',
    title: MEMBERS.none,
    text: MEMBERS.advice,
    actions: [
      adding('btn', icon('plus'), MEMBERS.addCustomers),
      h('a', { class: 'btn', href: href(`${here}/import`) }, MEMBERS.importing),
    ],
  });

  const rows = memberTable({
    id,
    pick: true,
    actions,
    newRows: MEMBERS.fresh,
    empty: (narrowed, clear) => (narrowed ? noHit(clear) : nobody()),
    painted(state, narrowed) {
      tools.hidden = !narrowed && !state.count;
      if (!narrowed) onCount?.(state.count);
    },
    picked: (picked) => selected.show(picked),
  });

  // Shows what was changed here, then the rest of the page, which need not ask for the rows again.
  async function changed(shown) {
    own = rows.reload();
    await own;
    shown?.();
    await page.refresh();
    own = null;
  }

  const selected = selecting({
    what: 'customers', rows, path, title, from: () => page.group.name, after: changed,
  });
  const tools = h('div', { class: 'tools' }, rows.tools);
  const element = h('section', { class: 'card members', 'aria-labelledby': 'members-title' },
    h('div', { class: 'head tabled' },
      title,
      h('div', { class: 'tools' }, tools, adding('btn', MEMBERS.add))),
    rows.chips,
    rows.element,
    selected.place);
  rows.reload();
  return {
    element,
    // `quiet` after a change made elsewhere: what somebody reads does not shift.
    refresh: ({ quiet } = {}) => (quiet ? rows.refresh() : own ?? rows.reload()),
    sync: rows.sync,
    close() {
      selected.close();
      rows.close();
    },
  };
}
