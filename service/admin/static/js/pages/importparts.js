// What the import page shows: progress, numbers, and lists of what was left out.
import { h, icon } from '../dom.js';
import { announce, toast } from '../overlay.js';
import { COPIED, grouped } from '../words/common.js';
import { CANCEL } from '../words/dialogs.js';
import { IMPORT, UNKNOWN } from '../words/import.js';
import { copied } from './copy.js';

const ROWS_SHOWN = 200;
let sequence = 0;

const identity = (prefix) => {
  sequence += 1;
  return `${prefix}-${sequence}`;
};

export const button = (label, run) =>
  h('button', { class: 'btn', type: 'button', onclick: run }, label);

// A bar with its numbers and Cancel; `show(done, total)`, `fail(message)` offers to go on.
export function progressPanel({ label, words, cancel, again, finish }) {
  const id = identity('progress');
  const bar = h('progress', { id });
  const numbers = h('output', { for: id });
  const problem = h('p', { class: 'err', role: 'alert' });
  const stop = h('button', { class: 'btn', type: 'button' }, CANCEL);
  stop.addEventListener('click', () => {
    stop.ariaBusy = 'true';
    stop.textContent = IMPORT.stopping;
    cancel();
  });
  const buttons = h('div', { class: 'buttons' }, stop);
  const element = h('div', { class: 'running' },
    h('label', { for: id }, label), bar, numbers, problem, buttons);
  return {
    element,
    focus: () => stop.focus(),
    show(done, total) {
      bar.max = total || 1;
      bar.value = done;
      numbers.textContent = words(done, total);
    },
    // Failed or cancelled (`calm`): what was done is kept, and the rest can follow.
    fail(message, calm) {
      problem.classList.toggle('calm', calm);
      const goOn = h('button', { class: 'btn primary', type: 'button', onclick: again },
        IMPORT.goOn);
      problem.replaceChildren(icon('warn'), h('span', null, message));
      buttons.replaceChildren(finish, goOn);
      goOn.focus();
    },
  };
}

// [[label, number], ...]
export const numbers = (pairs) => h('dl', { class: 'facts' },
  pairs.map(([label, number]) => h('div', null,
    h('dt', null, label), h('dd', null, grouped(number)))));

async function copy(lines) {
  if (!await copied(lines.join('\n'))) return;
  announce(COPIED);
  toast(COPIED);
}

const cell = (value) =>
  (/[",;\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

function download(lines) {
  const blob = new Blob([lines.map(cell).join('\r\n')], { type: 'text/csv' });
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: UNKNOWN.file }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

const scrolled = (label, items) =>
  h('ul', { class: 'values', role: 'list', tabindex: '0', 'aria-label': label }, items);

// Values that were left out: the first of them, and ways to take all along.
export function leftOut({ title, text, values }) {
  if (!values.length) return null;
  const id = identity('left-out');
  const act = (run, image, label) => h('button', {
    class: 'btn', type: 'button', onclick: () => run(values),
  }, icon(image), label);
  return h('section', { class: 'part', 'aria-labelledby': id },
    h('div', { class: 'top-row' },
      h('h2', { id }, title),
      h('div', { class: 'tools' },
        act(copy, 'copy', UNKNOWN.copy), act(download, 'download', UNKNOWN.download))),
    h('p', null, text, values.length > ROWS_SHOWN && ` ${UNKNOWN.shown(ROWS_SHOWN)}`),
    scrolled(title, values.slice(0, ROWS_SHOWN).map((value) => h('li', null, value))));
}

// Addresses of several customers; `choose(all)` is told whether all of them are wanted.
export function severalEach({ title, text, row, option, entries, choose }) {
  if (!entries.length) return null;
  const id = identity('several');
  const box = h('input', { type: 'checkbox', onchange: () => choose(box.checked) });
  return h('section', { class: 'part', 'aria-labelledby': id },
    h('h2', { id }, title),
    h('p', null, text),
    h('label', { class: 'choice' }, box, option),
    scrolled(title, entries.slice(0, ROWS_SHOWN).map(({ value, ids }) =>
      h('li', null, h('span', null, value), h('small', null, row(ids.length))))));
}
