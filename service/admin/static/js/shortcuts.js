// The sheet of all keyboard shortcuts, and the switch for those of a single key.
import { modal } from './dialogs.js';
import { COMMAND, h, icon } from './dom.js';
import { bound, setSingleKeys, singleKeys } from './keys.js';
import { CLOSE } from './words/dialogs.js';
import { SHORTCUTS } from './words/shortcuts.js';

const shown = (key) => (key === 'mod' ? COMMAND : SHORTCUTS.keys[key] ?? key.toUpperCase());

// "mod+k" -> Ctrl K; "g u" -> G then U
const caps = (keys) => keys.split(' ').flatMap((step, at) => [
  at > 0 && h('span', null, ` ${SHORTCUTS.then} `),
  step.split('+').map((key) => h('kbd', null, shown(key))),
]);

const list = (rows) => h('dl', null, rows.map(([keys, label]) =>
  h('div', null, h('dt', null, label), h('dd', null, caps(keys)))));

// What a page has bound besides the ones that every page knows.
function others() {
  const listed = new Set(SHORTCUTS.sections.flatMap(([, rows]) => rows.map(([keys]) => keys)));
  return bound().filter(({ keys }) => !listed.has(keys)).map(({ keys, label }) => [keys, label]);
}

export function openShortcuts() {
  const close = () => dialog.close();
  const box = h('input', {
    type: 'checkbox',
    role: 'switch',
    checked: singleKeys(),
    'aria-describedby': 'single-keys-hint',
    onchange: () => setSingleKeys(box.checked),
  });
  const more = others();
  const sections = more.length
    ? [...SHORTCUTS.sections, [SHORTCUTS.other, more]] : SHORTCUTS.sections;
  const dialog = h('dialog', { class: 'shortcuts', 'aria-labelledby': 'shortcuts-title' },
    h('header', null,
      h('h2', { id: 'shortcuts-title', tabindex: '-1', autofocus: true }, SHORTCUTS.title),
      h('button', { class: 'ibtn', type: 'button', 'aria-label': CLOSE, onclick: close },
        icon('x'))),
    h('div', { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': SHORTCUTS.title },
      h('div', { class: 'columns' }, sections.map(([title, rows]) =>
        h('section', null, h('h3', null, title), list(rows))))),
    h('footer', null,
      h('label', { class: 'choice' }, box, SHORTCUTS.single),
      h('p', { class: 'hint', id: 'single-keys-hint' }, SHORTCUTS.singleHint)));
  modal(dialog, close);
}
