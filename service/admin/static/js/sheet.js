// The navigation as a sheet, where there is no room for the sidebar.
import { modal } from './dialogs.js';
import { h, icon } from './dom.js';
import { CLOSE } from './words/dialogs.js';

export function openSheet(rail) {
  const close = () => dialog.close();
  const dialog = h('dialog', { class: 'sheet', 'aria-label': 'Navigation' },
    rail,
    h('button', { class: 'ibtn close', type: 'button', 'aria-label': CLOSE, onclick: close },
      icon('x')));
  dialog.addEventListener('click', (event) => {
    if (event.target.closest('a, .find')) close();
  });
  const closed = modal(dialog, close);
  dialog.querySelector('nav [aria-current], nav a').focus();
  return closed;
}
