// What the palette finds: commands by their words, groups and customers by asking the service.
import { CUSTOMERS, GROUPS, get } from './api.js';
import { failed } from './overlay.js';
import { recentGroups, refreshRecent, remember } from './recent.js';
import { current, go, keptQuery } from './router.js';
import { session, signOut } from './session.js';
import { setTheme } from './theme.js';
import { COMMANDS, PALETTE } from './words/palette.js';

const FEW = 3;
const MANY = 20;
const LIST = '/customer-groups';

const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
const fits = (query) => ({ label, also = '' }) => {
  const text = `${label} ${also}`.toLowerCase();
  return words(query).every((word) => text.includes(word));
};

// Which group or customer is open, by the address.
export function opened() {
  const [, section, id] = current().path.split('/');
  return id && id !== 'create' ? { section, id: decodeURIComponent(id) } : {};
}

const to = (label, path, image, more) =>
  ({ key: path, label, image, run: () => go(path), ...more });

// Over the page that is open, a modal keeps its filters.
const over = (label, path, image, more) =>
  ({ key: path, label, image, run: () => go(path + keptQuery()), ...more });

function here(name) {
  const { section, id } = opened();
  if (!id) return [];
  const base = `/${section}/${encodeURIComponent(id)}`;
  if (`/${section}` !== LIST) {
    return [over(COMMANDS.editCustomer, `${base}/edit`, 'pencil'),
      over(COMMANDS.addGroups, `${base}/add-groups`, 'plus')];
  }
  const called = name ?? COMMANDS.thisGroup;
  const history = to(COMMANDS.history(called), `${base}/history`, 'history', {
    also: 'events log audit',
  });
  if (current().query.has('as_of')) return [history, to(COMMANDS.now(called), base, 'clock')];
  return [
    over(COMMANDS.rename(called), `${base}/edit`, 'pencil', { also: 'edit', keys: ['E'] }),
    over(COMMANDS.addCustomers(called), `${base}/add-customers`, 'plus', { keys: ['A'] }),
    over(COMMANDS.metadata(called), `${base}/metadata/edit`, 'pencil'),
    history,
    to(COMMANDS.importList(called), `${base}/import`, 'above', { also: 'csv paste' }),
  ];
}

const theme = (name) =>
  ({ key: name, label: COMMANDS[name], image: 'check', also: 'colour', run: () => setTheme(name) });

const showShortcuts = async () => (await import('./shortcuts.js')).openShortcuts();

// `name` of the open group, once it is known.
export function commands(query, name) {
  return [
    ...here(name),
    to(COMMANDS.groups, LIST, 'users', { keys: ['G', 'G'] }),
    to(COMMANDS.customers, '/customers', 'users', { keys: ['G', 'U'] }),
    to(COMMANDS.createGroup, `${LIST}/create`, 'plus', { also: 'new' }),
    to(COMMANDS.createCustomer, '/customers/create', 'plus', { also: 'new' }),
    theme('light'), theme('dark'), theme('system'),
    {
      key: 'shortcuts', label: COMMANDS.shortcuts, image: 'keyboard', keys: ['?'],
      run: showShortcuts,
    },
    {
      key: 'exit', label: COMMANDS.signOut, image: 'exit', also: session.user?.email,
      run: () => signOut().catch(failed),
    },
  ].filter(fits(query));
}

const groupHit = ({ id, name, customers_count: count }) => ({
  ...to(name, `${LIST}/${encodeURIComponent(id)}`, 'users'),
  note: count === undefined ? '' : PALETTE.members(count),
  run: () => {
    remember({ id, name });
    return go(`${LIST}/${encodeURIComponent(id)}`);
  },
});

const customerHit = ({ id, email, first_name: first, last_name: last, company_name: company }) => {
  const name = [first, last].filter(Boolean).join(' ');
  return {
    ...to(email ?? (name || id), `/customers/${encodeURIComponent(id)}`, 'users'),
    note: email ? name || company || '' : '',
    also: `${name} ${company ?? ''}`,
  };
};

export const recent = () => recentGroups().filter(({ id }) => id !== opened().id).map(groupHit);

// Asks for the open group and the recent ones at once; answers the open one's name.
export async function refreshKnown(signal) {
  const { section, id } = opened();
  const asked = recentGroups().map((each) => each.id);
  if (`/${section}` === LIST) asked.push(id);
  if (!asked.length) return undefined;
  const query = { id: asked, fields: 'id,name', limit: asked.length };
  const { customer_groups: groups } = await get(GROUPS, query, { signal });
  refreshRecent(groups);
  return groups.find((each) => each.id === id)?.name;
}

// Groups or customers for a query: { hits, count }; without one, by name or the newest.
export async function search(area, query, { alone, signal }) {
  const limit = alone ? MANY : FEW;
  const asked = { q: query.trim() || null, limit };
  if (area === 'groups') {
    const fields = 'id,name,customers_count';
    const answer = await get(GROUPS, { ...asked, order: 'name', fields }, { signal });
    return { hits: answer.customer_groups.map(groupHit), count: answer.count };
  }
  const fields = 'id,email,first_name,last_name,company_name';
  const order = query.trim() ? 'email' : '-created_at';
  const answer = await get(CUSTOMERS, { ...asked, order, fields }, { signal });
  return { hits: answer.customers.map(customerHit), count: answer.count };
}

export const shownOf = (hits, alone) => hits.slice(0, alone ? MANY : FEW);

// Hits of an earlier query that fit the present one, until the answer is there.
export const stillFitting = (hits, query) => hits.filter(fits(query));
