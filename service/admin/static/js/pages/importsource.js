// The first step of an import: a list pasted, or a file chosen or dropped.
import { h, icon } from '../dom.js';
import { commandEnter } from '../form.js';
import { announce } from '../overlay.js';
import { plural } from '../words/common.js';
import { IMPORT } from '../words/import.js';
import { textOf } from './csv.js';

const LARGEST_MEGABYTES = 64;
const LARGEST_BYTES = LARGEST_MEGABYTES * 1024 * 1024;
const LARGEST_TYPED = 100_000; // characters; a field with more would hold up the whole page

const size = (bytes) => (bytes < 1024 * 1024
  ? plural(Math.ceil(bytes / 1024), 'kB', 'kB')
  : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

// `check(text)` may throw an Error with a message for the field. Keeps what was typed or chosen
// when it is shown again. A file may be dropped anywhere on `target`.
export function sourceForm({ target, check, cancel }) {
  let file = null;
  const problem = h('p', { class: 'err', id: 'list-problem', hidden: true });
  const area = h('textarea', {
    id: 'list',
    rows: '12',
    spellcheck: 'false',
    autocomplete: 'off',
    autocapitalize: 'off',
    placeholder: IMPORT.placeholder,
    'aria-describedby': 'list-problem list-hint',
    oninput: () => {
      show(null);
      if (area.value.length > LARGEST_TYPED) setAside();
    },
  });
  const picker = h('input', {
    type: 'file',
    class: 'sr',
    id: 'list-file',
    accept: '.csv,.txt,.tsv,text/csv,text/plain,text/tab-separated-values',
    tabIndex: -1,
    'aria-hidden': 'true',
    onchange: () => take(picker.files[0]),
  });
  const choose = h('button', {
    class: 'btn', type: 'button', onclick: () => picker.click(),
  }, icon('open'), IMPORT.choose);
  const chosen = h('p', { class: 'chosen', hidden: true });
  const start = h('button', { class: 'btn primary', type: 'submit' }, IMPORT.check);
  const dropHint = h('span', { class: 'hint', 'aria-hidden': 'true' }, IMPORT.drop);
  const typed = h('div', { class: 'field' },
    h('label', { for: 'list' }, IMPORT.list), area,
    h('p', { class: 'hint', id: 'list-hint' }, IMPORT.hint));

  function show(message) {
    area.setAttribute('aria-invalid', String(Boolean(message)));
    problem.hidden = !message;
    problem.replaceChildren(...(message ? [icon('warn'), h('span', null, message)] : []));
  }

  function refuse(message) {
    show(message);
    (file ? choose : area).focus();
  }

  function paint() {
    typed.hidden = Boolean(file);
    chosen.hidden = !file;
    if (!file) return;
    chosen.replaceChildren(
      h('span', { class: 'sr' }, IMPORT.file), h('b', null, file.name),
      h('span', null, size(file.size)),
      h('button', {
        class: 'ibtn', type: 'button', 'aria-label': IMPORT.otherFile, onclick: drop,
      }, icon('x')));
  }

  function drop() {
    file = null;
    picker.value = '';
    show(null);
    paint();
    area.focus();
  }

  function take(next) {
    if (!next) return;
    if (next.size > LARGEST_BYTES) {
      refuse(IMPORT.tooLarge(LARGEST_MEGABYTES));
      return;
    }
    file = next;
    show(null);
    paint();
    start.focus();
  }

  // A long paste is kept as if it were a file.
  function setAside() {
    const text = area.value;
    area.value = '';
    take(new File([text], IMPORT.pasted));
    announce(IMPORT.pasted);
  }

  async function submit(event) {
    event.preventDefault();
    if (start.ariaBusy === 'true') return;
    if (!file && !area.value.trim()) {
      refuse(IMPORT.empty);
      return;
    }
    start.ariaBusy = 'true';
    try {
      const text = file
        ? await textOf(file).catch(() => { throw new Error(IMPORT.notRead); })
        : area.value;
      await check(text);
    } catch (error) {
      refuse(error.message);
    }
    start.ariaBusy = 'false';
  }

  const element = h('form', { class: 'source', novalidate: true, onsubmit: submit },
    typed, chosen, problem,
    h('div', { class: 'buttons' },
      picker, choose, dropHint, h('span', { class: 'gap' }), cancel, start));
  commandEnter(element);
  const over = (on) => (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault(); // else the browser opens the file in place of this page
    element.classList.toggle('over', on);
  };
  target.addEventListener('dragover', over(true));
  target.addEventListener('dragleave', over(false));
  target.addEventListener('drop', over(false));
  target.addEventListener('drop', (event) => {
    if (element.isConnected) take(event.dataTransfer?.files[0]);
  });
  paint();
  return {
    element,
    focus: () => (file ? start : area).focus(),
    changed: () => Boolean(file || area.value.trim()),
  };
}
