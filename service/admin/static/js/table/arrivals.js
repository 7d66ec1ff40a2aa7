// The pill over a table that tells of new rows and loads them: what one reads does not shift.
import { h } from '../dom.js';

// `words(number)` names them; without it new rows are shown at once.
export function arrivals(words, load) {
  const pill = h('button', { class: 'btn primary', type: 'button', hidden: true, onclick: load });
  return {
    element: h('div', { class: 'arrivals', role: 'status' }, pill),
    // Whether new rows wait: always with `hold`, else while somebody is on the table.
    wait: (element, { hold }, picked) => Boolean(words) && (hold || picked.size > 0
      || element.matches(':hover') || element.contains(document.activeElement)),
    show(number) {
      pill.hidden = !number;
      const text = number ? words(number) : '';
      if (pill.textContent !== text) pill.textContent = text;
    },
  };
}
