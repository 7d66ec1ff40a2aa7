// The frame round every page: sidebar, navigation sheet, top bar, user menu, live dot, banner.
import { service } from './api.js';
import { COMMAND, h, icon, keyHint, oneAtATime } from './dom.js';
import { menu } from './menu.js';
import { failed } from './overlay.js';
import { href } from './router.js';
import { session, signOut } from './session.js';
import { setTheme, theme } from './theme.js';
import { RECONNECTING } from './words/common.js';
import { FRAME } from './words/session.js';

export const openPalette = async () => (await import('./palette.js')).openPalette();
export const openShortcuts = async () => (await import('./shortcuts.js')).openShortcuts();

function initials(email) {
  const parts = email.split('@')[0].split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  return (parts.length > 1 ? parts[0][0] + parts[1][0] : email.slice(0, 2)).toUpperCase();
}

function userMenu() {
  const choice = (label, name) => ({
    label, checked: theme() === name, stay: true, run: () => setTheme(name),
  });
  const { email } = session.user;
  return menu(FRAME.account, () => [
    {
      group: FRAME.theme,
      items: [
        choice(FRAME.light, 'light'), choice(FRAME.dark, 'dark'), choice(FRAME.system, 'system'),
      ],
    },
    '-',
    { icon: 'keyboard', label: FRAME.shortcuts, keys: ['?'], run: openShortcuts },
    { icon: 'exit', label: FRAME.signOut, run: () => signOut().catch(failed) },
  ], {
    look: 'user',
    place: 'up',
    named: false,
    face: [
      h('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(email)),
      h('span', null, h('b', { title: email }, email), h('small', null, FRAME.account)),
      icon('chevrons'),
    ],
  });
}

function rail(section) {
  const item = (path, label, attributes, image) => h('a', {
    href: href(path), 'aria-current': section === path && 'page', ...attributes,
  }, image, label);
  return h('div', { class: 'rail' },
    h('div', { class: 'brand' },
      h('span', { class: 'mark', 'aria-hidden': 'true' }), 'Customer Groups'),
    h('button', { class: 'find', type: 'button', onclick: openPalette },
      icon('search'), FRAME.search, keyHint(COMMAND, 'K')),
    h('nav', { 'aria-label': 'Main' },
      item('/customers', FRAME.customers, {}, icon('users')),
      item('/customer-groups', FRAME.groups, { class: 'sub' })),
    h('div', { class: 'who' }, userMenu()));
}

// The dot is silent while all is well; it speaks when it is not, and where the past is shown.
function liveDot() {
  const words = h('span', { class: 'sr' }, FRAME.live);
  const dot = h('span', { class: 'dot', role: 'status', title: FRAME.live }, words);
  let isAway = false;
  let past = null;
  function paint() {
    const text = (isAway && FRAME.reconnecting) || past || FRAME.live;
    dot.classList.toggle('warn', isAway);
    dot.classList.toggle('hollow', !isAway && Boolean(past));
    words.classList.toggle('sr', text === FRAME.live);
    if (words.textContent !== text) words.textContent = text;
    dot.title = text;
  }
  return {
    dot,
    show(away) {
      isAway = away;
      paint();
    },
    asOf(text) {
      past = text;
      paint();
    },
  };
}

// Crumbs are [label, path] pairs; the last is the page itself.
export function shell() {
  const side = h('aside', { class: 'side' });
  const crumbs = h('ol');
  const { dot, show, asOf } = liveDot();
  const banner = h('p', { class: 'banner', role: 'status', hidden: true },
    icon('warn'), RECONNECTING);
  let section = '';
  let main = h('main', { id: 'main', tabindex: '-1' });
  service.addEventListener('away', () => {
    show(true);
    banner.hidden = false;
  });
  service.addEventListener('back', () => {
    show(false);
    banner.hidden = true;
  });
  const burger = h('button', {
    class: 'ibtn burger',
    type: 'button',
    'aria-label': FRAME.openNavigation,
    onclick: oneAtATime(async () => (await import('./sheet.js')).openSheet(rail(section))),
  }, icon('menu'));
  const page = h('div', { class: 'page' },
    h('header', { class: 'top' },
      burger, h('nav', { 'aria-label': 'Breadcrumb' }, crumbs), dot),
    banner,
    main);
  const skip = (event) => {
    event.preventDefault();
    main.focus();
  };
  return {
    asOf,
    elements: [
      h('a', { class: 'skip', href: '#main', onclick: skip }, FRAME.skip),
      h('div', { class: 'shell' }, side, page),
    ],
    section(path) {
      if (section === path) return;
      section = path;
      side.replaceChildren(rail(path));
    },
    crumbs(list) {
      crumbs.replaceChildren(...list.map(([label, path], at) => (at < list.length - 1
        ? h('li', null, h('a', { href: href(path) }, label))
        : h('li', { 'aria-current': 'page' }, label))));
    },
    main(element) {
      main.replaceWith(element);
      main = element;
    },
  };
}
