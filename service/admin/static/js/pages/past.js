// A customer group as it was: read-only, with a track through its history.
import { call, groupPath } from '../api.js';
import { h, icon } from '../dom.js';
import { announce } from '../overlay.js';
import { current, href, setQuery } from '../router.js';
import { minute, moment, TITLE } from '../words/common.js';
import { PAST } from '../words/past.js';
import { skeleton } from './bones.js';
import { generalCard } from './general.js';
import { historyCard } from './historycard.js';
import { jsonCard } from './json.js';
import { metadataCard } from './metadatacard.js';
import { pastEvents } from './pastevents.js';
import { pastMembers } from './pastmembers.js';
import { historyTrack } from './track.js';

const LIST = '/customer-groups';
const QUERY = { fields: '+customers_count,+version' };
const PAUSE_MILLISECONDS = 80; // between two steps of somebody who runs through the history

const isPosition = (asOf) => /^\d+$/.test(asOf);

// A plus sign that somebody wrote into the address is read as a blank.
const wantedBy = (query) => query.get('as_of')?.replace(/ (?=\d\d:\d\d$)/, '+');

export function open({ params: { id }, query, frame }) {
  const here = `${LIST}/${encodeURIComponent(id)}`;
  const main = h('main', { id: 'main', tabindex: '-1', class: 'past two' });
  const events = pastEvents(id);
  let asOf = wantedBy(query);
  let turn = 0; // counts questions, so that late answers are known as such
  let timer;
  let over = false;
  let since = null; // the comparison with now, while it is wanted

  const isHere = () => current().path === here && current().query.has('as_of');

  const words = h('p');
  const compare = h('button', {
    class: 'btn', type: 'button', 'aria-pressed': String(query.has('compare')), onclick: toggle,
  }, PAST.compare);
  const track = historyTrack({ choose, earlier });
  const band = h('section', { class: 'band', 'aria-label': PAST.label },
    icon('clock'), words,
    h('div', { class: 'actions' }, compare, h('a', { class: 'btn', href: href(here) }, PAST.back)),
    track.element);

  const general = generalCard(id);
  const metadata = metadataCard(null);
  const history = historyCard(id);
  const json = jsonCard();
  const members = pastMembers({ id, asOf: () => asOf });
  const columns = [
    h('div', { class: 'col' }, general.element, members.element),
    h('div', { class: 'col' }, metadata.element, history.element, json.element),
  ];

  function show(...content) {
    main.ariaBusy = 'false';
    if (main.childElementCount === content.length + 1
      && content.every((each) => each.isConnected)) return;
    while (band.nextSibling) band.nextSibling.remove(); // the band keeps the focus it may have
    main.append(...content);
  }

  function named(name) {
    frame.title(PAST.title(name));
    frame.crumbs([[TITLE, LIST], [name]]);
  }

  // The last event by the moment that is shown: its place in the list, -1 before all.
  function placeOf(position) {
    const by = isPosition(asOf) || position
      ? ({ data }) => data.position <= (position || Number(asOf))
      : ({ time }) => Date.parse(time) <= Date.parse(asOf);
    return events.list.findLastIndex(by);
  }

  // Says what moment it is: at once by what is known here, then by the position that was used.
  function stand(position) {
    const place = events.list.length ? placeOf(position) : -1;
    const event = events.list[place];
    const exact = isPosition(asOf) && event?.data.position === Number(asOf);
    const time = exact ? event.time : !isPosition(asOf) && asOf;
    const known = time && !Number.isNaN(Date.parse(time));
    words.replaceChildren(PAST.before,
      h('b', null, known ? moment(time) : PAST.at(asOf)),
      exact ? PAST.after(event) : '', PAST.still);
    frame.asOf(known ? PAST.dot(minute(time)) : PAST.dot(PAST.at(asOf)));
    if (!events.list.length || (!known && !event)) return;
    track.stand(place, Date.parse(known ? time : event.time), exact);
    history.show(events.list.slice(0, place + 1).toReversed());
  }

  function choose(what) {
    asOf = String(what.data?.position ?? what);
    stand();
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!isHere()) return; // somebody leaves, and the next page is on its way
      setQuery({ as_of: asOf }, { replace: true }); // browsers allow only so many a second
      load();
    }, PAUSE_MILLISECONDS);
  }

  async function compared(group) {
    if (compare.ariaPressed === 'false') since = null;
    else {
      since ??= (await import('./comparison.js')).comparison(id);
      await since.show(group);
    }
  }

  function toggle() {
    compare.ariaPressed = String(compare.ariaPressed === 'false');
    setQuery({ compare: compare.ariaPressed === 'true' ? '1' : null }, { replace: true });
    load();
  }

  async function earlier() {
    await events.load(() => true);
    track.set(events.list, events.whole);
    stand();
  }

  async function load() {
    turn += 1;
    const mine = turn;
    const late = () => over || mine !== turn;
    main.ariaBusy = 'true';
    try {
      const { body: { customer_group: group }, position } = await call('GET', groupPath(id), {
        query: { ...QUERY, as_of: asOf },
      });
      if (late()) return;
      general.paint(group, events.list.slice(0, placeOf(position) + 1).toReversed());
      metadata.paint(group.metadata);
      json.paint(group);
      named(group.name);
      stand(position);
      await compared(group);
      if (late()) return;
      show(...[since?.element, ...columns].filter(Boolean));
      announce(words.textContent);
      await members.reload();
    } catch (error) {
      if (!late()) await absent(error, late);
    }
  }

  async function absent(error, late) {
    const { absentCard } = await import('./absent.js');
    if (late()) return;
    const unknown = error.status === 404 && !events.list.length;
    band.hidden = unknown;
    const created = placeOf() < 0 && events.list[0]?.time;
    show(absentCard(error, { unknown, created, again: load }));
  }

  // The events first: they say where on the track it stands, and who did what.
  async function first() {
    main.replaceChildren(band, ...skeleton());
    main.ariaBusy = 'true';
    stand();
    await events.load(({ data, time }) => (isPosition(asOf)
      ? data.position <= Number(asOf) : !(Date.parse(time) > Date.parse(asOf)))).catch(() => {});
    if (over) return;
    if (events.list.length) {
      named(events.list.findLast(({ data }) => data.name)?.data.name ?? TITLE);
      track.set(events.list, events.whole);
      stand();
    }
    await load();
  }

  return {
    title: PAST.title(TITLE),
    crumbs: [[TITLE, LIST], ['…']],
    main,
    ready: Promise.resolve(false),
    loaded: first(),
    // Back and Forward, or a link to another moment.
    update() {
      const wanted = wantedBy(current().query);
      if (wanted === asOf) members.sync();
      else {
        asOf = wanted;
        stand();
        load();
      }
    },
    close() {
      over = true;
      clearTimeout(timer);
      members.close();
      json.close();
    },
  };
}
