// The command palette: one field that finds groups, customers and commands.
import { modal } from './dialogs.js';
import { h, icon, keyHint } from './dom.js';
import { announce } from './overlay.js';
import { PALETTE } from './words/palette.js';
import * as find from './palettehits.js';

const DEBOUNCE_MILLISECONDS = 200;
const AREAS = ['all', 'actions', 'groups', 'customers'];
const REMOTE = ['groups', 'customers'];
let shown = null;

// Opens the palette, or closes it when it is open already.
export const openPalette = () => (shown ? shown() : open());

function open() {
  let area = 'all';
  let at = 0; // which option is active
  let options = [];
  let known; // the name of the open group
  let timer;
  let asking = new AbortController();
  const naming = new AbortController();
  let answers = {}; // area -> { hits, count, failed }, of the last query that was answered
  let waiting = false;

  const list = h('div',
    { class: 'hits', id: 'palette-hits', role: 'listbox', 'aria-label': PALETTE.title });
  const input = h('input', {
    type: 'text',
    role: 'combobox',
    autocomplete: 'off',
    spellcheck: 'false',
    autofocus: true,
    placeholder: PALETTE.placeholder,
    'aria-label': PALETTE.title,
    'aria-expanded': 'true',
    'aria-autocomplete': 'list',
    'aria-controls': list.id,
    oninput: () => {
      at = 0;
      ask();
    },
  });
  const status = h('p', { class: 'empty', hidden: true });
  const tabs = h('div', { class: 'areas', role: 'group', 'aria-label': PALETTE.areas });
  const dialog = h('dialog', { class: 'palette', 'aria-label': PALETTE.title },
    h('div', { class: 'line' }, icon('search'), input, keyHint('Esc')),
    tabs,
    h('div', { class: 'scroll' }, list, status),
    h('footer', { class: 'keyline', 'aria-hidden': 'true' }, PALETTE.hints.map(([key, does]) =>
      h('span', null, h('kbd', null, key), does))));

  function choose(next) {
    area = next;
    at = 0;
    answers = {};
    input.focus();
    ask();
  }

  // [title, hits, whether there are more] in the order they are shown.
  function sections() {
    const query = input.value.trim();
    const alone = area !== 'all';
    const result = [];
    const add = (name, hits, count = hits.length, title = PALETTE[name]) => {
      const some = find.shownOf(hits, alone && name === area);
      const more = !alone && count > some.length;
      if (some.length) result.push({ name, title, hits: some, more });
    };
    if (!query && area !== 'actions' && area !== 'customers') {
      add('groups', find.recent(), 0, PALETTE.recent);
    }
    if (!alone || area === 'actions') add('actions', find.commands(query, known));
    for (const name of REMOTE) {
      const { hits = [], count } = answers[name] ?? {};
      if (alone ? area !== name : !query) continue;
      add(name, waiting ? find.stillFitting(hits, query) : hits, count);
    }
    return result;
  }

  function option(hit) {
    const index = options.length;
    options.push(hit);
    return h('div', {
      role: 'option',
      id: `palette-${index}`,
      class: hit.more && 'more',
      onclick: () => run(hit),
      onpointermove: () => { if (at !== index) point(index); },
    },
    icon(hit.image),
    h('span', null, hit.label),
    hit.note && h('small', null, hit.note),
    hit.keys && keyHint(...hit.keys));
  }

  const elements = () => list.querySelectorAll('[role=option]');

  // Moves the active option; the field keeps the focus.
  function point(index) {
    at = index;
    elements().forEach((each, order) => each.setAttribute('aria-selected', order === at));
    if (!options.length) input.removeAttribute('aria-activedescendant');
    else input.setAttribute('aria-activedescendant', `palette-${at}`);
  }

  function paint() {
    const before = options[at]?.key;
    options = [];
    list.replaceChildren(...sections().map(({ name, title, hits, more }) =>
      h('div', { role: 'group', 'aria-label': title },
        h('div', { class: 'title', 'aria-hidden': 'true' }, title),
        hits.map(option),
        more && option({
          key: `more-${name}`, more: true, image: 'down', label: PALETTE.more(title),
          run: () => choose(name),
        }))));
    tabs.replaceChildren(...AREAS.map((name) => h('button', {
      type: 'button', 'aria-pressed': String(name === area), onclick: () => choose(name),
    }, PALETTE[name])));
    const same = at > 0 ? options.findIndex((each) => each.key === before) : 0;
    point(Math.max(same, 0));
    const failed = Object.values(answers).some((each) => each.failed);
    list.hidden = !options.length;
    status.hidden = options.length > 0 && !failed;
    status.textContent = emptyWords(failed);
  }

  function emptyWords(failed) {
    if (failed) return PALETTE.notSearched;
    if (waiting) return PALETTE.searching;
    return input.value.trim() ? PALETTE.nothing(input.value.trim()) : PALETTE.start;
  }

  // Commands are there at once, the service is asked when the typing pauses; late answers drop.
  function ask() {
    clearTimeout(timer);
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const query = input.value;
    const wanted = REMOTE.filter((name) => (area === 'all' ? query.trim() : area === name));
    waiting = wanted.length > 0;
    paint();
    if (!waiting) return;
    timer = setTimeout(async () => {
      const alone = area !== 'all';
      const found = await Promise.all(wanted.map((name) =>
        find.search(name, query, { alone, signal }).catch(() => ({ hits: [], failed: true }))));
      if (signal.aborted) return;
      waiting = false;
      answers = Object.fromEntries(wanted.map((name, index) => [name, found[index]]));
      paint();
      announce(options.length ? PALETTE.results(options.length) : status.textContent);
    }, query ? DEBOUNCE_MILLISECONDS : 0);
  }

  // What was chosen happens on the page below, with its own questions and focus.
  function run(hit) {
    if (!hit.more) close();
    hit.run();
  }

  function keys(event) {
    const { length } = options;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || event.target !== input) return;
    if (step && length) {
      point((at + step + length) % length);
      elements()[at].scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' && length) run(options[at]);
    else if (event.key === 'Backspace' && !input.value && area !== 'all') choose('all');
    else return;
    event.preventDefault();
  }

  function stop() {
    shown = null;
    clearTimeout(timer);
    asking.abort();
    naming.abort();
    removeEventListener('popstate', close);
  }

  const close = () => dialog.close();
  shown = close;
  addEventListener('popstate', close);
  dialog.addEventListener('keydown', keys);
  ask();
  modal(dialog, close).then(stop);
  find.refreshKnown(naming.signal).then((name) => {
    known = name;
    if (shown === close) paint();
  }, () => {});
}
