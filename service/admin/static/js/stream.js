// The log of events, heard by all tabs of a browser through one stream: one tab that is looked at
// holds it and passes on what it hears. Nobody waits for a hidden tab: it holds and hears nothing.
//
// A stream begins at the end of the log, and once it is open every tab reads again what it shows:
// nothing is missed between, and nothing is sent that was seen while the stream was away.
import { get, service } from './api.js';

const EVENTS = '/events';
const KINDS = [
  'GroupCreated', 'Renamed', 'MetadataChanged', 'CustomersAdded', 'CustomersRemoved',
  'GroupDeleted', 'GroupRestored',
];
const NAME = 'customer-groups';
const AFTER_FAILURES = 3;
const AGAIN_MILLISECONDS = 2000;
const RARELY_MILLISECONDS = 15_000;
const OPEN_MILLISECONDS = 15_000; // something between us and the service may hold it back

const listeners = new Set();
const tabs = new BroadcastChannel(NAME);
let looking = null; // aborted when nobody looks any more
let wake = () => {};

const hear = (group) => listeners.forEach((each) => each(group));

// Tells every tab of a change of a group, or with null that anything may have changed.
function tell(group) {
  hear(group);
  tabs.postMessage(group);
}

const pause = (milliseconds) => new Promise((resolve) => {
  wake = resolve;
  setTimeout(resolve, milliseconds);
});

// Resolves when the stream is over: whether it was ever open. A refusal is a `Failure`.
async function stream(signal) {
  const { end } = await get(EVENTS, { after: 0, limit: 1 }, { guest: true, signal });
  return new Promise((resolve) => {
    const source = new EventSource(`${EVENTS}/stream?after=${end}`);
    let opened = false;
    const over = () => {
      clearTimeout(patience);
      source.close();
      resolve(opened);
    };
    const patience = setTimeout(over, OPEN_MILLISECONDS);
    source.onopen = () => {
      clearTimeout(patience);
      opened = true;
      tell(null);
    };
    for (const kind of KINDS) {
      source.addEventListener(`customer-groups.${kind}.v1`, ({ data }) => {
        tell(JSON.parse(data).subject);
      });
    }
    source.onerror = over; // ours is the way back, not the browser's: it looks for the end anew
    signal.onabort = over;
  });
}

// Without a stream everybody is told to look for himself: soon, and every 15 s after 3 failures.
async function lead(signal) {
  let failures = 0;
  while (!signal.aborted) {
    failures = await stream(signal).catch(() => false) ? 0 : failures + 1;
    if (signal.aborted) return;
    tell(null);
    await pause(failures < AFTER_FAILURES ? AGAIN_MILLISECONDS : RARELY_MILLISECONDS);
  }
}

function attend() {
  looking?.abort();
  wake();
  if (document.hidden) return;
  looking = new AbortController();
  const { signal } = looking;
  const leading = () => lead(signal);
  // without https there are no locks: each tab that is looked at has a stream of its own then
  if (!navigator.locks) leading();
  else navigator.locks.request(NAME, { signal }, leading).catch(() => {}); // not looked at any more
}

function begin() {
  tabs.onmessage = ({ data }) => hear(data);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) hear(null);
    attend();
  });
  service.addEventListener('back', () => wake());
  addEventListener('online', () => wake());
  attend();
}

// Calls `listener(group)` for every event of a group, with null when anything may have changed.
// Returns stop().
export function listen(listener) {
  listeners.add(listener);
  if (!tabs.onmessage) begin();
  return () => listeners.delete(listener);
}
