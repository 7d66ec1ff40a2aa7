// Ticked rows, by id: they survive paging, sorting and searching.
export function selection(changed) {
  const picked = new Map();
  let last = null;

  const set = (row, on) => (on ? picked.set(row.id, row) : picked.delete(row.id));

  return {
    get size() { return picked.size; },
    has: (row) => picked.has(row.id),
    values: () => [...picked.values()],
    drop(rows) {
      rows.forEach((row) => picked.delete(row.id));
      changed();
    },
    clear() {
      picked.clear();
      last = null;
      changed();
    },
    // With Shift, everything between the last touched row and this one follows it.
    pick(rows, row, on, extend) {
      const place = (id) => rows.findIndex((each) => each.id === id);
      const to = place(row.id);
      const from = extend ? place(last) : -1;
      const range = from < 0 ? [row] : rows.slice(Math.min(from, to), Math.max(from, to) + 1);
      range.forEach((each) => set(each, on));
      last = row.id;
      changed();
    },
    pickAll(rows, on) {
      rows.forEach((row) => set(row, on));
      changed();
    },
  };
}
