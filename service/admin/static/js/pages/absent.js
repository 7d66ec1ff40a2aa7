// What stands in place of a group at a moment at which there was none.
import { h } from '../dom.js';
import { announce } from '../overlay.js';
import { moment } from '../words/common.js';
import { PAST } from '../words/past.js';
import { MISSING } from '../words/session.js';
import { brokenCard, missingCard, notice } from './missing.js';

function card(title, text) {
  announce(title);
  return h('section', { class: 'card', 'aria-label': title },
    h('h1', { class: 'sr' }, title), notice({ image: 'clock', title, text }));
}

// `unknown`: there never was such a group. `created` is when it came to be, if that was later.
// `again()` tries again.
export function absentCard(error, { unknown, created, again }) {
  if (unknown) return missingCard({ text: MISSING.group });
  if (error.status === 400) return card(PAST.unknown, error.message);
  if (error.status !== 404) return brokenCard(error, again);
  if (created) return card(PAST.notYet, PAST.notYetText(moment(created)));
  return card(PAST.gone, PAST.goneText);
}
