// Names of groups by their ids, for the chip of a filter by groups.
import { get, GROUPS } from '../api.js';

const names = new Map();

export const groupName = (id) => names.get(id);

// Groups by name; what was seen is remembered.
export async function findGroups(query) {
  const answer = await get(GROUPS, { fields: 'id,name', order: 'name', limit: 20, ...query });
  answer.customer_groups.forEach(({ id, name }) => names.set(id, name));
  return answer.customer_groups;
}
