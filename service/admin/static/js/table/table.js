// One table with search, filters, sort, selection and pages, its state in the address.
//
// Looks of columns: `wide` (takes the rest), `number`, `date`, `drop-narrow` (not on a phone).
import { bind } from '../keys.js';
import { announce } from '../overlay.js';
import { resultsOf, rangeOf, TABLE } from '../words/table.js';
import { address } from './address.js';
import { arrivals } from './arrivals.js';
import { filterTools } from './filters.js';
import { loadFilters } from './late.js';
import { searchField } from './search.js';
import { selection } from './selection.js';
import { sortable, sortMenu } from './sort.js';
import { tableView } from './view.js';

export function table(options) {
  const { columns, pick, filters = [], size = 10, prefix = '', order } = options;
  const locked = (row) => Boolean(options.locked?.(row));
  const sorts = sortable(columns, options.sorts);
  const where = address({ prefix, filters, orders: sorts.map(({ sort }) => sort), order, size });
  const state = { ...where.read().place, rows: [], count: 0, capped: false };
  const picked = selection(() => paintPicked());
  let asked = 0; // counts questions, so that late answers are known as such
  let asking; // what the newest reload waits for
  let loaded = false; // whether rows, or that there are none, stand there
  let early = where.early(); // filters in the address are not read yet

  const chosen = () => where.asked(state.filters);
  const narrowed = () => state.q !== '' || Object.keys(chosen()).length > 0;
  const open = () => state.rows.filter((row) => !locked(row));
  const ask = async () => {
    if (early) await adopt();
    const { q, offset } = state;
    return options.load({ q, order: state.order, offset, limit: size, filters: chosen() });
  };

  const search = searchField({
    ...options,
    search: (q) => q !== state.q && change({ q }, { replace: true }),
  });
  const { add, chips, paint: paintChips } = filterTools(filters, state, () => change());
  const news = arrivals(options.newRows, async () => {
    if (await reload()) view.focusRow(0);
  });
  const view = tableView({
    options,
    size,
    locked,
    news,
    turn,
    sort: (key) => change({ order: state.order === key ? `-${key}` : key }),
    tick: (row, on, extend) => picked.pick(open(), row, on, extend),
    tickAll: (on) => picked.pickAll(open(), on),
    refocus: () => search.input.focus(),
  });

  // Takes over what the address says, and answers whether that is news.
  async function adopt() {
    if (where.early()) await loadFilters();
    early = false;
    const { place, ignored } = where.read();
    view.ignore(ignored);
    if (where.same(place, state)) return false;
    Object.assign(state, place);
    search.set(state.q);
    paintChips();
    return true;
  }

  // Whatever narrows or sorts begins at the first page.
  async function change(changes, how) {
    if (early) await adopt();
    Object.assign(state, { q: search.text(), offset: 0 }, changes);
    where.write(state, how);
    view.ignore(false);
    if (await reload()) announce(resultsOf(state));
  }

  async function turn(step) {
    const from = state.q === search.text() ? state.offset : 0;
    Object.assign(state, { q: search.text(), offset: Math.max(0, from + step) });
    where.write(state);
    if (!await reload()) return;
    view.head.element.scrollIntoView({ block: 'nearest' });
    announce(rangeOf(state));
  }

  function forget() {
    search.set('');
    state.filters = {};
    paintChips();
    search.input.focus();
    change({ q: '' });
  }

  // Asks again, the old rows dimmed until the answer is there; whether an answer was shown.
  async function reload() {
    asked += 1;
    const mine = asked;
    view.busy(true);
    view.head.paint(state.order);
    if (!loaded) view.wait();
    try {
      const answer = await (asking = ask());
      if (mine !== asked) return false;
      if (!answer.rows.length && state.offset) return lastPage(answer.count);
      take(answer);
      return true;
    } catch (error) {
      if (mine === asked) fail(error);
      return false;
    }
  }

  function lastPage(count) {
    state.offset = Math.min(Math.max(0, Math.ceil(count / size) - 1) * size, state.offset - size);
    where.write(state, { replace: true });
    return reload();
  }

  // Asks quietly: what changed flashes, what is new waits until it is wanted. Throws `Failure`.
  async function refresh() {
    if (view.element.ariaBusy === 'true') await asking.catch(() => {}); // it may miss the news
    asked += 1;
    const mine = asked;
    const answer = await ask();
    if (mine !== asked) return;
    const fresh = new Map(answer.rows.map((row) => [row.id, row]));
    const kept = state.rows.map((row) => fresh.get(row.id) ?? row);
    const more = answer.count - state.count;
    if (loaded && more > 0 && kept.length && news.wait(view.element, options, picked)) {
      show(kept, { flashing: true });
      news.show(more);
    } else if (!answer.rows.length && state.offset) await lastPage(answer.count);
    else {
      // The same rows keep their places, even where a new name belongs elsewhere.
      const same = kept.length === fresh.size && kept.every(({ id }) => fresh.has(id));
      take(same ? { ...answer, rows: kept } : answer, { flashing: loaded });
    }
  }

  function show(rows, how) {
    state.rows = view.lines.paint(rows, how);
    paintPicked();
  }

  function take({ rows, count, capped = false }, how) {
    view.busy(false);
    if (!loaded) view.lines.clear();
    loaded = true;
    Object.assign(state, { count, capped });
    show(rows, how);
    news.show(0);
    view.show(count ? null : options.empty(narrowed(), forget));
    view.foot.paint(state);
    options.painted?.(state, narrowed());
  }

  function fail(error) {
    view.busy(false);
    loaded = false;
    view.lines.clear();
    news.show(0);
    view.show(options.failed(error, reload));
  }

  function paintPicked() {
    if (!pick) return;
    view.tickBoxes(picked, open());
    options.picked?.(picked);
  }

  // Back and Forward: the address says what to show.
  async function sync() {
    if (await adopt() && await reload()) announce(rangeOf(state));
  }

  search.set(state.q);
  view.ignore(where.read().ignored);
  const unbind = bind('/', search.focus, { label: TABLE.focusSearch, inside: view.element });
  return {
    tools: [add, search.element, sortMenu(sorts, state, (order) => change({ order }))],
    chips,
    element: view.element,
    body: view.body,
    box: view.box,
    state,
    picked,
    reload,
    refresh,
    sync,
    focusRow: view.focusRow,
    close() {
      asked += 1;
      search.stop();
      unbind();
    },
  };
}
