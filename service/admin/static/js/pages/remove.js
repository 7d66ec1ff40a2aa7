// The prompt that deletes something. Where to go afterwards is the caller's business.
import { groupPath, sender } from '../api.js';
import { ask } from '../dialogs.js';
import { toast } from '../overlay.js';
import { DELETE } from '../words/common.js';
import { DELETE_GROUP } from '../words/deletion.js';

// `words` have title, body(thing) and done(thing). Answers whether it was deleted.
export async function deleteAfterAsking(words, thing, path) {
  const send = sender();
  const sure = await ask({
    title: words.title,
    body: words.body(thing),
    confirm: DELETE,
    run: ({ headers }) => send('DELETE', path, { headers }),
  });
  if (sure) toast(words.done(thing));
  return sure;
}

// `group` has id, name and customers_count.
export const deleteGroup = (group) => deleteAfterAsking(DELETE_GROUP, group, groupPath(group.id));
