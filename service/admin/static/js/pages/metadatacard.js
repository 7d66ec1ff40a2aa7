// The pairs of a group, to read; the editor is a drawer of its own.
import { h, icon } from '../dom.js';
import { href } from '../router.js';
import { METADATA } from '../words/detail.js';

const MOST = 8;
const LONG = 24;

const shown = (value) => (typeof value === 'string' && value ? value : JSON.stringify(value));

function pair([key, value]) {
  const text = shown(value);
  return [
    h('dt', null, key),
    h('dd', {
      class: text === '""' ? 'object' : typeof value, title: text.length > LONG && text,
    }, text),
  ];
}

// `path` of the group's page, null when there is nothing to edit; `none` when there are no pairs.
export function metadataCard(path, none = path ? METADATA.none : METADATA.hadNone) {
  const badge = h('span', { class: 'chip' });
  const body = h('div');
  const to = path && href(`${path}/metadata/edit`);
  const pencil = to && h('a', {
    class: 'ibtn', id: 'metadata-edit', href: to, 'data-keep': true, 'aria-label': METADATA.edit,
  }, icon('pencil'));
  const rest = (words) => (to
    ? h('a', { class: 'rest', href: to, 'data-keep': true }, words)
    : h('p', { class: 'rest' }, words));

  function paint(metadata) {
    const all = Object.entries(metadata ?? {});
    badge.textContent = METADATA.count(all.length);
    body.replaceChildren(...(all.length ? [
      h('dl', { class: 'pairs' }, all.slice(0, MOST).map(pair)),
      all.length > MOST && rest(METADATA.more(all.length - MOST)),
    ].filter(Boolean) : [h('p', { class: 'rest' }, none)]));
  }

  const element = h('section', { class: 'card metadata', 'aria-labelledby': 'metadata-title' },
    h('div', { class: 'head' },
      h('h2', { id: 'metadata-title', tabindex: '-1' }, METADATA.title, badge),
      pencil),
    body);
  return { element, paint };
}
