// A group as it was.
import { grouped, moment } from './common.js';
import { sentence, who } from './history.js';

export const PAST = {
  label: 'Seen as of',
  before: 'As it was on ',
  after: (event) => `, after ${who(event.actor)} ${sentence(event)}`,
  at: (asOf) => (/^\d+$/.test(asOf)
    ? `position ${grouped(Number(asOf))} of the log` : `“${asOf}”`),
  still: '. Nothing can be changed here.',
  back: 'Back to now',
  compare: 'Compare with now',
  dot: (when) => `As of ${when}`,
  title: (name) => `${name} as it was`,
  notYet: 'The group did not exist yet',
  notYetText: (time) => `It was created on ${time}.`,
  gone: 'The group was deleted by then',
  goneText: 'Go back on the track to see it as it was before.',
  unknown: 'This moment cannot be shown',
  none: 'No customers at that time',
  noneText: 'Nobody was in the group then.',
};

export const TRACK = {
  slider: 'Moment in the history of the group',
  earlier: 'Earlier event',
  later: 'Later event',
  exact: 'Exact time',
  now: 'Now',
  created: (day) => day,
  more: (day) => `${day} and earlier`,
  place: (number, count) => `event ${grouped(number)} of ${grouped(count)}`,
  value: (event, place) =>
    `${moment(event.time)}: ${who(event.actor)} ${sentence(event)}, ${place}`,
};
