// Adds customers of a pasted list or a CSV file to a group: list, check, report.
import { get, groupPath } from '../api.js';
import { askToLeave } from '../dialogs.js';
import { h } from '../dom.js';
import { announce, failed } from '../overlay.js';
import { guardLeaving, href } from '../router.js';
import { TITLE } from '../words/common.js';
import { CANCEL } from '../words/dialogs.js';
import { IMPORT, LEAVE_IMPORT, PREVIEW } from '../words/import.js';
import { MISSING } from '../words/session.js';
import { OpenQuote, readList } from './csv.js';
import { button, progressPanel } from './importparts.js';
import { sourceForm } from './importsource.js';
import { adding, finding } from './importsteps.js';
import { previewForm, reportView } from './importviews.js';
import { brokenCard, missingCard } from './missing.js';

export function open({ params: { id }, frame }) {
  const path = `/customer-groups/${encodeURIComponent(id)}`;
  const crumbs = (name) => [[TITLE, '/customer-groups'], ...(name ? [[name, path]] : []),
    [IMPORT.crumb]];
  const main = h('main', { id: 'main', tabindex: '-1' });
  const lead = h('p', { class: 'lead' });
  const body = h('div', { class: 'steps' });
  let name = '';
  let running = null; // the AbortController of the long part that is under way
  let finished = false;
  let closed = false;
  let source = newSource();

  function show(element, title) {
    body.replaceChildren(element);
    title?.focus();
    scrollTo(0, 0);
  }

  // Carries out a long part with its bar; `then` follows when all is done, `finish` leaves it.
  async function carryOut(steps, options) {
    const { label, words, headers, finish, then } = options;
    const mine = new AbortController();
    const panel = progressPanel({
      label,
      words,
      cancel: () => mine.abort(),
      again: () => carryOut(steps, options).catch(failed),
      finish,
    });
    running = mine;
    show(panel.element);
    panel.focus();
    announce(label);
    const progress = (done) => panel.show(done, steps.total);
    try {
      await steps.run({ signal: mine.signal, headers, progress });
    } catch (error) {
      if (closed) return;
      if (error.code === 'reason-required') throw error;
      const stopped = error.name === 'AbortError';
      panel.fail(stopped ? IMPORT.stopped : error.message, stopped);
      return;
    } finally {
      running = null;
    }
    if (!closed) then();
  }

  async function check(text) {
    const list = await readList(text).catch((error) => {
      throw error instanceof OpenQuote ? new Error(IMPORT.openQuote(error.line)) : error;
    });
    if (!list.values.length && !list.impossible.length) throw new Error(IMPORT.nothing);
    const steps = finding(list.values, id);
    steps.found.unknown.push(...list.impossible);
    await carryOut(steps, {
      label: IMPORT.finding,
      words: IMPORT.foundOf,
      finish: button(PREVIEW.back, toSource),
      then: () => preview(list, steps.found),
    });
  }

  function newSource() {
    return sourceForm({
      target: main, check, cancel: h('a', { class: 'btn', href: href(path) }, CANCEL),
    });
  }

  function toSource() {
    finished = false;
    show(source.element);
    source.focus();
  }

  function preview(list, found) {
    const view = previewForm({
      list,
      found,
      back: toSource,
      add: (chosen, headers) => addAll(found, chosen, headers).catch((error) => {
        show(view.element);
        throw error;
      }),
    });
    show(view.element, view.title);
    announce(view.summary);
  }

  function addAll(found, chosen, headers) {
    const steps = adding(chosen, id);
    const then = () => report(found, steps);
    return carryOut(steps, {
      label: IMPORT.adding,
      words: IMPORT.addedOf,
      headers,
      finish: button(IMPORT.report, then),
      then,
    });
  }

  function report(found, steps) {
    finished = true;
    const again = () => {
      source = newSource();
      toSource();
    };
    const { element, title } = reportView({ name, path, found, steps, again });
    show(element, title);
  }

  async function load() {
    try {
      const { customer_group: group } = await get(groupPath(id), { fields: 'id,name' });
      name = group.name;
    } catch (error) {
      if (error.status === 404) main.replaceChildren(missingCard({ text: MISSING.group }));
      else main.replaceChildren(brokenCard(error, load));
      return false;
    }
    frame.title(IMPORT.title(name));
    frame.crumbs(crumbs(name));
    lead.textContent = IMPORT.lead(name);
    if (!card.isConnected) main.replaceChildren(card);
    if ([main, document.body].includes(document.activeElement)) source.focus();
    return true;
  }

  const card = h('section', { class: 'card import', 'aria-labelledby': 'import-title' },
    h('header', { class: 'head' },
      h('div', null, h('h1', { id: 'import-title' }, IMPORT.heading), lead)),
    body);
  const changed = () => Boolean(running) || (!finished && source.changed());
  const release = guardLeaving(changed, () =>
    askToLeave(running ? LEAVE_IMPORT.running : LEAVE_IMPORT.typed));
  main.append(card);
  show(source.element);
  const ready = load();
  return {
    title: IMPORT.crumb,
    crumbs: crumbs(),
    main,
    ready,
    loaded: ready,
    close() {
      closed = true;
      running?.abort();
      release();
    },
  };
}
