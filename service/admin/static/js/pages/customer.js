// One customer: General, its groups, and its metadata to read; kept as it is on the server.
import { customerPath, get } from '../api.js';
import { h, oneAtATime } from '../dom.js';
import { bind } from '../keys.js';
import { follow } from '../live.js';
import { go, keptQuery } from '../router.js';
import { CUSTOMER, CUSTOMERS, nameOf } from '../words/customers.js';
import { MISSING } from '../words/session.js';
import { customerCard, customerSkeleton } from './customercards.js';
import { groupsSection } from './groupsof.js';
import { metadataCard } from './metadatacard.js';
import { brokenCard, missingCard } from './missing.js';

const LIST = '/customers';
const crumbs = (label) => [[CUSTOMERS.title, LIST], [label]];

export function open({ params: { id }, frame }) {
  const here = `${LIST}/${encodeURIComponent(id)}`;
  const opening = (modal) => () => { if (customer) go(`${here}/${modal}${keptQuery()}`); };
  const main = h('main', { id: 'main', tabindex: '-1', class: 'two' }, customerSkeleton());
  const ready = Promise.withResolvers();
  let customer = null;
  let image = ''; // of what is painted
  let over = false; // left, deleted or never there: nothing is asked any more
  let deleting = false;

  const page = {
    title: CUSTOMER.title,
    crumbs: crumbs('…'),
    main,
    ready: ready.promise,
    get customer() { return customer; },
    update: () => groups.sync(),
    refresh: () => Promise.all([load().catch(() => {}), groups.reload()]),
    close,
  };

  // Nothing is asked while the prompt is open: the page is to be left, not to turn into "missing".
  const remove = oneAtATime(async () => {
    const { deleteCustomer } = await import('./customerremove.js');
    deleting = true;
    const gone = await deleteCustomer(customer);
    deleting = false;
    if (!gone) return;
    close();
    go(LIST, { replace: true });
  });

  const general = customerCard(id, { edit: opening('edit'), remove });
  const groups = groupsSection({ id, page });
  const metadata = metadataCard(null, CUSTOMER.noMetadata);
  const undo = [
    bind('e', opening('edit'), { label: CUSTOMER.editKey }),
    bind('a', opening('add-groups'), { label: CUSTOMER.addToGroups }),
    () => groups.close(),
    follow(() => groups.refresh()),
  ];

  function name(words) {
    frame.title(words);
    frame.crumbs(crumbs(words));
  }

  function paint() {
    name(nameOf(customer));
    general.paint(customer);
    metadata.paint(customer.metadata);
  }

  function missing() {
    close();
    name(MISSING.title);
    main.classList.remove('two');
    main.replaceChildren(missingCard({ text: MISSING.customer, to: LIST }));
    ready.resolve(false);
  }

  // Reads the customer again and paints what changed.
  async function load() {
    let answer;
    try {
      answer = await get(customerPath(id));
    } catch (error) {
      if (over) return;
      if (error.status !== 404) throw error;
      missing();
    }
    if (over) return;
    ({ customer } = answer);
    const fresh = JSON.stringify(customer);
    if (fresh !== image) paint();
    image = fresh;
  }

  async function first() {
    try {
      await load();
      if (over) return;
      main.replaceChildren(
        h('div', { class: 'col' }, general.element, groups.element),
        h('div', { class: 'col' }, metadata.element));
      undo.push(follow(async () => {
        if (!deleting) await load();
      }, { poll: true }));
      ready.resolve(true);
      await groups.loaded;
    } catch (error) {
      main.replaceChildren(brokenCard(error, first, CUSTOMER.failed));
    }
  }

  function close() {
    over = true;
    undo.forEach((each) => each());
  }

  page.loaded = first();
  return page;
}
