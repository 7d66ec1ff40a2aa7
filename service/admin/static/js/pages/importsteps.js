// The two long parts of an import: finding the customers of a list, and adding them. Both go on
// where they stopped when `run` is called again, after a failure or a Cancel.
import { CUSTOMERS, call, groupPath, sender } from '../api.js';

const CHUNK = 1000;
const PATIENCE_MILLISECONDS = 5000; // for the answer to a change that was sent before Cancel

function inChunks(list, work) {
  let done = 0;
  return {
    total: list.length,
    done: () => done,
    async run({ signal, headers, progress }) {
      progress(done);
      while (done < list.length) {
        signal.throwIfAborted();
        const chunk = list.slice(done, done + CHUNK);
        await work(chunk, { signal, headers });
        done += chunk.length;
        progress(done);
      }
    },
  };
}

const lookUp = async (values, group, signal) => {
  const body = { values, group_id: group };
  return (await call('POST', `${CUSTOMERS}/lookup`, { body, signal })).body.results;
};

// `found`: { fresh, already: Sets of ids; ambiguous: [{ value, ids }]; unknown: [value] }.
export function finding(values, group) {
  const found = { fresh: new Set(), already: new Set(), ambiguous: [], unknown: [] };
  const sort = ({ value, customer_ids: ids, member }) => {
    if (!ids.length) found.unknown.push(value);
    else if (ids.length > 1) found.ambiguous.push({ value, ids });
    else (member ? found.already : found.fresh).add(ids[0]);
  };
  const work = async (chunk, { signal }) => (await lookUp(chunk, group, signal)).forEach(sort);
  return { found, ...inChunks(values, work) };
}

// Cancel waits for the answer that is under way: what was added should be counted.
function patient(signal) {
  const late = new AbortController();
  const give = () => setTimeout(() => late.abort(), PATIENCE_MILLISECONDS);
  signal.addEventListener('abort', give, { once: true });
  return late.signal;
}

// `added`: { added, already, gone }; `gone` are ids that nobody has any more.
export function adding(ids, group) {
  const send = sender();
  const added = { added: 0, already: 0, gone: [] };

  async function add(chunk, { signal, headers }) {
    if (!chunk.length) return;
    const options = { query: { detail: true }, body: { add: chunk }, headers };
    const path = `${groupPath(group)}/customers`;
    const { detail } = (await send('POST', path, { ...options, signal: patient(signal) })).body;
    added.added += detail.added;
    added.already += detail.already;
  }

  // One customer who was deleted meanwhile must not keep 999 others out.
  async function work(chunk, options) {
    try {
      await add(chunk, options);
    } catch (error) {
      if (error.code !== 'customer-not-found') throw error;
      const results = await lookUp(chunk, group, options.signal);
      const gone = results.filter((each) => !each.customer_ids.includes(each.value));
      if (!gone.length) throw error;
      const names = new Set(gone.map((each) => each.value));
      await add(chunk.filter((id) => !names.has(id)), options);
      added.gone.push(...names);
    }
  }
  return { added, ...inChunks(ids, work) };
}
