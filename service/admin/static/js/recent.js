// The groups that were looked at last, for the palette: ids and names only, never a customer.
const STORED = 'customer-groups.recent';
const MOST = 5;

export function recentGroups() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORED)) ?? [];
    return kept.filter((each) => each?.id && typeof each.name === 'string').slice(0, MOST);
  } catch {
    return [];
  }
}

const keep = (groups) => localStorage.setItem(STORED, JSON.stringify(groups.slice(0, MOST)));

export function remember({ id, name }) {
  keep([{ id, name }, ...recentGroups().filter((each) => each.id !== id)]);
}

// Deleted groups go, renamed ones get their new name.
export function refreshRecent(groups) {
  const names = new Map(groups.map(({ id, name }) => [id, name]));
  keep(recentGroups().filter(({ id }) => names.has(id))
    .map(({ id }) => ({ id, name: names.get(id) })));
}

// The next person at this browser need not know them.
export const forgetRecent = () => localStorage.removeItem(STORED);
