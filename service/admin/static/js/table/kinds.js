// The kinds of filter: how a value is read from and written to the address, asked of the API, and
// told on its chip.
import { CHOICE, COUNT } from '../words/filters.js';
import { bounds, dates } from './dates.js';
import { groupName } from './groupnames.js';

const whole = (number) => (Number.isSafeInteger(number) && number >= 0 ? number : undefined);

const choice = {
  read: (text, { options }) => (options.some(([value]) => value === text) ? text : undefined),
  write: (value) => value,
  query: (value) => value,
  words: (value, { options }) => options.find(([each]) => each === value)[1],
};

const count = {
  read: (text) => bounds(text, whole),
  write: JSON.stringify,
  query: (value) => value,
  words({ $gte, $lte }) {
    if ($lte === undefined) return COUNT.atLeast($gte);
    return $gte === undefined ? COUNT.atMost($lte) : COUNT.between($gte, $lte);
  },
};

const groups = {
  read: (text) => text.split(',').filter(Boolean).slice(0, 100),
  write: (value) => value.join(','),
  query: (value) => value,
  words: (value) => (value.length === 1 && groupName(value[0])) || CHOICE.many(value.length),
};

export const KINDS = { dates, choice, count, groups };
