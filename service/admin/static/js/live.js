// Pages stay live: what is shown is asked for again when the log tells of a change to it.
import { listen } from './stream.js';

const SOON_MILLISECONDS = 300; // changes come in bursts, and our own is shown by who made it
const AGAIN_MILLISECONDS = 1500;
const AFTER_FAILURES = 3;
const RARELY_MILLISECONDS = 15_000;

// Awaits `check()` when something has changed, while the page is visible; again after a failure.
// `group` is the only one that matters; `poll` is for what no event tells of: customers themselves.
// Returns stop().
export function follow(check, { group, poll = false } = {}) {
  let timer;
  let due = Infinity; // when it is asked next
  let failures = 0;
  let asking = false;
  let stopped = false;

  // The earlier of two times counts.
  function turnIn(milliseconds) {
    const time = performance.now() + milliseconds;
    if (time >= due) return;
    clearTimeout(timer);
    due = time;
    timer = setTimeout(turn, milliseconds);
  }

  async function turn() {
    due = Infinity;
    if (document.hidden) return; // it is told when it is looked at again
    if (asking) {
      turnIn(SOON_MILLISECONDS);
      return;
    }
    asking = true;
    try {
      await check();
      failures = 0;
    } catch {
      failures += 1;
    }
    asking = false;
    if (stopped) return;
    if (failures >= AFTER_FAILURES) turnIn(RARELY_MILLISECONDS);
    else if (failures || poll) turnIn(AGAIN_MILLISECONDS);
  }

  const unlisten = listen((changed) => {
    if (!group || !changed || changed === group) turnIn(SOON_MILLISECONDS);
  });
  if (poll) turnIn(AGAIN_MILLISECONDS);
  return () => {
    stopped = true;
    clearTimeout(timer);
    unlisten();
  };
}
