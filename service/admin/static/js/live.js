// Pages stay live: what is open is asked for again while somebody looks at it.
const EVERY_MILLISECONDS = 1500;
const AFTER_FAILURES = 3;
const RARELY_MILLISECONDS = 15_000;

// Awaits `check()` again and again while the page is visible; rarely after three failures in a row.
// Returns stop().
export function follow(check) {
  let timer;
  let failures = 0;
  let stopped = false;
  let asking = false; // one check at a time, however often the tab is shown and hidden

  async function turn() {
    clearTimeout(timer);
    if (stopped || asking || document.hidden) return;
    asking = true;
    try {
      await check();
      failures = 0;
    } catch {
      failures += 1;
    }
    asking = false;
    if (stopped) return;
    timer = setTimeout(turn, failures < AFTER_FAILURES ? EVERY_MILLISECONDS : RARELY_MILLISECONDS);
  }
  const seen = () => { if (!document.hidden) turn(); };
  document.addEventListener('visibilitychange', seen);
  addEventListener('online', seen);
  timer = setTimeout(turn, EVERY_MILLISECONDS);
  return () => {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
    removeEventListener('online', seen);
  };
}
