// Adding and removing memberships.
import { sender } from '../api.js';

const MOST_IDS = 10_000; // the service takes no more in one request

// One change of memberships at `path`: `verb` is add or remove. Called again after a failure it
// goes on where it stopped. Answers { added, already, removed, absent } and the ids of `requests`.
export function membershipChange(path, verb, ids) {
  const send = sender();
  const total = { added: 0, already: 0, removed: 0, absent: 0 };
  const requests = [];
  let done = 0;
  return async ({ headers } = {}) => {
    while (done < ids.length) {
      const some = ids.slice(done, done + MOST_IDS);
      const { body, request } = await send('POST', path, {
        query: { detail: true }, body: { [verb]: some }, headers,
      });
      for (const name of Object.keys(total)) total[name] += body.detail[name];
      if (body.detail.added + body.detail.removed) requests.push(request);
      done += some.length;
    }
    return { ...total, requests };
  };
}
