// Keys that somebody else changed meanwhile: theirs or yours, one by one.
import { h, icon } from '../dom.js';
import { CLASH, TYPE } from '../words/metadata.js';
import { typeOf } from './rows.js';

const shown = (value) => (value === undefined
  ? h('dd', { class: 'gone' }, CLASH.removed)
  : h('dd', null,
    h('span', null, typeof value === 'string' ? value : JSON.stringify(value)), ' ',
    h('small', null, TYPE.words[typeOf(value)])));

// `settled(clash, useTheirs)` hears each choice, `done()` that none is left.
export function clashPanel({ settled, done }) {
  const title = h('h3', { id: 'clash-title', tabIndex: -1 }, CLASH.title);
  const lead = h('p', { id: 'clash-lead' });
  const list = h('div', { class: 'clashes' });
  const element = h('section', {
    class: 'clash', 'aria-labelledby': title.id, 'aria-describedby': lead.id, hidden: true,
  }, icon('warn'), title, lead, list);
  const focus = () => list.querySelector('button').focus();

  function entry(clash) {
    const choice = (label, useTheirs) => h('button', {
      class: 'btn',
      type: 'button',
      onclick: () => {
        item.remove();
        settled(clash, useTheirs);
        if (list.children.length) focus();
        else {
          element.hidden = true;
          done();
        }
      },
    }, label);
    const item = h('div', { role: 'group', 'aria-label': clash.key },
      h('b', null, clash.key),
      h('dl', null,
        h('div', null, h('dt', null, CLASH.theirs(clash.who ?? CLASH.somebody)),
          shown(clash.theirs)),
        h('div', null, h('dt', null, CLASH.mine), shown(clash.mine))),
      h('div', { class: 'choice' }, choice(CLASH.useTheirs, true), choice(CLASH.keepMine, false)));
    return item;
  }

  return {
    element,
    focus,
    pending: () => !element.hidden,
    show(clashes) {
      lead.textContent = CLASH.lead(clashes.length);
      list.replaceChildren(...clashes.map(entry));
      element.hidden = false;
      focus();
      element.scrollIntoView();
    },
  };
}
