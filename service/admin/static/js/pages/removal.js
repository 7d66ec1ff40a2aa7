// The prompt that takes rows out: customers out of a group, or groups off a customer.
import { ask } from '../dialogs.js';
import { h } from '../dom.js';
import { LEAVING, REMOVING } from '../words/removal.js';
import { membershipChange } from './changes.js';
import { fullName, personName } from './people.js';
import { toastUndo } from './undo.js';

const NAMED = 3;

const KINDS = {
  customers: {
    words: REMOVING,
    line: (person) => [h('b', null, personName(person)),
      person.email && h('span', null, fullName(person))],
  },
  groups: { words: LEAVING, line: (group) => h('b', null, group.name) },
};

// `chosen` are rows of the table `rows`; `what` they are: customers or groups; `from` is the name
// of the group that they leave, or of the customer. `after(shown)` makes the page fresh and calls
// `shown` once the table is. The focus then lands on the row that took the place, else on `title`.
export async function takeOut({ what, chosen, rows, path, from, title, after }) {
  if (!chosen.length) return;
  const { words, line } = KINDS[what];
  const ids = chosen.map((row) => row.id);
  const at = rows.state.rows.findIndex((row) => ids.includes(row.id));
  const more = chosen.length - NAMED;
  const change = membershipChange(path, 'remove', ids);
  let outcome;
  const sure = await ask({
    title: words.title(ids.length),
    body: words.body(ids.length, from),
    details: h('ul', null,
      chosen.slice(0, NAMED).map((row) => h('li', null, line(row))),
      more > 0 && h('li', { class: 'rest' }, words.more(more))),
    run: async (options) => { outcome = await change(options); },
  });
  if (!sure) return;
  rows.picked.drop(chosen);
  await after(() => {
    if (!rows.focusRow(Math.max(at, 0))) title.focus();
    toastUndo(words.done(outcome), { requests: outcome.requests, after: () => after() });
  });
}
