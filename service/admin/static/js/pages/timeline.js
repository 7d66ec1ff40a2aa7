// Entries of a history, newest first, grouped by day.
import { h } from '../dom.js';
import { menu } from '../menu.js';
import { toast } from '../overlay.js';
import { go } from '../router.js';
import { moment } from '../words/common.js';
import { kindOf } from '../words/history.js';
import { dayTitle, TIMELINE, timeOfDay } from '../words/timeline.js';
import { copied } from './copy.js';
import { relative } from './general.js';
import { entryBody } from './historyentry.js';

const WEEK_MILLISECONDS = 7 * 86_400_000;

// Under the heading of a day that is long past, the time of day says more than the day again.
const when = (instant) => (Date.now() - Date.parse(instant) < WEEK_MILLISECONDS
  ? relative(instant)
  : h('time', { datetime: instant, title: moment(instant) }, timeOfDay(instant)));

// `here` is the path of the group's page; `undo(event)` asks first.
function actions(event, here, undo) {
  const { position, version } = event.data;
  const copy = async () => {
    if (await copied(event.id)) toast(TIMELINE.copied);
  };
  return menu(TIMELINE.actions(version), () => [
    kindOf(event) !== 'GroupDeleted' && {
      icon: 'clock', label: TIMELINE.asOf, run: () => go(`${here}?as_of=${position}`),
    },
    { icon: 'copy', label: TIMELINE.copy, run: copy },
    '-',
    { icon: 'undo', label: TIMELINE.undo, run: () => undo(event) },
  ].filter(Boolean));
}

const bones = () => h('ol', { class: 'events', 'aria-hidden': 'true' },
  Array.from({ length: 6 }, () => h('li', null, h('div', null, h('span', { class: 'bone w4' })))));

export function timeline({ here, undo }) {
  const known = new Map(); // events never change, so neither do their entries
  const element = h('div', { class: 'days' }, h('section', null, bones()));
  let sections = [];

  function entryOf(event) {
    if (!known.has(event.id)) {
      known.set(event.id, h('li', null,
        h('div', null, entryBody(event, { unfolded: true })),
        when(event.time),
        h('div', null, actions(event, here, undo))));
    }
    return known.get(event.id);
  }

  function day(title, at) {
    const id = `day-${at}`;
    const list = h('ol', { class: 'events' });
    const section = h('section', { 'aria-labelledby': id }, h('h2', { id }, title), list);
    return { title, list, section };
  }

  return {
    element,
    // The days are made anew; the entries stay, and with them what is unfolded.
    show(events) {
      const focused = document.activeElement;
      sections = [];
      for (const event of events) {
        const title = dayTitle(event.time);
        if (sections.at(-1)?.title !== title) sections.push(day(title, sections.length));
        sections.at(-1).list.append(entryOf(event));
      }
      element.replaceChildren(...sections.map(({ section }) => section));
      if (element.contains(focused)) focused.focus({ preventScroll: true });
    },
  };
}
