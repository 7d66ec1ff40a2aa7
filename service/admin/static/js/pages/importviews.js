// The second and the third step of an import: what was found, and what was done.
import { h } from '../dom.js';
import { reasonField, submission } from '../form.js';
import { href } from '../router.js';
import { failed } from '../overlay.js';
import { PREVIEW, REPORT, UNKNOWN } from '../words/import.js';
import { button, leftOut, numbers, severalEach } from './importparts.js';

const heading = (words) => h('h2', { tabindex: '-1', class: 'step' }, words);

const unknownOf = ({ unknown }) => leftOut({
  title: UNKNOWN.title(unknown.length), text: UNKNOWN.text, values: unknown,
});

// `add(ids, headers)` is called with the customers to add; `list` is what readList answered.
export function previewForm({ list, found, back, add }) {
  const { fresh, already, ambiguous, unknown } = found;
  const everybody = ambiguous.flatMap((each) => each.ids);
  const among = (all) =>
    [...new Set([...fresh, ...(all ? everybody : [])])].filter((id) => !already.has(id));
  let chosen;
  const submit = h('button', { class: 'btn primary', type: 'submit' });
  const others = unknown.length ? PREVIEW.nobody : PREVIEW.allIn;
  const nobody = h('p', { class: 'note' }, ambiguous.length ? PREVIEW.nobodyElse : others);
  const choose = (all) => {
    chosen = among(all);
    submit.textContent = PREVIEW.add(chosen.length);
    submit.hidden = !chosen.length;
    nobody.hidden = !submit.hidden;
  };
  choose(false);
  const reason = reasonField();
  const title = heading(PREVIEW.title);
  const { values, impossible, repeated, named } = list;
  const tally = [[PREVIEW.fresh, fresh.size], [PREVIEW.already, already.size],
    [PREVIEW.unknown, unknown.length], [PREVIEW.ambiguous, ambiguous.length]];
  const run = ({ headers }) => add(chosen, headers);
  const element = h('form', {
    novalidate: true, onsubmit: submission({ button: submit, reason, run, failed }),
  },
  title,
  h('p', { class: 'lead' },
    PREVIEW.source({ count: values.length + impossible.length, repeated, named })),
  numbers(tally),
  severalEach({
    title: PREVIEW.ambiguousTitle(ambiguous.length),
    text: PREVIEW.ambiguousText,
    row: PREVIEW.ambiguousRow,
    option: PREVIEW.ambiguousAll,
    entries: ambiguous,
    choose,
  }),
  unknownOf(found),
  nobody,
  reason.element,
  h('div', { class: 'buttons' }, button(PREVIEW.back, back), submit));
  const summary = tally.map(([label, number]) => `${label}: ${number}`).join(', ');
  return { element, title, summary };
}

export function reportView({ name, path, found, steps, again }) {
  const { added, already, gone } = steps.added;
  const left = steps.total - steps.done();
  const title = heading(REPORT.title(added));
  const tally = [[REPORT.added, added], [REPORT.already, already + found.already.size],
    [REPORT.unknown, found.unknown.length]];
  if (gone.length) tally.push([REPORT.gone, gone.length]);
  if (left) tally.push([REPORT.left, left]);
  const element = h('div', null,
    title,
    h('p', { class: 'lead' }, left ? REPORT.stopped(left) : REPORT.done(name)),
    numbers(tally),
    leftOut({ title: UNKNOWN.gone(gone.length), text: UNKNOWN.goneText, values: gone }),
    unknownOf(found),
    h('div', { class: 'buttons' },
      button(REPORT.again, again),
      h('a', { class: 'btn primary', href: href(path) }, REPORT.open)));
  return { element, title };
}
