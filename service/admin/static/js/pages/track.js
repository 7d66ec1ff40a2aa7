// The track of a group's history: a tick per event, a thumb to drag, keys and buttons that step
// event by event, and a field for an exact time.
import { h, icon, oneAtATime } from '../dom.js';
import { day } from '../words/common.js';
import { TRACK } from '../words/past.js';
import { scale } from './trackscale.js';

const LENGTH = 10_000; // of the slider's own scale
const NEAR = 0.008; // of the track: the thumb snaps to a tick
const SHOWN_TICKS = 500;
const LEAP = 10;
const SECOND_MILLISECONDS = 999; // what happened in the second that is typed belongs to it
const STEPS = {
  ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -LEAP, PageUp: LEAP,
  Home: -Infinity, End: Infinity,
};

// For a field of the reader's own time: 2026-11-12T14:00:05
const local = (time) => new Date(time).toLocaleString('sv').replace(' ', 'T');

// `choose(event)` or `choose(instant)` is told what was chosen; `earlier()` is awaited when a step
// leads back beyond the oldest event at hand.
export function historyTrack({ choose, earlier }) {
  let events = []; // oldest first
  let complete = true; // whether the first of all is among them
  let line = null;
  let now = Date.now();
  let at = { place: -1, exact: false }; // the last event by then, and whether it is that very one

  const ticks = h('div', { class: 'ticks', 'aria-hidden': 'true' });
  const slider = h('input', {
    type: 'range',
    min: 0,
    max: LENGTH,
    step: 1,
    'aria-label': TRACK.slider,
    oninput: () => drag(slider.value / LENGTH),
    onkeydown: (event) => {
      const delta = STEPS[event.key];
      if (!delta || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      move(delta);
    },
  });
  const button = (label, image, delta) => h('button', {
    class: 'ibtn line', type: 'button', 'aria-label': label, onclick: () => move(delta),
  }, icon(image));
  const back = button(TRACK.earlier, 'left', -1);
  const on = button(TRACK.later, 'right', 1);
  const exact = h('input', {
    type: 'datetime-local',
    step: 1,
    onchange: () => {
      if (!exact.value || !exact.validity.valid) return;
      choose(new Date(Math.min(Date.parse(exact.value) + SECOND_MILLISECONDS, Date.now()))
        .toISOString());
    },
  });
  const first = h('span');
  const element = h('div', { class: 'track', hidden: true },
    back,
    h('div', { class: 'rule' }, ticks, slider,
      h('p', { class: 'ends', 'aria-hidden': 'true' }, first, h('span', null, TRACK.now))),
    on,
    h('label', { class: 'exact' }, h('span', null, TRACK.exact), exact));

  function drag(place) {
    const near = line.places.findIndex((each) => Math.abs(each - place) < NEAR);
    if (near >= 0) choose(events[near]);
    else choose(new Date(Math.min(line.timeAt(place), now)).toISOString());
  }

  // From between two events the first step goes to the nearer one in that direction.
  async function step(delta) {
    const before = () => (at.exact || delta > 0 ? at.place : at.place + 1);
    if (delta === -1 && before() < 1 && !complete) await earlier();
    const from = before();
    const to = Math.min(Math.max(from + delta, 0), events.length - 1);
    if (to !== at.place || !at.exact) choose(events[to]);
  }

  const move = oneAtATime(step);

  // A place that is ticked already needs no second tick.
  function paintTicks() {
    const shown = new Map(line.places.map((place) => [Math.round(place * SHOWN_TICKS), place]));
    ticks.replaceChildren(...[...shown.values()].map((place) => {
      const tick = h('i');
      tick.style.setProperty('--at', place);
      return tick;
    }));
  }

  return {
    element,
    // The events at hand, oldest first, `whole` if none is missing.
    set(known, whole) {
      events = known;
      complete = whole;
      now = Date.now();
      const times = events.map(({ time }) => Date.parse(time));
      line = scale(times, now);
      first.textContent = (whole ? TRACK.created : TRACK.more)(day(events[0].time));
      exact.min = whole ? local(times[0]) : '';
      exact.max = local(now);
      paintTicks();
      element.hidden = false;
    },
    // Where it stands: after the event at `place` (-1: before all), at `time`.
    stand(place, time, isExact) {
      at = { place, exact: isExact };
      const event = events[place];
      if (document.activeElement !== exact) exact.value = local(time);
      slider.value = Math.round((isExact ? line.places[place] : line.placeOf(time)) * LENGTH);
      const last = events.at(-1).data.version;
      slider.ariaValueText = event
        ? TRACK.value(event, TRACK.place(event.data.version, last)) : day(time);
      const done = slider.value / LENGTH;
      ticks.style.setProperty('--done', done);
      back.disabled = complete && place <= 0 && (isExact || place < 0);
      on.disabled = place === events.length - 1;
    },
  };
}
