// One customer group: General, Customers, Metadata, History, JSON; kept as it is on the server.
import { call, get, groupPath } from '../api.js';
import { h, oneAtATime } from '../dom.js';
import { bind } from '../keys.js';
import { follow } from '../live.js';
import { go, keptQuery } from '../router.js';
import { TITLE } from '../words/common.js';
import { GENERAL } from '../words/detail.js';
import { MISSING } from '../words/session.js';
import { skeleton } from './bones.js';
import { generalCard } from './general.js';
import { historyCard } from './historycard.js';
import { jsonCard } from './json.js';
import { membersSection } from './members.js';
import { metadataCard } from './metadatacard.js';
import { brokenCard, missingCard } from './missing.js';

const LIST = '/customer-groups';
const QUERY = { fields: '+customers_count,+version' };

export function open({ params: { id }, frame }) {
  const here = `${LIST}/${encodeURIComponent(id)}`;
  const opening = (modal) => () => { if (group) go(`${here}/${modal}${keptQuery()}`); };
  const ready = Promise.withResolvers();
  const loaded = Promise.withResolvers();
  const main = h('main', { id: 'main', tabindex: '-1' });
  let group = null;
  let etag = null;
  let events = []; // the newest of its history
  let shows = '';
  let deleting = false; // nothing is asked then: the page is to be left, not to say "deleted"
  let over = false; // left, deleted or never there: nothing is asked any more

  const page = {
    title: TITLE,
    crumbs: [[TITLE, LIST], ['…']],
    main,
    ready: ready.promise,
    loaded: loaded.promise,
    get group() { return group; },
    update: () => members.sync(),
    refresh: () => load().catch(() => {}), // the page asks again by itself
    close,
  };

  const drop = oneAtATime(async () => {
    const { deleteGroup } = await import('./remove.js');
    deleting = true;
    const sure = await deleteGroup(group, () => go(here));
    deleting = false;
    if (!sure) {
      load({ quiet: true }).catch(() => {});
      return;
    }
    close();
    go(LIST, { replace: true });
  });

  const general = generalCard(id, () => [
    { icon: 'pencil', label: GENERAL.edit, keys: ['E'], run: opening('edit') },
    { icon: 'history', label: GENERAL.history, run: () => go(`${here}/history`) },
    events.length && {
      icon: 'clock', label: GENERAL.asOf, run: () => go(`${here}?as_of=${events[0].data.position}`),
    },
    '-',
    { icon: 'trash', label: GENERAL.drop, danger: true, run: drop },
  ].filter(Boolean));
  const metadata = metadataCard(here);
  const history = historyCard(id);
  const json = jsonCard();
  const members = membersSection({ id, page, onCount: (number) => general.count(number) });
  const columns = [
    h('div', { class: 'col' }, general.element, members.element),
    h('div', { class: 'col' }, metadata.element, history.element, json.element),
  ];
  const keys = [
    bind('e', opening('edit'), { label: GENERAL.edit }),
    bind('a', opening('add-customers'), { label: GENERAL.add }),
  ];

  function show(what, ...content) {
    if (shows === what) return;
    const held = main.contains(document.activeElement);
    shows = what;
    main.ariaBusy = String(what === 'bones');
    main.classList.toggle('two', content.length > 1);
    main.replaceChildren(...content);
    if (held) main.focus({ preventScroll: true });
  }

  function name(words) {
    frame.title(words);
    frame.crumbs([[TITLE, LIST], [words]]);
  }

  async function paint() {
    general.paint(group, events);
    metadata.paint(group.metadata);
    json.paint(group);
    name(group.name);
    show('group', ...columns);
    ready.resolve(true);
    events = await history.refresh();
    if (!over) general.paint(group, events);
    loaded.resolve();
  }

  // Asks for the group; `quiet` asks for what is new, and what somebody reads does not shift.
  async function load({ quiet = false } = {}) {
    const was = shows;
    try {
      const headers = quiet && etag ? { 'If-None-Match': etag } : {};
      const answer = await call('GET', groupPath(id), { query: QUERY, headers });
      if (over) return;
      if (answer.status === 304) return;
      if (group && answer.body.customer_group.version < group.version) return; // overtaken
      etag = answer.etag;
      group = answer.body.customer_group;
      await Promise.all([paint(), was !== 'bones' && members.refresh({ quiet })])
        .catch((error) => {
          etag = null; // not all of that version is shown
          throw error;
        });
    } catch (error) {
      if (over) return;
      if (error.status === 404) await gone();
      else if (group) throw error;
      else {
        show('failed', brokenCard(error, load));
        throw error;
      }
    }
  }

  async function gone() {
    const query = { type: 'GroupDeleted', limit: 1 };
    const { events: [end] } = await get(`${groupPath(id)}/history`, query).catch((error) => {
      if (error.status !== 404) throw error;
      return { events: [] };
    });
    const last = end && await (await import('./deleted.js')).deletedGroup(id, end, frame.again);
    if (over) return;
    close();
    ready.resolve(false);
    if (last) {
      name(last.name);
      show('deleted', ...last.columns);
      stop = follow(last.look, { group: id });
      await last.loaded;
    } else {
      name(MISSING.title);
      show('missing', missingCard({ text: MISSING.group }));
    }
    loaded.resolve();
  }

  function close() {
    over = true;
    stop();
    keys.forEach((unbind) => unbind());
    members.close();
    json.close();
  }

  let stop = follow(async () => {
    if (!deleting) await load({ quiet: true });
  }, { group: id });
  show('bones', ...skeleton());
  load().catch(() => {});
  return page;
}
