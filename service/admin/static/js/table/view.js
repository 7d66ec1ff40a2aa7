// The elements of a table: head, rows or what stands in their place, pager.
import { h } from '../dom.js';
import { TABLE } from '../words/table.js';
import { pager, skeleton, tableHead } from './parts.js';
import { tableRows } from './rows.js';

export function tableView({ options, size, locked, sort, tick, tickAll, turn, news, refocus }) {
  const { label, columns, actions, pick } = options;
  const box = pick && h('input', {
    type: 'checkbox',
    'aria-label': TABLE.selectAll,
    onclick: (event) => tickAll(event.target.checked),
  });
  const head = tableHead({ columns, box, actions, sort });
  const body = h('tbody');
  const nameOf = options.rowName ?? ((row) => row.name);
  const lines = tableRows(body, { columns, pick, actions, locked, nameOf, tick });
  const scroll = h('div', { class: 'xscroll' },
    h('table', { class: 'data', 'aria-label': label }, h('thead', null, head.element), body));
  const message = h('div', { class: 'message' });
  const foot = pager(size, turn);
  const ignored = h('p', { class: 'ignored', role: 'status', hidden: true }, TABLE.ignored);
  const element = h('div', { class: 'table' },
    ignored, news.element, scroll, message, foot.element);

  // In place of the rows; a focus that would be lost with a button of it is given away.
  function show(notice) {
    const lost = message.contains(document.activeElement);
    scroll.hidden = Boolean(notice);
    foot.element.hidden = Boolean(notice);
    message.replaceChildren(...(notice ? [notice] : []));
    if (lost) refocus();
  }

  return {
    element,
    body,
    box,
    head,
    lines,
    foot,
    show,
    ignore(something) { ignored.hidden = !something; },
    busy(on) { element.ariaBusy = String(on); },
    wait() {
      lines.clear(...skeleton({ columns, rows: size, pick, actions }));
      show(null);
    },
    tickBoxes(picked, open) {
      lines.tickAll(picked);
      const here = open.filter((row) => picked.has(row)).length;
      box.checked = here > 0 && here === open.length;
      box.indeterminate = here > 0 && here < open.length;
      box.disabled = !open.length;
    },
    // Focuses the row at a place, or the last; false when there is none.
    focusRow(index) {
      const tr = body.rows[Math.min(Math.max(index, 0), body.rows.length - 1)];
      const control = tr?.querySelector('a, input:enabled, button');
      control?.focus();
      return Boolean(control);
    },
  };
}
