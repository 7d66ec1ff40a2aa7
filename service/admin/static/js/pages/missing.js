// A full page with a plain sentence: unknown address, unknown or deleted thing, failed load.
import { h, icon } from '../dom.js';
import { href } from '../router.js';
import { TRY_AGAIN } from '../words/common.js';
import { BROKEN, MISSING } from '../words/session.js';

// What stands in place of content: an image, a title, a line and what can be done.
export const notice = ({ image, title, text, actions = [], bad }) => h('div', {
  class: `none ${bad ? 'bad' : ''}`, role: bad && 'alert',
},
h('span', { class: 'badge' }, icon(image)),
h('b', null, title),
h('p', null, text),
actions.length > 0 && h('div', { class: 'actions' }, actions));

// `notLoaded(title)(error, again)`: what stands where something could not be loaded.
export const notLoaded = (title) => (error, again) => {
  const press = async () => {
    button.ariaBusy = 'true';
    await Promise.resolve(again()).catch(() => {});
    button.ariaBusy = 'false';
  };
  const button = h('button', { class: 'btn', type: 'button', onclick: press }, TRY_AGAIN);
  return notice({ image: 'warn', bad: true, title, text: error.message, actions: [button] });
};

// The same for a whole page.
export const brokenCard = (error, again, title = BROKEN.title) =>
  h('section', { class: 'card', 'aria-label': title },
    h('h1', { class: 'sr' }, title),
    notLoaded(title)(error, again));

const LIST = '/customer-groups';

export function missingCard({ title = MISSING.title, text, to = LIST, actions = [] }) {
  return h('section', { class: 'card', 'aria-label': title },
    h('h1', { class: 'sr' }, title),
    notice({
      image: 'search',
      title,
      text,
      actions: [...actions, h('a', { class: 'btn', href: href(to) }, MISSING.back)],
    }));
}

export const missing = (text) => ({
  title: MISSING.title,
  crumbs: [['Customer Groups', LIST], [MISSING.title]],
  main: h('main', { id: 'main', tabindex: '-1' }, missingCard({ text })),
});
