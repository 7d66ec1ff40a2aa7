// "Add filter" and the row of chips that it fills.
import { h, icon } from '../dom.js';
import { menu } from '../menu.js';
import { TABLE } from '../words/table.js';
import { late, loadFilters } from './late.js';

// `state.filters` is { key: value }, null while choosing; `changed` is told of every real change.
export function filterTools(known, state, changed) {
  const made = new Map();
  const clearAll = h('button', {
    class: 'link',
    type: 'button',
    onclick: () => {
      state.filters = {};
      paint();
      button.focus();
      changed();
    },
  }, TABLE.clearAll);
  const chips = h('div', {
    class: 'chips', role: 'group', 'aria-label': TABLE.filters, hidden: true,
  }, clearAll);

  function drop(key) {
    const was = state.filters[key];
    const { activeElement } = document;
    const focused = activeElement === document.body || chips.contains(activeElement);
    delete state.filters[key];
    paint();
    if (focused) button.focus();
    if (was != null) changed();
  }

  function make(filter) {
    const { key } = filter;
    const chip = late.filterChip(filter, {
      value: () => state.filters[key] ?? null,
      set: (value) => {
        state.filters[key] = value;
        chip.paint();
        changed();
      },
      drop: () => key in state.filters && drop(key),
    });
    return chip;
  }

  function paint() {
    const set = known.filter(({ key }) => key in state.filters);
    for (const [key, chip] of made) {
      if (!(key in state.filters)) {
        chip.element.remove();
        made.delete(key);
      }
    }
    for (const filter of set) {
      if (!made.has(filter.key)) {
        made.set(filter.key, make(filter));
        clearAll.before(made.get(filter.key).element);
      }
      made.get(filter.key).paint();
    }
    chips.hidden = !set.length;
    add.hidden = set.length === known.length;
  }

  async function choose(key) {
    await loadFilters();
    state.filters[key] = null;
    paint();
    made.get(key).open();
  }

  const [button, popover] = menu(TABLE.addFilter, () => {
    loadFilters().catch(() => {}); // while one chooses
    return known
      .filter(({ key }) => !(key in state.filters))
      .map(({ key, label, image }) => ({ icon: image, label, run: () => choose(key) }));
  }, {
    look: 'btn',
    place: 'start',
    face: [icon('funnel'), h('span', { class: 'label' }, TABLE.addFilter)],
  });
  const add = h('div', { class: 'filtering' }, button, popover);
  paint();
  return { add, chips, paint };
}
