// The rows of a table, kept by id: a repaint touches only what differs, so that focus, open menus
// and ticks survive it.
import { h } from '../dom.js';
import { TABLE } from '../words/table.js';

const REACHABLE = 'a[href], button:not([popover] *), input';

// Where the focus is: which row, and which of its controls.
function focusIn(body) {
  const focused = document.activeElement;
  const tr = body.contains(focused) && focused.closest('tr');
  if (!tr) return () => {};
  const place = [...body.rows].indexOf(tr);
  const control = [...tr.querySelectorAll(REACHABLE)].indexOf(focused);
  return () => {
    if (document.activeElement === focused) return;
    const now = tr.isConnected ? tr : body.rows[Math.min(place, body.rows.length - 1)];
    const controls = now?.querySelectorAll(REACHABLE) ?? [];
    (controls[control] ?? controls[0])?.focus({ preventScroll: true });
  };
}

function flash(tr) {
  tr.classList.add('flash');
  tr.addEventListener('animationend', () => tr.classList.remove('flash'), { once: true });
}

// A date lies above the link of its row, for its tooltip; a click on it is one on the link.
function throughTime(event) {
  const link = event.target.closest('time') && event.target.closest('tr').querySelector('.rowlink');
  if (!link) return;
  if (event.type === 'click') link.dispatchEvent(new MouseEvent('click', event));
  else if (event.button === 1) window.open(link.href, '_blank');
}

export function tableRows(body, { columns, pick, actions, locked, nameOf, tick }) {
  body.addEventListener('click', throughTime);
  body.addEventListener('auxclick', throughTime);
  let shown = new Map(); // id -> { row, image, tr }

  const cells = (row) => [
    pick && h('td', { class: 'pick' }, h('label', null, h('input', {
      type: 'checkbox',
      'aria-label': TABLE.select(nameOf(row)),
      disabled: locked(row),
      onclick: (event) => tick(row, event.target.checked, event.shiftKey),
    }))),
    ...columns.map((column) => h('td', { class: column.look }, column.cell(row))),
    actions && h('td', { class: 'act' }, actions(row)),
  ].filter(Boolean);

  // The row object stays the same, so that menus that are open know the new values.
  function change(line, row) {
    Object.assign(line.row, row);
    cells(line.row).forEach((cell, at) => {
      const old = line.tr.cells[at];
      if (!old.querySelector(':popover-open')) old.replaceWith(cell);
    });
  }

  function lineOf(row, flashing) {
    const image = JSON.stringify([row, locked(row)]);
    const line = shown.get(row.id) ?? { row, image, tr: h('tr', null, cells(row)) };
    if (line.image !== image) {
      change(line, row);
      line.image = image;
      if (flashing) flash(line.tr);
    }
    line.tr.classList.toggle('inside', locked(row));
    return line;
  }

  return {
    // Shows these rows and returns them as they are kept.
    paint(rows, { flashing } = {}) {
      const refocus = focusIn(body);
      const lines = rows.map((row) => lineOf(row, flashing));
      shown = new Map(lines.map((line) => [line.row.id, line]));
      const kept = new Set(lines.map(({ tr }) => tr));
      [...body.rows].filter((tr) => !kept.has(tr)).forEach((tr) => tr.remove());
      lines.forEach(({ tr }, at) => {
        if (body.rows[at] !== tr) body.insertBefore(tr, body.rows[at] ?? null);
      });
      refocus();
      return lines.map(({ row }) => row);
    },
    clear(...instead) {
      shown = new Map();
      body.replaceChildren(...instead);
    },
    tickAll(picked) {
      for (const { row, tr } of shown.values()) {
        const on = picked.has(row);
        tr.classList.toggle('on', on);
        tr.querySelector('.pick input').checked = on || locked(row);
      }
    },
  };
}
