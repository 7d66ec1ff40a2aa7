// What is said on top of everything: the live region and the toasts.
import { h, icon } from './dom.js';

const live = document.getElementById('live');
const toasts = document.getElementById('toasts');
const TOAST_MILLISECONDS = 6000;

// Whatever stands outside the topmost modal is inert: announcements and toasts move into it.
export const topmost = () => [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;

export function announce(text) {
  topmost().append(live);
  live.textContent = '';
  setTimeout(() => { live.textContent = text; }, 40);
}

function showToasts(host) {
  if (toasts.matches(':popover-open')) toasts.hidePopover();
  host.append(toasts);
  if (toasts.children.length) toasts.showPopover();
}

// `action` is the word of a button, `run` what it does. Errors stay until they are dismissed.
export function toast(text, { kind = 'ok', action, run, milliseconds } = {}) {
  const stays = kind === 'bad';
  const time = milliseconds ?? TOAST_MILLISECONDS;
  let timer;
  const close = () => {
    clearTimeout(timer);
    item.remove();
    if (!toasts.children.length && toasts.matches(':popover-open')) toasts.hidePopover();
  };
  const arm = () => {
    clearTimeout(timer);
    if (!stays) timer = setTimeout(close, time);
  };
  const act = () => {
    close();
    run();
  };
  const item = h('div', {
    class: `toast ${kind}`,
    role: stays ? 'alert' : 'status',
    onmouseenter: () => clearTimeout(timer),
    onmouseleave: arm,
    onfocusin: () => clearTimeout(timer),
    onfocusout: arm,
  },
  icon(stays ? 'warn' : 'check'),
  h('span', null, text),
  action && h('button', { class: 'link', type: 'button', onclick: act }, action),
  h('button', { class: 'ibtn', type: 'button', 'aria-label': 'Dismiss', onclick: close },
    icon('x')));
  toasts.append(item);
  showToasts(topmost());
  arm();
}

export const failed = (error) => toast(error.message, { kind: 'bad' });

// A dialog takes toasts along when it opens and gives all back when it closes.
export function moveInto(dialog) {
  if (toasts.children.length) showToasts(dialog);
}

export function moveOutOf(dialog) {
  if (dialog.contains(toasts)) showToasts(topmost());
  if (dialog.contains(live)) document.body.append(live);
}
