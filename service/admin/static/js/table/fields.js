// What stands in the small dialog of a filter: presets and dates, or two numbers, or groups.
import { h } from '../dom.js';
import { COUNT, DATES } from '../words/filters.js';
import { FIRST_DAY } from './dates.js';

let sequence = 0;

// Two fields that limit each other; `set(null)` when both are empty. A wrong value is told of
// once its field is left, not while it is being typed.
function range({ type, labels, wrong, least, value, read, set, inputmode }) {
  sequence += 1;
  const problem = h('p', {
    class: 'err', id: `bound-problem-${sequence}`, role: 'alert', hidden: true,
  });
  const input = (name) => h('input', {
    id: `bound-${name.slice(1)}-${sequence}`,
    type,
    inputmode,
    min: least,
    value: value?.[name] ?? '',
    'aria-describedby': problem.id,
    onchange: change,
    onblur: judge,
  });
  const from = input('$gte');
  const to = input('$lte');
  const good = () => [from, to].every((each) => each.validity.valid);
  // Only the other field is touched: Chromium resets a date that is being typed.
  function limit(changed) {
    if (changed === from) to.min = from.value || least;
    else from.max = to.value;
  }
  function judge() {
    problem.hidden = good();
    problem.textContent = good() ? '' : wrong;
  }
  function change({ target }) {
    if (target.validity.badInput || (target.value && read(target.value) < least)) return;
    limit(target);
    if (!good()) return;
    judge();
    const found = {
      ...(from.value && { $gte: read(from.value) }), ...(to.value && { $lte: read(to.value) }),
    };
    set(Object.keys(found).length ? found : null);
  }
  limit(from);
  limit(to);
  return h('div', { class: 'range' },
    [[from, labels[0]], [to, labels[1]]].map(([field, label]) => h('div', { class: 'field' },
      h('label', { for: field.id }, label), field)),
    problem);
}

// Up and Down move along the presets.
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = [...event.currentTarget.children];
  const at = all.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  all[(at + step + all.length) % all.length].focus();
}

export function dateFields({ value, set, close }) {
  const preset = ([name, label]) => h('button', {
    type: 'button',
    class: 'preset',
    'aria-pressed': String(name === value),
    onclick: () => {
      set(name);
      close();
    },
  }, label);
  return [
    h('div', { class: 'presets', onkeydown: walk }, DATES.presets.map(preset)),
    h('hr'),
    range({
      type: 'date',
      labels: [DATES.from, DATES.to],
      wrong: DATES.wrong,
      least: FIRST_DAY,
      value: typeof value === 'string' ? null : value,
      read: (text) => text,
      set,
    }),
  ];
}

export const countFields = ({ value, set, close }) => {
  const fields = range({
    type: 'number',
    labels: [COUNT.least, COUNT.most],
    wrong: COUNT.wrong,
    least: 0,
    value,
    read: Number,
    set,
    inputmode: 'numeric',
  });
  fields.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    event.target.dispatchEvent(new Event('change'));
    if (!fields.querySelector(':invalid')) close();
  });
  return [fields];
};
