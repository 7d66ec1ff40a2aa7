// The customers who were in a group at some time; nothing can be done to them.
import { h } from '../dom.js';
import { noHit } from '../table/parts.js';
import { MEMBERS } from '../words/members.js';
import { PAST } from '../words/past.js';
import { memberTable } from './membertable.js';
import { notice } from './missing.js';

// `asOf()` is a position or an instant.
export function pastMembers({ id, asOf }) {
  const nobody = () => notice({ image: 'users', title: PAST.none, text: PAST.noneText });
  const rows = memberTable({
    id,
    asOf,
    empty: (narrowed, clear) => (narrowed ? noHit(clear) : nobody()),
    painted: (state, narrowed) => { tools.hidden = !narrowed && !state.count; },
  });
  const tools = h('div', { class: 'tools' }, rows.tools);
  const element = h('section', { class: 'card members', 'aria-labelledby': 'members-title' },
    h('div', { class: 'head tabled' }, h('h2', { id: 'members-title' }, MEMBERS.title), tools),
    rows.chips,
    rows.element);
  return { element, reload: rows.reload, sync: rows.sync, close: rows.close };
}
