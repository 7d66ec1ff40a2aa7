// Ticking rows without aiming at the box: a click anywhere on the row, arrow keys, Shift.
const STEPS = { ArrowDown: 1, ArrowUp: -1 };
const boxes = (body) => [...body.querySelectorAll('.pick input:enabled')];

const press = (box, shiftKey) => box.dispatchEvent(
  new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey }),
);

// With Shift both the row that is left and the one that is reached become ticked.
function step(event, body) {
  const delta = STEPS[event.key];
  if (!delta || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = boxes(body);
  const at = all.indexOf(event.target);
  if (at < 0) return;
  event.preventDefault();
  const next = all[at + delta];
  if (!next) return;
  next.focus();
  if (!event.shiftKey) return;
  for (const box of [all[at], next]) if (!box.checked) press(box, false);
}

// `body` holds the rows; ArrowDown leads from `search` to the first of them.
export function tickByRow(body, search) {
  body.addEventListener('keydown', (event) => step(event, body));
  body.addEventListener('mousedown', (event) => {
    if (event.shiftKey) event.preventDefault(); // would select text
  });
  body.addEventListener('click', (event) => {
    if (event.target.closest('label, button, a')) return;
    const box = event.target.closest('tr')?.querySelector('.pick input:enabled');
    if (!box) return;
    box.focus({ preventScroll: true });
    press(box, event.shiftKey);
  });
  search?.addEventListener('keydown', (event) => {
    const [first] = boxes(body);
    if (event.key !== 'ArrowDown' || !first) return;
    event.preventDefault();
    first.focus();
  });
}
