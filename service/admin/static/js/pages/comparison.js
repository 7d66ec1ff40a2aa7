// What has changed in a group between the moment that is shown and now.
import { get, groupPath } from '../api.js';
import { h } from '../dom.js';
import { grouped } from '../words/common.js';
import { COMPARE } from '../words/compare.js';
import { diff, keyLine } from './historyentry.js';

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const one = (value) => ({ before: [value[0]], after: [value[1]] });

function keyLines(then, now) {
  const had = (metadata, key) => (Object.hasOwn(metadata, key) ? [metadata[key]] : []);
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .map((key) => ({ key, before: had(then, key), after: had(now, key) }))
    .filter(({ before, after }) => !same(before, after))
    .map(keyLine);
}

function lines(then, now) {
  if (!now) return [COMPARE.deleted];
  const counts = [then.customers_count, now.customers_count].map(grouped);
  return [
    then.name !== now.name && [COMPARE.name, ' ', diff(one([then.name, now.name]))],
    ...keyLines(then.metadata ?? {}, now.metadata ?? {}),
    counts[0] !== counts[1] && [COMPARE.customers, ' ', diff(one(counts))],
  ].filter(Boolean);
}

// `show(then)` compares the group as it was with what it is now.
export function comparison(id) {
  const list = h('ul');
  const events = h('p');
  const element = h('section', { class: 'card since', 'aria-labelledby': 'since-title' },
    h('div', { class: 'head' }, h('h2', { id: 'since-title' }, COMPARE.title), events),
    list);
  const present = get(groupPath(id), { fields: '+customers_count,+version' }).then(
    ({ customer_group: group }) => group,
    (error) => {
      if (error.status !== 404) throw error;
      return null;
    },
  );
  return {
    element,
    async show(then) {
      const now = await present;
      const found = lines(then, now);
      list.replaceChildren(...(found.length ? found : [COMPARE.nothing])
        .map((line) => h('li', null, line)));
      events.textContent = now ? COMPARE.events(now.version - then.version) : '';
    },
  };
}
