// Signing in, on a page of its own or over the page when a session has ended; signing out.
import { call } from './api.js';
import { modal } from './dialogs.js';
import { h, icon } from './dom.js';
import { forgetRecent } from './recent.js';
import { loadUser, session } from './session.js';
import { SIGN_IN } from './words/signin.js';

async function open(email, password) {
  const { body } = await call('POST', '/auth/user/emailpass', {
    guest: true, body: { email, password },
  });
  await call('POST', '/auth/session', {
    guest: true, headers: { Authorization: `Bearer ${body.token}` },
  });
  await loadUser();
}

// The form, used by page and dialog; `done` is called once the session is there.
function signInForm(done) {
  const problem = h('p', { class: 'err', role: 'alert', hidden: true });
  const field = (label, attributes) => h('div', { class: 'field' },
    h('label', { for: attributes.id }, label), h('input', attributes));
  const email = field(SIGN_IN.email, {
    id: 'email', type: 'email', autocomplete: 'username', value: session.user?.email ?? '',
  });
  const password = field(SIGN_IN.password, {
    id: 'password', type: 'password', autocomplete: 'current-password',
  });
  const inputs = [email, password].map((each) => each.querySelector('input'));
  const button = h('button', { class: 'btn primary', type: 'submit' }, SIGN_IN.title);
  const show = (message) => {
    problem.hidden = !message;
    problem.replaceChildren(...(message ? [icon('warn'), h('span', null, message)] : []));
  };

  async function send(event) {
    event.preventDefault();
    if (button.ariaBusy === 'true') return;
    const empty = inputs.find((input) => !input.value.trim());
    show(empty && SIGN_IN.missing);
    if (empty) {
      empty.focus();
      return;
    }
    button.ariaBusy = 'true';
    try {
      await open(...inputs.map((input) => input.value));
      done();
    } catch (error) {
      show(error.message);
      inputs[1].select();
    }
    button.ariaBusy = 'false';
  }

  const form = h('form', { novalidate: true, onsubmit: send }, email, password, problem, button);
  return { form, focus: () => (inputs[0].value ? inputs[1] : inputs[0]).focus() };
}

// Resolves once somebody has signed in on the full page; the address stays what it was.
export function signInPage(host) {
  document.title = `${SIGN_IN.title} · Customer Groups`;
  return new Promise((resolve) => {
    const { form, focus } = signInForm(resolve);
    form.classList.add('card');
    host.replaceChildren(h('main', { class: 'gate', id: 'main' },
      h('span', { class: 'mark', 'aria-hidden': 'true' }),
      h('h1', null, SIGN_IN.title),
      h('p', { class: 'lead' }, SIGN_IN.lead),
      form,
      h('p', { class: 'note' }, SIGN_IN.note)));
    focus();
  });
}

// Resolves once somebody has signed in again, over the page that stays as it is.
export function signInDialog() {
  const { form, focus } = signInForm(() => dialog.close());
  const dialog = h('dialog', { class: 'prompt signin', 'aria-labelledby': 'signin-title' },
    h('h2', { id: 'signin-title' }, SIGN_IN.title),
    h('p', null, SIGN_IN.again),
    form);
  const closed = modal(dialog, () => {}, { outside: false });
  focus();
  return closed;
}

export async function signOut() {
  await call('DELETE', '/auth/session', { guest: true }).catch((error) => {
    if (error.status !== 401) throw error;
  });
  forgetRecent();
  location.assign('/app/customer-groups');
}
