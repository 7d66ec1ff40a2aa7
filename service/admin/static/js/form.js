// Fields with their errors, the reason field, and a form that cannot be sent twice.
import { h, icon } from './dom.js';
import { REASON } from './words/dialogs.js';

let sequence = 0;

// A labelled input. `show(message)` puts an error (text or nodes) at it, `show(null)` removes it.
export function field({ label, hint, value = '', ...attributes }) {
  sequence += 1;
  const id = attributes.id ?? `field-${sequence}`;
  const problem = h('p', { class: 'err', id: `${id}-problem`, hidden: true });
  const input = h('input', {
    autocomplete: 'off',
    value,
    ...attributes,
    id,
    'aria-describedby': hint ? `${problem.id} ${id}-hint` : problem.id,
    oninput: () => show(null),
  });
  function show(message) {
    input.setAttribute('aria-invalid', String(Boolean(message)));
    problem.hidden = !message;
    problem.replaceChildren(...(message ? [icon('warn'), h('span', null, message)] : []));
  }
  const element = h('div', { class: 'field' },
    h('label', { for: id }, label),
    input,
    problem,
    hint && h('p', { class: 'hint', id: `${id}-hint` }, hint));
  return { element, input, show };
}

// Hidden until the service says that it wants a reason; known from then on.
let wanted = 'requireReason' in document.documentElement.dataset;

export function reasonField() {
  const { label, hint, missing } = REASON;
  const { element, input, show } = field({ label, hint, maxlength: 500 });
  element.hidden = !wanted;
  const ask = () => {
    element.hidden = false;
    show(missing);
    input.focus();
  };
  return {
    element,
    // Whether it may be sent: no reason is wanted, or one was given.
    ready() {
      if (!wanted || input.value.trim()) return true;
      ask();
      return false;
    },
    headers: () => (input.value.trim()
      ? { 'X-Reason': encodeURIComponent(input.value.trim()) }
      : {}),
    // Whether a failure asked for a reason; the field is then shown.
    wanted(error) {
      if (error.code !== 'reason-required') return false;
      wanted = true;
      ask();
      return true;
    },
  };
}

// Returns a submit handler: one sending at a time, `button` busy meanwhile. `run({ headers })`
// sends; `failed(error)` shows what was refused. Ctrl or Cmd with Enter submits from anywhere.
export function submission({ button, reason, run, failed }) {
  return async (event) => {
    event?.preventDefault();
    if (button.ariaBusy === 'true' || (reason && !reason.ready())) return;
    button.ariaBusy = 'true';
    try {
      await run({ headers: reason?.headers() ?? {} });
    } catch (error) {
      if (!reason?.wanted(error)) failed(error);
    } finally {
      button.ariaBusy = 'false';
    }
  };
}

export function commandEnter(form) {
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
}
