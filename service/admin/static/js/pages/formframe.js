// The two frames of a form: the focus modal over the whole screen and the drawer at the right.
import { COMMAND, h, icon, keyHint } from '../dom.js';
import { commandEnter, reasonField, submission } from '../form.js';
import { announce } from '../overlay.js';
import { CANCEL, CLOSE } from '../words/dialogs.js';

let sequence = 0;

// Both take `title`, `lead`, `parts` (what stands in the form), `label` (of the button), `close`,
// `check()` (may it be sent?), `run({ headers })`, `failed(error)` and `reasoned` (false where no
// reason is kept); they answer the dialog.
function parts({ label, check, run, failed, reasoned = true }) {
  sequence += 1;
  const id = `form-${sequence}`;
  const reason = reasoned ? reasonField() : null;
  const button = h('button', { class: 'btn primary', type: 'submit', form: id },
    label, keyHint(COMMAND, '↵'));
  const send = submission({ button, reason, run, failed });
  const submit = (event) => {
    event.preventDefault();
    if (button.ariaBusy !== 'true' && check()) send();
  };
  return { id, titleId: `${id}-title`, leadId: `${id}-lead`, reason, button, submit };
}

const cancel = (close) => h('button', { class: 'btn', type: 'button', onclick: () => close() },
  CANCEL);

const cross = (close) => h('button', {
  class: 'ibtn', type: 'button', 'aria-label': CLOSE, onclick: () => close(),
}, icon('x'));

function formOf({ id, submit }, attributes, ...children) {
  const form = h('form', { id, novalidate: true, onsubmit: submit, ...attributes }, children);
  commandEnter(form);
  return form;
}

export function focusForm(options) {
  const { title, lead, close } = options;
  const made = parts(options);
  return h('dialog', {
    class: 'full create', 'aria-labelledby': made.titleId, 'aria-describedby': made.leadId,
  },
  h('header', null, cross(close), keyHint('Esc')),
  h('div', { class: 'body' },
    formOf(made, { class: 'narrow' },
      h('h1', { id: made.titleId }, title),
      h('p', { id: made.leadId }, lead),
      h('div', { class: 'fields' }, options.parts, made.reason?.element)),
    options.below),
  h('footer', null, cancel(close), made.button));
}

export function drawerForm(options) {
  const { title, lead, close } = options;
  const made = parts(options);
  return h('dialog', {
    class: 'drawer', 'aria-labelledby': made.titleId, 'aria-describedby': made.leadId,
  },
  formOf(made, null,
    h('header', null,
      h('div', null, h('h2', { id: made.titleId }, title), h('p', { id: made.leadId }, lead)),
      h('div', { class: 'ways' }, keyHint('Esc'), cross(close))),
    h('div', { class: 'scroll fields' }, options.parts, made.reason?.element),
    h('footer', null, cancel(close), made.button)));
}

// Shows what is wrong at a field and goes there; said aloud if the focus is there already.
export function refuse({ input, show }, message, link) {
  show(link ? [`${message} `, link] : message);
  if (document.activeElement === input) announce(message);
  else input.focus();
}
