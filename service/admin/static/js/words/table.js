// Tables: search, sorting, pages and what stands in place of rows.
import { grouped, plural } from './common.js';

export const TABLE = {
  search: 'Search',
  searchIn: (label) => `Search ${label}`,
  focusSearch: 'Search the table',
  addFilter: 'Add filter',
  filters: 'Filters',
  clearAll: 'Clear all',
  sort: 'Sort',
  sortBy: 'Sort by',
  direction: 'Direction',
  ascending: 'Ascending',
  descending: 'Descending',
  previous: 'Prev',
  next: 'Next',
  actions: 'Actions',
  actionsFor: (name) => `Actions for ${name}`,
  select: (name) => `Select ${name}`,
  selectAll: 'Select all on this page',
  noResults: 'No results',
  noResultsAdvice: 'Try another search, or change the filters.',
  ignored: 'Part of the address was not understood and is left out.',
};

const results = (count, capped) =>
  (capped ? `${grouped(count)}+ results` : plural(count, 'result'));

export const resultsOf = ({ count, capped }) => results(count, capped);

// "21 – 40 of 45 results"
export function rangeOf({ count, capped, offset, rows }) {
  if (!count) return results(0);
  return `${grouped(offset + 1)} – ${grouped(offset + rows.length)} of ${results(count, capped)}`;
}

// "2 of 3 pages"
export function pagesOf({ count, capped, offset }, size) {
  const all = Math.max(1, Math.ceil(count / size));
  const pages = capped ? `${grouped(all)}+ pages` : plural(all, 'page');
  return `${grouped(offset / size + 1)} of ${pages}`;
}
