// The routes, and which page and which modal an address shows.
import { failed } from './overlay.js';
import { missing } from './pages/missing.js';
import { remember } from './recent.js';
import * as router from './router.js';
import { bind } from './keys.js';
import { signedIn } from './session.js';
import { openPalette, openShortcuts, shell } from './shell.js';
import { UNREACHABLE } from './words/common.js';
import { GO, MISSING } from './words/session.js';

const LIST = '/customer-groups';
const list = { open: () => import('./pages/list.js'), section: LIST };
const detail = { open: () => import('./pages/detail.js'), section: LIST };
const past = { open: () => import('./pages/past.js'), section: LIST };
const timeline = { open: () => import('./pages/history.js'), section: LIST };
const customers = { open: () => import('./pages/customers.js'), section: '/customers' };
const customer = { open: () => import('./pages/customer.js'), section: '/customers' };
const importing = { open: () => import('./pages/import.js'), section: LIST };

// [path, page, modal]; a page is kept while only its modal comes and goes.
const ROUTES = [
  [LIST, list],
  [`${LIST}/create`, list, () => import('./pages/create.js')],
  [`${LIST}/:id`, detail],
  [`${LIST}/:id/edit`, detail, () => import('./pages/edit.js')],
  [`${LIST}/:id/add-customers`, detail, () => import('./pages/add.js')],
  [`${LIST}/:id/metadata/edit`, detail, () => import('./metadata/editor.js')],
  [`${LIST}/:id/history`, timeline],
  [`${LIST}/:id/import`, importing],
  ['/customers', customers],
  ['/customers/create', customers, () => import('./pages/customerform.js')],
  ['/customers/:id', customer],
  ['/customers/:id/edit', customer, () => import('./pages/customerform.js')],
  ['/customers/:id/add-groups', customer, () => import('./pages/addgroups.js')],
];

// An address that somebody broke names nothing, it does not stop the page.
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function match({ path, query }) {
  const parts = path.split('/');
  for (const [pattern, page, modal] of ROUTES) {
    const wanted = pattern.split('/');
    const params = {};
    const fits = wanted.length === parts.length && wanted.every((part, at) => {
      if (!part.startsWith(':')) return part === parts[at];
      params[part.slice(1)] = decoded(parts[at]);
      return parts[at] !== '';
    });
    if (!fits) continue;
    // As it was, a group is only looked at: no form lies over it.
    return page === detail && query.get('as_of') ? { page: past, params } : { page, modal, params };
  }
  return { page: { open: () => ({ open: () => missing(MISSING.page) }), section: '' }, params: {} };
}

const app = document.getElementById('app');
const frame = shell();
const shown = { key: null, page: null, modal: null, modalPath: null };
let turn = 0;

function title(words) {
  document.title = words === 'Customer Groups' ? words : `${words} · Customer Groups`;
}

function closeModal() {
  const { modal } = shown;
  shown.modal = null;
  shown.modalPath = null;
  modal?.release?.();
  modal?.dialog.close();
}

// What else lies over a page (palette, drawers, questions) goes with it, signing in does not.
function closeOthers() {
  for (const each of document.querySelectorAll('dialog[open]:not(.signin)')) each.close();
}

async function openPage({ page, params }, key, query, mine) {
  const module = await page.open();
  if (mine !== turn) return;
  closeOthers();
  shown.page?.close?.();
  frame.asOf(null);
  const opened = module.open({
    params, query, frame: { title, crumbs: frame.crumbs, asOf: frame.asOf, again },
  });
  const first = shown.key === null;
  Object.assign(shown, { key, page: opened });
  frame.section(page.section);
  frame.crumbs(opened.crumbs);
  title(opened.title);
  frame.main(opened.main);
  Promise.resolve(opened.ready).then(() => opened.group && remember(opened.group), () => {});
  if (first) return;
  opened.main.focus({ preventScroll: true });
  const y = router.rememberedScroll();
  scrollTo(0, y);
  if (y) Promise.resolve(opened.loaded).then(() => shown.page === opened && scrollTo(0, y));
}

// Closing replaces the entry of the modal, so that Back does not open it again.
async function openModal({ modal, params }, path, query, mine) {
  const { page } = shown;
  if (page.ready && !await page.ready) return;
  const module = await modal();
  if (mine !== turn) return;
  const parent = path.replace(/\/(create|edit|add-customers|add-groups|metadata\/edit)$/, '');
  const close = (to = parent + router.keptQuery('a_')) => router.go(to, { replace: true });
  shown.modalPath = path;
  shown.modal = module.open({ params, query, page, close });
}

// A module of an older version is gone once the service was updated: begin anew, once. While the
// service is away the page stays as it is.
async function loadAnew(error) {
  if (!(error instanceof TypeError && /module/i.test(error.message))) return failed(error);
  const { ok } = await fetch(location.href, { method: 'HEAD' }).catch(() => ({ ok: false }));
  if (!ok || sessionStorage.getItem('reloaded') === location.href) {
    return failed({ message: UNREACHABLE });
  }
  sessionStorage.setItem('reloaded', location.href);
  return location.reload();
}

addEventListener('unhandledrejection', (event) => {
  if (!(event.reason instanceof TypeError)) return;
  event.preventDefault();
  loadAnew(event.reason);
});

async function show() {
  turn += 1;
  const mine = turn;
  const { path, query } = router.current();
  const route = match({ path, query });
  if (shown.modalPath !== path) closeModal();
  try {
    const key = JSON.stringify([route.page.section, String(route.page.open), route.params]);
    if (key !== shown.key) await openPage(route, key, query, mine);
    else shown.page.update?.(query);
    if (mine !== turn) return;
    if (!route.modal) return;
    if (shown.modalPath === path) shown.modal.update?.(query);
    else await openModal(route, path, query, mine);
  } catch (error) {
    loadAnew(error);
  }
}

// Opens the page anew at the same address: it is another one now.
function again() {
  shown.key = '';
  return show();
}

const go = (path) => () => router.go(path);
bind('g u', go('/customers'), { label: GO.customers });
bind('g g', go(LIST), { label: GO.groups });
bind('mod+k', openPalette, { label: GO.palette, over: true });
bind('?', openShortcuts, { label: GO.shortcuts });

// The modules of the first page are made ready while the service says who is signed in.
const prepare = async () => match(router.current()).page.open();

async function begin() {
  prepare().catch(() => {}); // told of when the page is opened
  await signedIn(app);
  app.replaceChildren(...frame.elements);
  if (router.current().path === '/') history.replaceState(null, '', router.href(LIST));
  router.start(show);
}

begin().catch((error) => {
  app.replaceChildren(missing(error.message).main);
});
