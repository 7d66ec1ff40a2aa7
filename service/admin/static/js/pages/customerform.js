// One form for a customer: a focus modal creates one, a drawer edits one and sends the difference.
import { call, customerPath, CUSTOMERS as PATH, get } from '../api.js';
import { askToLeave, modal } from '../dialogs.js';
import { h } from '../dom.js';
import { field } from '../form.js';
import { failed, toast } from '../overlay.js';
import { guardLeaving, href } from '../router.js';
import { CREATE } from '../words/common.js';
import { nameOf } from '../words/customers.js';
import { SAVE } from '../words/dialogs.js';
import { CUSTOMER_FORM } from '../words/forms.js';
import { drawerForm, focusForm, refuse } from './formframe.js';

const LOOKS_LIKE_EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
// An input of type email would rewrite addresses that are not ASCII.
const KINDS = {
  email: { inputmode: 'email', autocapitalize: 'none', spellcheck: 'false' },
  first_name: {},
  last_name: {},
  company_name: {},
  phone: { type: 'tel' },
};

// `customer` is the one to edit, {} for a new one.
function customerFields(customer) {
  const fields = Object.fromEntries(Object.entries(KINDS).map(([name, kind]) => [
    name, field({ label: CUSTOMER_FORM.fields[name], value: customer[name] ?? '', ...kind }),
  ]));
  const all = Object.entries(fields);
  const typed = (name) => fields[name].input.value.trim();

  async function taken() {
    const account = customer.has_account ?? false;
    const query = { email: typed('email'), has_account: account, limit: 1, fields: 'id' };
    const { customers: [other] } = await get(PATH, query).catch(() => ({ customers: [] }));
    const link = other && h('a', {
      href: href(`/customers/${encodeURIComponent(other.id)}`),
    }, CUSTOMER_FORM.open);
    refuse(fields.email, CUSTOMER_FORM.taken[account], link);
  }

  const { email, first_name: first, last_name: last, company_name: company, phone } = fields;
  return {
    elements: [
      email.element,
      h('div', { class: 'couple' }, first.element, last.element),
      h('div', { class: 'couple' }, company.element, phone.element),
    ],
    first: email.input,
    // What differs from the customer; what was emptied is null.
    difference: () => Object.fromEntries(all
      .filter(([name]) => typed(name) !== (customer[name] ?? ''))
      .map(([name]) => [name, typed(name) || null])),
    check() {
      const address = typed('email');
      const known = address === (customer.email ?? '');
      if (!all.some(([name]) => typed(name))) refuse(email, CUSTOMER_FORM.empty);
      else if (address && !known && !LOOKS_LIKE_EMAIL.test(address)) {
        refuse(email, CUSTOMER_FORM.badEmail);
      } else return true;
      return false;
    },
    // What the service refuses stands at its field, anything else in a toast.
    async refused(error) {
      const wrong = (error.body?.errors ?? [])
        .map(({ pointer, message }) => [fields[pointer?.slice(1)], message])
        .filter(([at]) => at);
      for (const [at, message] of wrong.slice(1)) at.show(message);
      if (wrong.length) refuse(...wrong[0]);
      else if (error.code === 'email-taken') await taken();
      else failed(error);
    },
  };
}

export function open({ page, close }) {
  const { customer } = page;
  const fields = customerFields(customer ?? {});
  const changed = () => Object.keys(fields.difference()).length > 0;
  const release = guardLeaving(changed, () => askToLeave());

  async function run() {
    const path = customer ? customerPath(customer.id) : PATH;
    const { body } = await call('POST', path, { body: fields.difference() });
    const saved = body.customer;
    release();
    if (customer) await page.refresh();
    await close(...(customer ? [] : [`/customers/${encodeURIComponent(saved.id)}`]));
    toast(CUSTOMER_FORM[customer ? 'saved' : 'created'](nameOf(saved)));
  }

  function check() {
    if (!customer || changed()) return fields.check();
    close();
    return false;
  }

  const dialog = (customer ? drawerForm : focusForm)({
    title: CUSTOMER_FORM[customer ? 'edit' : 'create'],
    lead: CUSTOMER_FORM[customer ? 'editLead' : 'createLead'],
    label: customer ? SAVE : CREATE,
    parts: fields.elements,
    check,
    run,
    failed: fields.refused,
    reasoned: false,
    close,
  });
  modal(dialog, () => close());
  fields.first.focus();
  return { dialog, release };
}
