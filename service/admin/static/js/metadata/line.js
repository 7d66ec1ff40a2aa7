// One line of the metadata grid: its two cells, its type word and its menu.
import { h, icon, mac } from '../dom.js';
import { menu } from '../menu.js';
import { announce } from '../overlay.js';
import { METADATA, ROW, TYPE } from '../words/metadata.js';
import { keyOf, otherType, typeOf, valueOf } from './rows.js';

const ALT = mac ? '⌥' : 'Alt';
const MOST_LINES = 6;
let sequence = 0;

const actionsOf = ({ only, above, below, remove }) => [
  { icon: 'above', label: ROW.above, keys: [ALT, '↑'], run: above },
  { icon: 'below', label: ROW.below, keys: [ALT, '↓'], run: below },
  '-',
  only()
    ? { icon: 'x', label: ROW.clear, run: remove }
    : { icon: 'trash', label: ROW.delete, danger: true, run: remove },
];

// `changed()` is called after each change of the row; `actions` are what the menu does. Answers
// the row's element, its two inputs, and `mark(mistake)`.
export function line(row, { changed, actions }) {
  sequence += 1;
  const problem = h('div', { class: 'err', id: `row-problem-${sequence}`, hidden: true });
  const attributes = (look, label) => ({
    class: look, placeholder: label, 'aria-label': label, autocomplete: 'off',
    spellcheck: 'false', readOnly: row.fixed,
  });
  const key = h('input', { ...attributes('m-key', METADATA.key), value: row.key, oninput: typed });
  const breaks = row.value.split('\n').length;
  const value = h(breaks > 1 ? 'textarea' : 'input', {
    ...attributes('m-value', METADATA.value),
    placeholder: row.value || !row.origin ? METADATA.value : METADATA.empty,
    rows: breaks > 1 && String(Math.min(breaks, MOST_LINES)),
    value: row.value,
    oninput: typed,
  });
  const kind = h('button', { type: 'button', class: 'kind', onclick: retype });
  const [button, popover] = menu('', () => actionsOf(actions));

  function typed() {
    row.key = key.value;
    row.value = value.value;
    paint();
    changed();
  }

  function retype() {
    row.text = !row.text;
    paint();
    announce(TYPE.changed(kind.textContent));
    changed();
  }

  function paint() {
    const other = otherType(row);
    kind.textContent = TYPE.words[typeOf(valueOf(row))];
    kind.disabled = !other;
    kind.title = other ? TYPE.change(TYPE.words[other]) : '';
    kind.setAttribute('aria-label', TYPE.label(kind.textContent));
    kind.hidden = !row.value && !row.origin;
    for (const each of [button, popover]) each.setAttribute('aria-label', ROW.menu(keyOf(row)));
  }

  const cells = {
    key: h('td', null, key),
    value: h('td', null, h('div', { class: 'mv' }, row.fixed && icon('lock'), value, kind)),
  };

  function mark(mistake) {
    problem.hidden = !mistake;
    problem.textContent = mistake?.text ?? '';
    if (mistake) cells[mistake.column].append(problem);
    for (const [column, input] of Object.entries({ key, value })) {
      const wrong = mistake?.column === column;
      input.setAttribute('aria-invalid', String(wrong));
      if (wrong) input.setAttribute('aria-describedby', problem.id);
      else input.removeAttribute('aria-describedby');
    }
  }

  paint();
  const element = h('tr', {
    class: row.fixed && 'fixed', title: row.fixed && METADATA.still,
  }, cells.key, cells.value, h('td', { class: 'act' }, button, popover));
  return { element, key, value, mark };
}
