// The dark drawer with the JSON of a group, as a tree that folds.
import { modal } from '../dialogs.js';
import { h, icon } from '../dom.js';
import { announce } from '../overlay.js';
import { COPIED } from '../words/common.js';
import { CLOSE } from '../words/dialogs.js';
import { DRAWER } from '../words/json.js';
import { copied } from './copy.js';

const COPIED_MILLISECONDS = 1500;
const pretty = (value) => JSON.stringify(value, null, 2);

const kind = (value) => (value === null ? 'null' : typeof value);
const nested = (value) => value !== null && typeof value === 'object';

// A button that copies and shows for a moment that it did.
function copyButton(label, value, face) {
  const image = (name) => [icon(name), face];
  const press = async () => {
    if (!await copied(nested(value) ? pretty(value) : String(value))) return;
    announce(COPIED);
    button.replaceChildren(...image('check').filter(Boolean));
    setTimeout(() => button.replaceChildren(...image('copy').filter(Boolean)),
      COPIED_MILLISECONDS);
  };
  const button = h('button', {
    class: face ? 'btn' : 'ibtn', type: 'button', 'aria-label': !face && label, onclick: press,
  }, image('copy'));
  return button;
}

// The button comes first: inside the summary it would be a control within a control.
function node(key, value, path, open = false) {
  const name = h('span', { class: 'key' }, key);
  const copy = copyButton(DRAWER.copy(path), value);
  const size = nested(value) && Object.keys(value).length;
  if (!size) {
    const words = h('span', { class: kind(value) }, JSON.stringify(value));
    return h('li', null, copy, h('p', null, name, words));
  }
  return h('li', null, copy, h('details', { open },
    h('summary', null,
      name, h('span', { class: 'count' }, DRAWER.items(size))),
    h('ul', null, Object.entries(value).map(([inner, each]) => node(
      inner, each, open ? inner : `${path}.${inner}`)))));
}

function download(group) {
  const url = URL.createObjectURL(new Blob([pretty(group)], { type: 'application/json' }));
  h('a', { href: url, download: `${group.id}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url));
}

export function openDrawer(group) {
  const close = () => dialog.close();
  const dialog = h('dialog', { class: 'drawer json', 'aria-labelledby': 'json-drawer-title' },
    h('header', null,
      h('div', null,
        h('h2', { id: 'json-drawer-title' }, DRAWER.title),
        h('p', null, DRAWER.lead)),
      h('button', { class: 'ibtn', type: 'button', 'aria-label': CLOSE, onclick: close },
        icon('x'))),
    h('div', { class: 'scroll', tabIndex: 0, role: 'group', 'aria-label': DRAWER.title },
      h('ul', null, node(DRAWER.root, group, DRAWER.root, true))),
    h('footer', null,
      copyButton(null, group, DRAWER.copyAll),
      h('button', { class: 'btn', type: 'button', onclick: () => download(group) },
        DRAWER.download)));
  modal(dialog, close);
  return dialog;
}
