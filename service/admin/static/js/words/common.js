// Numbers, dates and the words that every page uses. Times are shown in the reader's own zone.
const numbers = new Intl.NumberFormat('en-GB');
const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const moments = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', year: 'numeric',
  hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short',
});
const minutes = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit',
});
const relative = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' });
const STEPS = [['second', 60], ['minute', 60], ['hour', 24], ['day', 7]];

// Three letters for every month; en-GB alone would say "Sept".
const short = (text) => text.replace('Sept', 'Sep');

export const grouped = (number) => numbers.format(number);
export const plural = (number, one, many = `${one}s`) =>
  `${grouped(number)} ${number === 1 ? one : many}`;
export const day = (instant) => short(days.format(new Date(instant)));
export const minute = (instant) => short(minutes.format(new Date(instant)));
export const moment = (instant) => short(moments.format(new Date(instant)));

// "2 hours ago"; a date once a week has passed.
export function ago(instant, now = Date.now()) {
  let size = (new Date(instant) - now) / 1000;
  for (const [unit, next] of STEPS) {
    if (Math.abs(size) < next) {
      return unit === 'second' ? 'just now' : relative.format(Math.trunc(size), unit);
    }
    size /= next;
  }
  return day(instant);
}

export const DASH = '–';
export const TITLE = 'Customer Groups';
export const CREATE = 'Create';
export const DELETE = 'Delete';
export const EDIT = 'Edit';
export const CLEAR = 'Clear';
export const TRY_AGAIN = 'Try again';
export const UNREACHABLE = 'The service cannot be reached. Check the connection and try again.';
export const NOT_UNDERSTOOD = 'The service gave an answer that this page does not understand.';
export const RECONNECTING = 'The service is not available just now. This page goes on by itself.';
export const COPIED = 'Copied';
export const NOT_COPIED = 'The browser does not let this page copy. Select and copy by hand.';
