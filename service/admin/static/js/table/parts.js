// The still parts of a table: head with sort buttons, skeleton rows, pager, messages, and
// the columns and filters that many tables have.
import { h, icon } from '../dom.js';
import { notice } from '../pages/missing.js';
import { CLEAR, DASH, day, grouped, moment } from '../words/common.js';
import { pagesOf, rangeOf, TABLE } from '../words/table.js';

export function tableHead({ columns, box, actions, sort }) {
  const heading = (column) => h('th', { scope: 'col', class: column.look }, column.sort
    ? h('button', { class: 'sorter', type: 'button', onclick: () => sort(column.sort) },
      column.label)
    : column.label);
  const cells = columns.map(heading);
  const element = h('tr', null,
    box && h('th', { class: 'pick', scope: 'col' }, h('label', null, box)),
    cells,
    actions && h('th', { class: 'act', scope: 'col' },
      h('span', { class: 'sr' }, TABLE.actions)));
  return {
    element,
    // Marks the column that `order` names; the buttons stay, and with them the focus.
    paint(order) {
      const down = order.startsWith('-');
      columns.forEach((column, at) => {
        if (!column.sort) return;
        const on = column.sort === order.replace('-', '');
        cells[at].ariaSort = on ? (down ? 'descending' : 'ascending') : null;
        cells[at].firstChild.replaceChildren(
          column.label, ...(on ? [icon(down ? 'down' : 'up')] : []));
      });
    },
  };
}

const BONES = ['w3', 'w4', 'w2', 'w3', 'w4'];

export function skeleton({ columns, rows, pick, actions }) {
  const bone = ({ look = '', bone: width = 'w2' }, row) => h('td', { class: look }, h('span', {
    class: `bone ${look.includes('wide') ? BONES[row % 5] : width}`,
  }));
  const line = (_, row) => h('tr', { class: 'waiting', 'aria-hidden': 'true' },
    pick && h('td', { class: 'pick' }),
    columns.map((column) => bone(column, row)),
    actions && h('td', { class: 'act' }));
  return Array.from({ length: rows }, line);
}

export function pager(size, turn) {
  const range = h('span', { class: 'range' }, h('span', { class: 'bone w3' }));
  const pages = h('span', { class: 'pages' });
  const button = (label, look, step) => h('button', {
    class: `btn quiet ${look}`, type: 'button', disabled: true, onclick: () => turn(step),
  }, label);
  const previous = button(TABLE.previous, 'previous', -size);
  const next = button(TABLE.next, 'next', size);
  return {
    element: h('div', { class: 'foot' }, range, pages, previous, next),
    paint(state) {
      const { count, capped, offset, rows } = state;
      const focused = document.activeElement;
      range.textContent = rangeOf(state);
      pages.textContent = pagesOf(state, size);
      previous.disabled = !offset;
      next.disabled = capped ? rows.length < size : offset + size >= count;
      // At either end the focus passes to the other button.
      if (focused === next && next.disabled) previous.focus();
      if (focused === previous && previous.disabled) next.focus();
    },
  };
}

export const noHit = (clear) => notice({
  image: 'search',
  title: TABLE.noResults,
  text: TABLE.noResultsAdvice,
  actions: [h('button', { class: 'btn', type: 'button', onclick: clear }, CLEAR)],
});

// A day, with the full time in its tooltip.
export const dated = (instant) =>
  h('time', { datetime: instant, title: moment(instant) }, day(instant));

export const dateColumn = (label, sort) => ({
  label,
  sort,
  look: 'date drop-narrow',
  cell: ({ [sort]: instant }) => (instant ? dated(instant) : DASH),
});

export const numberColumn = (label, sort) => ({
  label, sort, look: 'number', bone: 'w1', cell: (row) => grouped(row[sort]),
});

// `key` in the address, `field` of the API.
export const dateFilter = (label, field, key = field) =>
  ({ key, label, image: 'clock', kind: 'dates', field });

export const countFilter = (label, field, key = field) =>
  ({ key, label, image: 'users', kind: 'count', field });
