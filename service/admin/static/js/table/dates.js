// Date filters. In the address a preset ("7d", so that it still reads so tomorrow) or calendar
// days of the reader; for the API instants.
import { day } from '../words/common.js';
import { DATES } from '../words/filters.js';

const SPANS = { '1d': [0, 0], '7d': [7, 0], '30d': [30, 0], '90d': [90, 0], '12m': [0, 12] };
const SHAPE = /^\d{4}-\d\d-\d\d$/;
export const FIRST_DAY = '1970-01-01';

const start = (date) => new Date(`${date}T00:00:00`);
const end = (date) => new Date(`${date}T23:59:59.999`);
const local = (instant) => instant.toLocaleDateString('sv'); // 2025-03-12

// A calendar day from a day or an instant; undefined for anything else.
function calendarDay(text) {
  if (typeof text !== 'string') return undefined;
  const instant = SHAPE.test(text) ? start(text) : new Date(text);
  if (Number.isNaN(instant.getTime())) return undefined;
  const found = local(instant);
  const kept = SHAPE.test(found) && found >= FIRST_DAY && (!SHAPE.test(text) || found === text);
  return kept ? found : undefined;
}

// { $gte, $lte } of which one may be missing; `each` reads one bound.
export function bounds(text, each) {
  const given = JSON.parse(text);
  const names = Object.keys(given);
  if (!names.length || names.some((name) => name !== '$gte' && name !== '$lte')) return undefined;
  const value = Object.fromEntries(names.map((name) => [name, each(given[name])]));
  const wrong = Object.values(value).includes(undefined) || value.$gte > value.$lte;
  return wrong ? undefined : value;
}

function firstDay(preset) {
  const [daysBack, monthsBack] = SPANS[preset];
  const first = new Date();
  first.setHours(0, 0, 0, 0);
  first.setDate(first.getDate() - daysBack);
  first.setMonth(first.getMonth() - monthsBack);
  return first;
}

export const dates = {
  read: (text) => (Object.hasOwn(SPANS, text) ? text : bounds(text, calendarDay)),
  write: (value) => (typeof value === 'string' ? value : JSON.stringify(value)),
  query(value) {
    if (typeof value === 'string') return { $gte: firstDay(value).toISOString() };
    const { $gte, $lte } = value;
    return {
      ...($gte && { $gte: start($gte).toISOString() }),
      ...($lte && { $lte: end($lte).toISOString() }),
    };
  },
  words(value) {
    if (typeof value === 'string') return DATES.presets.find(([name]) => name === value)[1];
    const [from, to] = [value.$gte, value.$lte].map((date) => date && day(start(date)));
    if (!to) return DATES.since(from);
    return from ? DATES.between(from, to) : DATES.until(to);
  },
};
