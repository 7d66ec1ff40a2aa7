// The bar at the bottom centre, with what can be done to the selected rows.
import { h, keyHint } from '../dom.js';
import { announce } from '../overlay.js';
import { BAR } from '../words/removal.js';

const EDGE_PIXELS = 14; // between the bar and the edge of the window
const HALF_LINE_PIXELS = 12;

// How far the bar has to go up so that it does not lie on the words of the pager of its table.
function liftOver(bar) {
  const { top, bottom } = bar.parentElement.querySelector('.foot').getBoundingClientRect();
  const edge = innerHeight - EDGE_PIXELS;
  const words = (top + bottom) / 2 + HALF_LINE_PIXELS;
  const meet = top < edge && words > edge - bar.offsetHeight;
  return meet ? edge - top + EDGE_PIXELS / 2 : 0;
}

// `show(size)` says how many rows are selected; the bar is there from the first one on. `what`
// are customers or groups.
export function commandBar({ what, remove, clear }) {
  const count = h('output', null);
  const command = (look, name, run, key) => h('button', {
    class: `cmd ${look}`, type: 'button', onclick: run,
  }, name, keyHint(key));
  const bar = h('section', { class: 'commands', 'aria-label': BAR[what], hidden: true },
    count,
    command('', BAR.remove, remove, 'R'),
    command('dim', BAR.clear, clear, 'Esc'));
  const place = () => bar.hidden || bar.style.setProperty('--lift', `${liftOver(bar)}px`);
  addEventListener('scroll', place, { passive: true });
  addEventListener('resize', place);
  return {
    element: bar,
    show(size) {
      const words = BAR.selected(size);
      const first = size > 0 && bar.hidden;
      if (size && count.textContent !== words) announce(first ? BAR.help(size) : words);
      count.textContent = words;
      bar.hidden = !size;
      place();
    },
    close() {
      removeEventListener('scroll', place);
      removeEventListener('resize', place);
    },
  };
}
