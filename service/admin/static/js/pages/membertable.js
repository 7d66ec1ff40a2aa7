// The table of a group's members, as they are or were.
import { get, groupPath } from '../api.js';
import { table } from '../table/table.js';
import { MEMBERS, PEOPLE } from '../words/members.js';
import { notLoaded } from './missing.js';
import { PEOPLE_SORTS, peopleColumns, peopleFilters, personName } from './people.js';

// `asOf()` is a position or an instant, null for now; `options` are what differs. Who was in the
// group is as of then, what is known of them, searched and filtered by is of today.
export const memberTable = ({ id, asOf = () => null, ...options }) => table({
  label: MEMBERS.table,
  prefix: 'm_',
  columns: peopleColumns({ link: true }),
  sorts: [{ label: MEMBERS.added, sort: 'added_at' }, ...PEOPLE_SORTS],
  filters: peopleFilters(),
  order: '-added_at',
  size: 10,
  hint: true,
  rowName: personName,
  failed: notLoaded(PEOPLE.failed),
  async load({ filters, ...query }) {
    const answer = await get(`${groupPath(id)}/customers`, {
      ...query, q: query.q || null, as_of: asOf(), ...filters,
    });
    return { rows: answer.customers, count: answer.count, capped: answer.count_capped };
  },
  ...options,
});
