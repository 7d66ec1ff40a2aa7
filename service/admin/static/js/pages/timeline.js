// Entries of a history, newest first, grouped by day.
import { h, place } from '../dom.js';
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
  const days = new Map(); // title -> { section, list }

  function entryOf(event) {
    if (!known.has(event.id)) {
      known.set(event.id, h('li', null,
        h('div', null, entryBody(event, { unfolded: true })),
        when(event.time),
        h('div', null, actions(event, here, undo))));
    }
    return known.get(event.id);
  }

  function dayOf(title) {
    if (!days.has(title)) {
      const id = `day-${days.size}`;
      const list = h('ol', { class: 'events' });
      const section = h('section', { 'aria-labelledby': id }, h('h2', { id }, title), list);
      days.set(title, { section, list });
    }
    return days.get(title);
  }

  return {
    element,
    show(events) {
      const byDay = Map.groupBy(events, ({ time }) => dayTitle(time));
      place(element, [...byDay].map(([title, those]) => {
        const { section, list } = dayOf(title);
        place(list, those.map(entryOf));
        return section;
      }));
    },
    focus(event) {
      known.get(event.id).querySelector('summary, button').focus();
    },
  };
}
