// Choosing among groups in the small dialog of a filter: search, and tick many.
import { h, icon } from '../dom.js';
import { CHOICE } from '../words/filters.js';
import { findGroups, groupName } from './groupnames.js';

const PAUSE_MILLISECONDS = 250;

export function groupFields({ value, set }) {
  let chosen = value ?? [];
  let asked = 0;
  let timer;
  const list = h('div', { class: 'options', role: 'group', 'aria-label': CHOICE.list });
  const status = h('p', { class: 'hint', role: 'status' });

  function tick(id, on) {
    chosen = on ? [...chosen, id] : chosen.filter((each) => each !== id);
    set(chosen.length ? chosen : null);
  }
  const option = ({ id, name }) => h('label', null,
    h('input', {
      type: 'checkbox',
      checked: chosen.includes(id),
      onchange: (event) => tick(id, event.target.checked),
    }),
    h('span', null, name));

  async function find() {
    asked += 1;
    const mine = asked;
    const q = input.value.trim();
    try {
      const found = await findGroups({ q: q || null });
      if (mine !== asked) return;
      // Without a search, what is chosen comes first.
      const first = q ? [] : chosen.filter(groupName).map((id) => ({ id, name: groupName(id) }));
      const rest = found.filter(({ id }) => q || !chosen.includes(id));
      list.replaceChildren(...[...first, ...rest].map(option));
      status.textContent = list.children.length ? '' : CHOICE.none;
    } catch (error) {
      if (mine === asked) status.textContent = error.message;
    }
  }
  const input = h('input', {
    type: 'search',
    placeholder: CHOICE.search,
    'aria-label': CHOICE.search,
    autocomplete: 'off',
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(find, PAUSE_MILLISECONDS);
    },
  });
  find();
  return [h('label', { class: 'search' }, icon('search'), input), list, status];
}
