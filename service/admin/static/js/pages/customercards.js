// The first card of a customer: name, id, menu and facts; and what stands there before it is known.
import { h } from '../dom.js';
import { menu } from '../menu.js';
import { DASH, DELETE, EDIT } from '../words/common.js';
import { CUSTOMER, nameOf } from '../words/customers.js';
import { exact, fact, idChip, relative } from './general.js';

const account = (has) => h('span', { class: `dot ${has ? '' : 'hollow'}` },
  has ? CUSTOMER.registered : CUSTOMER.guest);

// A long address breaks before its domain.
function address(email) {
  const at = email?.indexOf('@') ?? -1;
  return at < 0 ? [email || DASH] : [email.slice(0, at), h('wbr'), email.slice(at)];
}

const facts = (customer) => [
  fact(CUSTOMER.email, ...address(customer.email)),
  fact(CUSTOMER.phone, customer.phone || DASH),
  fact(CUSTOMER.company, customer.company_name || DASH),
  fact(CUSTOMER.account, account(customer.has_account)),
  fact(CUSTOMER.created, exact(customer.created_at)),
  fact(CUSTOMER.updated, relative(customer.updated_at)),
];

// `edit` and `remove` are what the menu does.
export function customerCard(id, { edit, remove }) {
  const name = h('h1', { id: 'customer-name' });
  const list = h('dl', { class: 'facts six' });
  return {
    element: h('section', { class: 'card general', 'aria-labelledby': 'customer-name' },
      h('div', { class: 'head' },
        h('div', null, name, h('div', { class: 'under' }, idChip(id))),
        h('div', null, menu(CUSTOMER.actions, () => [
          { icon: 'pencil', label: EDIT, keys: ['E'], run: edit },
          '-',
          { icon: 'trash', label: DELETE, danger: true, run: remove },
        ]))),
      list),
    paint(customer) {
      name.textContent = nameOf(customer);
      list.replaceChildren(...facts(customer));
    },
  };
}

const bone = (width) => h('span', { class: `bone ${width}` });
const card = (look, ...content) => h('section', {
  class: `card bones ${look}`, 'aria-hidden': 'true',
}, content);
const head = (...widths) => h('div', { class: 'head' }, h('div', null, widths.map(bone)));
const blank = () => h('div', null, bone('w1'), bone('w2'));

export const customerSkeleton = () => [
  h('h1', { class: 'sr' }, CUSTOMER.loading),
  h('div', { class: 'col' },
    card('general', head('w4', 'w3'),
      h('div', { class: 'facts six' }, Array.from({ length: 6 }, blank))),
    card('tall', head('w2'))),
  h('div', { class: 'col' },
    card('', head('w2'), h('div', { class: 'lines' }, bone('w3'), bone('w4')))),
];
