// Adding and removing memberships, and taking back what was just done.
import { sender } from '../api.js';
import { failed, toast } from '../overlay.js';
import { UNDO } from '../words/removal.js';

const MOST_IDS = 10_000; // the service takes no more in one request
const UNDO_MILLISECONDS = 10_000;
const OPPOSITE = { add: 'remove', remove: 'add' };

// One change of memberships at `path`: `verb` is add or remove. Called again after a failure it
// goes on where it stopped. Answers { added, already, removed, absent }.
export function membershipChange(path, verb, ids) {
  const send = sender();
  const total = { added: 0, already: 0, removed: 0, absent: 0 };
  let done = 0;
  return async ({ headers } = {}) => {
    while (done < ids.length) {
      const some = ids.slice(done, done + MOST_IDS);
      const { body } = await send('POST', path, {
        query: { detail: true }, body: { [verb]: some }, headers,
      });
      for (const name of Object.keys(total)) total[name] += body.detail[name];
      done += some.length;
    }
    return total;
  };
}

// Says what was done and offers to take it back by `change({ headers })`; `after()` follows.
export function toastUndo(text, { change, after }) {
  async function undo() {
    try {
      await change();
    } catch (error) {
      if (error.code !== 'reason-required') return failed(error);
      const { ask } = await import('../dialogs.js');
      const options = { title: UNDO.title, body: UNDO.body, danger: false, run: change };
      if (!await ask(options)) return undefined;
    }
    await after();
    return toast(UNDO.done);
  }
  toast(text, { action: UNDO.action, run: undo, milliseconds: UNDO_MILLISECONDS });
}

// The same after exactly `ids` were changed by `verb` at `path`.
export function toastWithUndo(text, { path, verb, ids, after }) {
  toastUndo(text, { change: membershipChange(path, OPPOSITE[verb], ids), after });
}
