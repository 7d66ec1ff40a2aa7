// The grid of keys and values, with its keyboard.
import { h, icon } from '../dom.js';
import { announce } from '../overlay.js';
import { METADATA, ROW } from '../words/metadata.js';
import { line } from './line.js';
import { blank, keyOf, mistakes, newRow, pasted, storedRow } from './rows.js';

const MOST_PASTED = 200;

// `before` is a Map of what is stored. `checked(count)` hears how many rows are wrong, `refused`
// why something was not pasted.
export function grid(before, { checked, refused }) {
  const rows = [];
  const lines = new Map();
  const body = h('tbody', { onkeydown: keys, onpaste: paste, onfocusin: remember });
  const note = h('p', { class: 'tip' }, icon('lock'), METADATA.note);
  let strict = false;
  let column = 'key'; // where the cursor was last

  const focus = (at, where) => lines.get(rows[at])?.[where].focus();

  function draw(row) {
    const at = () => rows.indexOf(row);
    const drawn = line(row, {
      changed: check,
      actions: {
        only: () => rows.length === 1,
        above: () => insert(at()),
        below: () => insert(at() + 1),
        remove: () => remove(at()),
      },
    });
    lines.set(row, drawn);
    return drawn.element;
  }

  function place(at, ...added) {
    const next = body.rows[at] ?? null;
    rows.splice(at, 0, ...added);
    for (const row of added) body.insertBefore(draw(row), next);
  }

  function drop(at) {
    const [row] = rows.splice(at, 1);
    lines.get(row).element.remove();
    lines.delete(row);
  }

  function insert(at) {
    place(at, newRow());
    focus(at, 'key');
    announce(ROW.inserted(at + 1));
    check();
  }

  function remove(at) {
    const where = column; // taking a row away moves the focus
    drop(at);
    announce(rows.length ? ROW.deleted(at + 1) : ROW.cleared);
    if (!rows.length) place(0, newRow());
    focus(Math.min(at, rows.length - 1), where);
    check();
  }

  // Marks what is wrong and answers the first wrong input.
  function check() {
    const found = mistakes(rows, strict);
    let first = null;
    for (const row of rows) {
      const mistake = found.get(row);
      lines.get(row).mark(mistake);
      if (mistake) first ??= lines.get(row)[mistake.column];
    }
    note.hidden = !rows.some((row) => row.fixed);
    checked(strict ? found.size : 0);
    return first;
  }

  // Puts what somebody else stored for a key in place of what is here; undefined: nothing.
  function put(key, value) {
    const found = rows.findIndex((row) => !blank(row) && keyOf(row) === key);
    const at = found < 0 ? rows.length : found;
    if (found >= 0) drop(at);
    if (value !== undefined) place(at, storedRow(key, value));
    if (!rows.length) place(0, newRow());
    check();
  }

  function remember({ target }) {
    if (target.matches('input, textarea')) column = target.matches('.m-key') ? 'key' : 'value';
  }

  function enter(at) {
    if (column === 'key') focus(at, 'value');
    else if (rows[at + 1]) focus(at + 1, 'key');
    else insert(at + 1);
  }

  function keys(event) {
    const { key, target, altKey, shiftKey, repeat } = event;
    const command = event.metaKey || event.ctrlKey;
    if (!target.matches('input, textarea') || event.isComposing) return;
    const at = target.closest('tr').sectionRowIndex;
    const step = { ArrowUp: -1, ArrowDown: 1 }[key];
    const prose = target.matches('textarea'); // has lines of its own
    if (step && altKey) {
      if (!repeat) insert(step < 0 ? at : at + 1);
    } else if (step && !prose && !command && !shiftKey) focus(at + step, column);
    else if (key === 'Backspace' && shiftKey && command) {
      if (!repeat) remove(at);
    } else if (key === 'Enter' && !command && !(prose && shiftKey)) enter(at);
    else return;
    event.preventDefault();
  }

  function paste(event) {
    if (!event.target.matches('.m-key')) return;
    const text = event.clipboardData.getData('text');
    const added = pasted(text);
    const at = event.target.closest('tr').sectionRowIndex;
    const empty = blank(rows[at]);
    if (!added || event.target.readOnly || (added.length === 1 && !empty)) return;
    event.preventDefault();
    if (added.length > MOST_PASTED) {
      refused(METADATA.tooMany(MOST_PASTED));
      return;
    }
    if (empty) drop(at);
    place(empty ? at : at + 1, ...added);
    focus(rows.indexOf(added.at(-1)), 'value');
    announce(ROW.added(added.length));
    check();
  }

  const stored = [...before].map(([key, value]) => storedRow(key, value));
  place(0, ...(stored.length ? stored : [newRow()]));
  check();
  const heading = (label) => h('th', { scope: 'col' }, label);
  const elements = [
    h('table', { class: 'grid', 'aria-label': METADATA.table },
      h('thead', null, h('tr', null,
        heading(METADATA.key), heading(METADATA.value),
        heading(h('span', { class: 'sr' }, METADATA.actions)))),
      body),
    h('button', { class: 'addrow', type: 'button', onclick: () => insert(rows.length) },
      icon('plus'), METADATA.add),
    note,
  ];
  return {
    elements,
    rows,
    put,
    begin: () => focus(0, 'key'),
    // As check(), and from now on strict: what is missing is wrong too.
    checkAll() {
      strict = true;
      return check();
    },
  };
}
