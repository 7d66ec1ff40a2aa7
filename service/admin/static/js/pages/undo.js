// Taking back what requests did, by the service, which refuses where later changes are in the way.
import { sender } from '../api.js';
import { failed, toast } from '../overlay.js';
import { UNDO } from '../words/undo.js';

export const UNDO_PATH = '/admin/events/undo';
const UNDO_MILLISECONDS = 10_000;

// Undoes the last of these first; called again after a failure it goes on where it stopped.
export function undoing(requests) {
  const send = sender();
  const left = [...requests];
  return async ({ headers } = {}) => {
    while (left.length) {
      const body = { request_id: left.at(-1) };
      await send('POST', UNDO_PATH, { query: { ids: 0 }, body, headers });
      left.pop();
    }
  };
}

// Says what is in the way, or whatever else was refused.
export async function refused(error) {
  if (error.code !== 'undo-conflict') return failed(error);
  const { showConflict } = await import('./undoprompt.js');
  return showConflict(error);
}

// Says what was done by `requests` and offers to take it back; `after()` follows. An answer that
// was lost on its way has no id (null): nothing is offered then.
export function toastUndo(text, { requests, after }) {
  if (!requests.length || requests.includes(null)) {
    toast(text);
    return;
  }
  const undo = undoing(requests);
  async function run() {
    try {
      await undo();
    } catch (error) {
      if (error.code !== 'reason-required') return refused(error);
      const { ask } = await import('../dialogs.js');
      const options = { title: UNDO.title, body: UNDO.reason, danger: false, run: undo };
      if (!await ask(options)) return undefined;
    }
    await after();
    return toast(UNDO.done);
  }
  toast(text, { action: UNDO.action, run, milliseconds: UNDO_MILLISECONDS });
}
