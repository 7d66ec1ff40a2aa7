// The filters of tables.
import { grouped, plural } from './common.js';

export const CHIP = {
  label: (name) => `${name} filter`,
  drop: (name) => `Drop ${name} filter`,
  choose: 'Choose',
};

export const DATES = {
  presets: [
    ['1d', 'Today'],
    ['7d', 'Last 7 days'],
    ['30d', 'Last 30 days'],
    ['90d', 'Last 90 days'],
    ['12m', 'Last 12 months'],
  ],
  from: 'From',
  to: 'To',
  since: (day) => `From ${day}`,
  until: (day) => `Until ${day}`,
  between: (from, to) => (from === to ? from : `${from} – ${to}`),
  wrong: 'Give a date from 1970 on; From must not be after To',
};

export const COUNT = {
  least: 'At least',
  most: 'At most',
  atLeast: (number) => `At least ${grouped(number)}`,
  atMost: (number) => `At most ${grouped(number)}`,
  between: (least, most) => (least === most
    ? grouped(least)
    : `${grouped(least)} – ${grouped(most)}`),
  wrong: 'Give whole numbers from 0; At least must not exceed At most',
};

export const CHOICE = {
  search: 'Search groups',
  list: 'Groups',
  none: 'No groups found',
  many: (number) => plural(number, 'group'),
};
