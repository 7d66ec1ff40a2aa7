// Sends a patch of metadata; changes by others that leave its keys alone are no reason to ask.
import { get, groupPath, sender } from '../api.js';
import { same } from './rows.js';

const SILENT_REPEATS = 3;
const MERGE_PATCH = 'application/merge-patch+json';

const touches = ({ type, data }, key) => type.includes('.MetadataChanged.')
  && (data.cleared || Object.hasOwn(data.set, key) || data.removed.includes(key));

// `before` is a Map of what the editor started from. What is there now is compared with it key by
// key, so that it does not matter how many events a refusal could name; they only say who it was.
function clashes(patch, before, now, events) {
  return Object.entries(patch).map(([key, value]) => ({
    key,
    theirs: now.get(key),
    mine: value ?? undefined, // a patch has null for what is removed; no row can be set to null
    who: events.find((event) => touches(event, key))?.actor.label,
  })).filter(({ key, theirs, mine }) => !same(theirs, before.get(key)) && !same(theirs, mine));
}

export const pairs = ({ metadata }) => new Map(Object.entries(metadata ?? {}));

// Answers save(patch, headers) -> { clashes } with the keys that others changed meanwhile, [{ key,
// theirs, mine, who }], undefined for what is not there; once it is saved { request }, its id.
// Throws `Failure`.
export function keeper({ id, version: opened }, before) {
  const send = sender();
  const change = (patch, version, headers) => send('PATCH', groupPath(id), {
    type: MERGE_PATCH,
    headers: { ...headers, 'If-Match': `"${version}"` },
    body: { metadata: patch },
  });
  return async function save(patch, headers) {
    let expected = opened;
    for (let repeats = 0; ; repeats += 1) {
      try {
        return { request: (await change(patch, expected, headers)).request };
      } catch (error) {
        if (error.status !== 412 || repeats >= SILENT_REPEATS) throw error;
        const { customer_group: group } = await get(groupPath(id), { fields: '+version' });
        const found = clashes(patch, before, pairs(group), error.body.events);
        if (found.length) return { clashes: found };
        expected = group.version;
      }
    }
  };
}
