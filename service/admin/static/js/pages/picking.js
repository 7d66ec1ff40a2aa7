// A full-screen modal that picks rows of a table to add; Cancel and Save stand in its header.
import { askToLeave, modal } from '../dialogs.js';
import { h, icon, keyHint } from '../dom.js';
import { reasonField, submission } from '../form.js';
import { menu } from '../menu.js';
import { announce, failed } from '../overlay.js';
import { guardLeaving } from '../router.js';
import { CANCEL, CLOSE } from '../words/dialogs.js';
import { membershipChange } from './changes.js';
import { tickByRow } from './tick.js';
import { toastUndo } from './undo.js';

const searchOf = (rows) => rows.tools
  .map((tool) => tool.querySelector('input[type=search]')).find(Boolean);

// "4 selected" and a menu that lists them; choosing one leaves it out, the menu stays open.
function counter({ words, rowName, picked, emptied }) {
  const face = h('span', null);
  const items = () => picked().values().map((row) => ({
    icon: 'x', label: rowName(row), stay: true, run: () => picked().drop([row]),
  }));
  const element = h('div', { class: 'counter', hidden: true },
    menu(words.chosen, () => [{ group: words.drop, items: items() }], {
      look: 'btn quiet',
      named: false,
      face: [face, icon('down')],
      closed: () => picked().size || emptied(),
    }));
  return {
    element,
    show(size) {
      const text = words.selected(size);
      if (text === face.textContent) return;
      if (size || face.textContent) announce(text);
      face.textContent = text;
      element.hidden = !size;
    },
  };
}

// `makeTable(picked)` makes the table; what is ticked is added at `path`. `words` are title,
// table, chosen, drop, selected(n), missing, leave, save and done(outcome); `after()` makes the
// page fresh.
export function pickModal({ makeTable, rowName, path, words, extra, after, close }) {
  const problem = h('p', { class: 'err', role: 'alert' });
  const chosen = counter({
    words, rowName, picked: () => rows.picked, emptied: () => searchOf(rows).focus(),
  });
  const rows = makeTable(({ size }) => {
    chosen.show(size);
    if (size) problem.textContent = '';
  });
  tickByRow(rows.body, searchOf(rows));
  const reason = reasonField();
  const release = guardLeaving(() => rows.picked.size > 0, () => askToLeave(words.leave));
  let last = {}; // what was sent, and the change that goes on where it failed

  async function run({ headers }) {
    const ids = rows.picked.values().map((row) => row.id);
    const image = ids.join();
    if (image !== last.image) last = { image, change: membershipChange(path, 'add', ids) };
    const outcome = await last.change({ headers });
    release();
    await Promise.resolve(after()).catch(() => {});
    await close();
    toastUndo(words.done(outcome), { requests: outcome.requests, after });
  }

  const button = h('button', { class: 'btn primary', type: 'button', onclick: save }, words.save);
  const submit = submission({ button, reason, run, failed });
  function save(event) {
    if (rows.picked.size) submit(event);
    else problem.textContent = words.missing;
  }
  const leave = () => close();
  const dialog = h('dialog', { class: 'full add', 'aria-labelledby': 'add-title' },
    h('header', null,
      h('button', { class: 'ibtn', type: 'button', 'aria-label': CLOSE, onclick: leave },
        icon('x')),
      keyHint('Esc'),
      h('h2', { id: 'add-title' }, words.title),
      h('div', { class: 'right' },
        problem,
        chosen.element,
        h('button', { class: 'btn', type: 'button', onclick: leave }, CANCEL),
        button)),
    h('div', { class: 'body' },
      h('section', { class: 'card', 'aria-label': words.table },
        h('div', { class: 'tools bar-row' }, rows.tools, extra),
        reason.element,
        rows.chips,
        rows.element)));
  dialog.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save(event);
  });
  modal(dialog, leave);
  rows.reload();
  return {
    dialog,
    update: () => rows.sync(),
    release() {
      release();
      rows.close();
    },
  };
}
