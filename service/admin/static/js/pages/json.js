// The card of the group as the API answers it; its tree is a drawer, loaded when it is opened.
import { h, icon, oneAtATime } from '../dom.js';
import { JSON_WORDS } from '../words/detail.js';

export function jsonCard() {
  let group = {};
  let drawer = null;
  const badge = h('span', { class: 'chip' });
  const view = h('button', {
    class: 'ibtn',
    type: 'button',
    'aria-label': JSON_WORDS.view,
    'aria-haspopup': 'dialog',
    onclick: oneAtATime(async () => {
      const { openDrawer } = await import('./jsondrawer.js');
      drawer = openDrawer(group);
    }),
  }, icon('open'));
  const element = h('section', { class: 'card', 'aria-labelledby': 'json-title' },
    h('div', { class: 'head' },
      h('h2', { id: 'json-title' }, JSON_WORDS.title, badge), view));
  return {
    element,
    paint(latest) {
      group = latest;
      badge.textContent = JSON_WORDS.count(Object.keys(group).length);
    },
    close: () => drawer?.close(),
  };
}
