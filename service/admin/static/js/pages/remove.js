// The prompts that delete something. Where to go afterwards is the caller's business.
import { groupPath, sender } from '../api.js';
import { ask } from '../dialogs.js';
import { DELETE } from '../words/common.js';
import { DELETE_GROUP } from '../words/deletion.js';
import { toastUndo } from './undo.js';

// `words` have title and body(thing). Answers the deletion, null when it was not confirmed.
export async function deleteAfterAsking(words, thing, path) {
  const send = sender();
  let answer = null;
  await ask({
    title: words.title,
    body: words.body(thing),
    confirm: DELETE,
    run: async ({ headers }) => { answer = await send('DELETE', path, { headers }); },
  });
  return answer;
}

// `group` has id, name and customers_count; `after()` follows when the deletion was taken back.
// Answers whether it was deleted.
export async function deleteGroup(group, after) {
  const answer = await deleteAfterAsking(DELETE_GROUP, group, groupPath(group.id));
  if (answer) toastUndo(DELETE_GROUP.done(group), { requests: [answer.request], after });
  return Boolean(answer);
}
