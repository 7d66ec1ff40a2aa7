// The metadata drawer: what was changed is sent, and nothing else.
import { askToLeave, modal } from '../dialogs.js';
import { h } from '../dom.js';
import { drawerForm } from '../pages/formframe.js';
import { toastUndo } from '../pages/undo.js';
import { guardLeaving } from '../router.js';
import { SAVE } from '../words/dialogs.js';
import { METADATA } from '../words/metadata.js';
import { clashPanel } from './conflict.js';
import { grid } from './grid.js';
import { keeper, pairs } from './keeper.js';
import { difference, mistakes } from './rows.js';

export function open({ page, close }) {
  const { group } = page; // as it was on opening: the page goes on following the service
  const before = pairs(group);
  const save = keeper(group, before);
  const problem = h('p', { class: 'err', role: 'alert' });
  const say = (text) => {
    if (problem.textContent !== text) problem.textContent = text;
  };
  const table = grid(before, {
    checked: (count) => say(count ? METADATA.toFix(count) : ''),
    refused: say,
  });
  const patch = () => difference(table.rows, before);
  const untouched = () => !Object.keys(patch()).length;
  const changed = () => !untouched() || mistakes(table.rows, true).size > 0;
  const release = guardLeaving(changed, () => askToLeave(METADATA.lost));

  async function finish(words, requests = []) {
    release();
    await page.refresh();
    await close();
    toastUndo(words, { requests, after: () => page.refresh() });
  }

  // Whatever is chosen, what they stored is what the next difference is counted from.
  const panel = clashPanel({
    settled({ key, theirs }, useTheirs) {
      if (theirs === undefined) before.delete(key);
      else before.set(key, theirs);
      if (useTheirs) table.put(key, theirs);
    },
    done() {
      if (untouched()) finish(METADATA.theirsKept);
      else dialog.querySelector('form').requestSubmit();
    },
  });

  function check() {
    const wrong = table.checkAll();
    if (wrong) wrong.focus();
    else if (panel.pending()) panel.focus();
    else if (untouched()) close();
    else return true;
    return false;
  }

  const dialog = drawerForm({
    title: METADATA.title,
    lead: METADATA.lead,
    label: SAVE,
    parts: [panel.element, h('div', null, table.elements)],
    check,
    async run({ headers }) {
      say('');
      const { clashes, request } = await save(patch(), headers);
      if (clashes) panel.show(clashes);
      else await finish(METADATA.done, [request]);
    },
    failed: (error) => say(error.status === 412 ? METADATA.busy : error.message),
    close,
  });
  dialog.querySelector('footer').prepend(problem);
  dialog.addEventListener('close', () => document.getElementById('metadata-edit')?.focus());
  modal(dialog, () => close());
  table.begin();
  return { dialog, release };
}
