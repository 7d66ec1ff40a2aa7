// Taking back what was done.
import { plural } from './common.js';

export const UNDO = {
  action: 'Undo',
  done: 'Undone',
  title: 'Undo this change',
  reason: 'This service wants a reason for that as well.',
  question: 'Undo this change?',
  body: (groups) => (groups > 1
    ? `The request changed ${plural(groups, 'group')}. The history keeps that, and adds that you:`
    : 'The history keeps what was done, and adds that you:'),
  more: (number) => `and ${plural(number, 'more', 'more')}`,
  lost: (number) => (number === 1
    ? '1 customer was erased meanwhile and does not come back.'
    : `${plural(number, 'customer')} were erased meanwhile and do not come back.`),
  nothing: 'There is nothing left to undo',
  conflict: 'This can no longer be undone',
  later: 'Later changes stand in the way.',
};
