// The sort menu: by what, and in which direction. It stays open while one chooses.
import { h, icon } from '../dom.js';
import { menu } from '../menu.js';
import { TABLE } from '../words/table.js';

// What can be sorted by: the columns and then `sorts`, or `sorts` alone when it names them all.
export function sortable(columns, sorts = []) {
  const own = columns.filter(({ sort }) => sort);
  const named = (list, { sort }) => list.some((each) => each.sort === sort);
  if (own.every((each) => named(sorts, each))) return sorts;
  return [...own, ...sorts.filter((each) => !named(own, each))];
}

export function sortMenu(known, state, set) {
  return h('div', { class: 'sorting' }, menu(TABLE.sort, () => {
    const down = state.order.startsWith('-');
    const key = state.order.replace('-', '');
    const keys = known.map(({ label, sort }) => ({
      label, checked: sort === key, stay: true, run: () => set((down ? '-' : '') + sort),
    }));
    return [
      { group: TABLE.sortBy, items: keys },
      '-',
      {
        group: TABLE.direction,
        items: [
          { label: TABLE.ascending, checked: !down, stay: true, run: () => set(key) },
          { label: TABLE.descending, checked: down, stay: true, run: () => set(`-${key}`) },
        ],
      },
    ];
  }, { face: [icon('sort')], look: 'ibtn line' }));
}
