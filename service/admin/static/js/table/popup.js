// A button with a small dialog under it, for choices that need fields.
import { h } from '../dom.js';

let sequence = 0;

// Returns [button, popover]; `content()` is asked each time it opens, `closed()` told afterwards.
export function popup(label, { face, look, content, closed }) {
  sequence += 1;
  const popover = h('div', {
    popover: 'auto', role: 'dialog', id: `popup${sequence}`, class: 'popup', 'aria-label': label,
  });
  const button = h('button', {
    class: look, type: 'button', 'aria-haspopup': 'dialog', popovertarget: popover.id,
  }, face);
  popover.addEventListener('beforetoggle', (event) => {
    if (event.newState === 'open') popover.replaceChildren(...content(popover));
  });
  popover.addEventListener('toggle', (event) => {
    if (event.newState !== 'open') closed();
    else if (!popover.contains(document.activeElement)) { // this is told late: who is in it stays
      const pressed = popover.querySelector('[aria-pressed=true]');
      const target = pressed ?? popover.querySelector('button, input');
      target.focus();
      target.select?.();
    }
  });
  return [button, popover];
}
