// Modal dialogs and prompts.
import { h } from './dom.js';
import { reasonField } from './form.js';
import { moveInto, moveOutOf, topmost } from './overlay.js';
import { CANCEL, CLOSE, LEAVE } from './words/dialogs.js';

const outsideOf = (box, { clientX: x, clientY: y }) =>
  x < box.left || x > box.right || y < box.top || y > box.bottom;

// Every way out of a dialog asks `leave`: Esc, wherever the focus is (it is on the body when what
// had it is gone), the backdrop, and the gesture Back of a phone. Returns unbind().
function waysOut(dialog, leave, outside) {
  const escape = (event) => {
    if (event.key !== 'Escape' || event.isComposing || topmost() !== dialog) return;
    if (dialog.querySelector('.menu:popover-open, .popup:popover-open')) return;
    event.preventDefault();
    event.stopPropagation();
    leave();
  };
  dialog.addEventListener('cancel', (event) => {
    if (event.target !== dialog) return; // a file field has such an event as well
    event.preventDefault();
    leave();
    // Without a gesture in between, Chromium lets a dialog be kept open only once.
    if (!event.cancelable) setTimeout(() => { if (!dialog.open) dialog.showModal(); });
  });
  dialog.addEventListener('pointerdown', (event) => {
    if (!outside || event.target !== dialog) return;
    if (outsideOf(dialog.getBoundingClientRect(), event)) leave();
  });
  dialog.addEventListener('keydown', escape);
  document.addEventListener('keydown', escape);
  return () => document.removeEventListener('keydown', escape);
}

// Opens a modal dialog. Every way out goes through `leave`, which decides.
export function modal(dialog, leave, { outside = true } = {}) {
  const unbind = waysOut(dialog, leave, outside);
  document.body.append(dialog);
  dialog.showModal();
  moveInto(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.ariaHidden = 'true'; // it only fades away now
      unbind();
      moveOutOf(dialog);
      setTimeout(() => dialog.remove(), 200);
      resolve(dialog.returnValue);
    });
  });
}

let sequence = 0;

// The element of a prompt: what it says, and the buttons that end it.
function prompt({ title, body, details, onsubmit }, ...rest) {
  sequence += 1;
  const ids = { title: `ask-title-${sequence}`, body: `ask-body-${sequence}` };
  return h('dialog', {
    class: 'prompt',
    role: 'alertdialog',
    'aria-labelledby': ids.title,
    'aria-describedby': ids.body,
  },
  h('form', { novalidate: true, onsubmit },
    h('h2', { id: ids.title }, title),
    h('div', { id: ids.body }, h('p', null, body), details),
    rest));
}

// A prompt; answers whether it was confirmed. `run({ headers })` is awaited with the button
// busy; its failure stays in the prompt, to be tried again. `headers` carry the reason.
export async function ask(options) {
  const { confirm = 'Continue', danger = true, run } = options;
  const problem = h('p', { class: 'err', role: 'alert', hidden: true });
  const reason = reasonField();
  const look = danger ? 'danger' : 'primary';
  const yes = h('button', { class: `btn ${look}`, type: 'submit' }, confirm);
  const onsubmit = async (event) => {
    event.preventDefault();
    if (yes.ariaBusy === 'true' || (run && !reason.ready())) return;
    yes.ariaBusy = 'true';
    problem.hidden = true;
    try {
      await run?.({ headers: reason.headers() });
      dialog.close('yes');
    } catch (error) {
      if (!reason.wanted(error)) {
        problem.textContent = error.message;
        problem.hidden = false;
      }
    }
    yes.ariaBusy = 'false';
  };
  const leave = () => {
    if (yes.ariaBusy !== 'true') dialog.close('');
  };
  const no = h('button', { class: 'btn', type: 'button', autofocus: true, onclick: leave }, CANCEL);
  const dialog = prompt({ ...options, onsubmit },
    run && reason.element, problem, h('footer', null, no, yes));
  return await modal(dialog, leave, { outside: false }) === 'yes';
}

// A prompt that only tells something.
export function say(options) {
  const leave = () => dialog.close();
  const button = h('button', { class: 'btn', type: 'button', autofocus: true, onclick: leave },
    CLOSE);
  const dialog = prompt(options, h('footer', null, button));
  return modal(dialog, leave);
}

export const askToLeave = (body = LEAVE.body) => ask({ title: LEAVE.title, body, danger: false });
