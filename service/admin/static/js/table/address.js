// What of a table stands in the address: q, order, offset and the filters, under a prefix.
import { current, setQuery } from '../router.js';
import { late } from './late.js';

function attempt(parse, text) {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

// `orders` are the sort keys that exist, `order` the default, which is left out of the address.
export function address({ prefix, filters, orders, order, size }) {
  const asked = (values) => Object.fromEntries(filters
    .filter(({ key }) => values[key] != null)
    .map(({ key, kind, field }) => [field, late.KINDS[kind].query(values[key])]));
  const image = (state) =>
    JSON.stringify([state.q, state.order, state.offset, asked(state.filters)]);
  return {
    // Whether a filter stands in the address, which cannot be read before `late` is there.
    early: () => !late.KINDS && filters.some(({ key }) => current().query.get(prefix + key)),
    // The place { q, order, offset, filters }, and whether something was not understood.
    read() {
      const { query } = current();
      let ignored = false;
      const value = (name, parse, otherwise) => {
        const text = query.get(prefix + name);
        if (!text) return otherwise;
        const found = attempt(parse, text);
        if (found === undefined) ignored = true;
        return found ?? otherwise;
      };
      const known = (text) => (orders.includes(text.replace('-', '')) ? text : undefined);
      const first = (text) => (/^\d{1,12}$/.test(text) ? text - (text % size) : undefined);
      const chosen = (late.KINDS ? filters : [])
        .map((each) => [each.key,
          value(each.key, (text) => late.KINDS[each.kind].read(text, each))])
        .filter(([, found]) => found !== undefined);
      return {
        place: {
          q: value('q', (text) => text.trim(), ''),
          order: value('order', known, order),
          offset: value('offset', first, 0),
          filters: Object.fromEntries(chosen),
        },
        ignored,
      };
    },
    write(state, options) {
      const changes = {
        q: state.q,
        order: state.order === order ? null : state.order,
        offset: state.offset || null,
      };
      for (const { key, kind } of late.KINDS ? filters : []) {
        const value = state.filters[key];
        changes[key] = value == null ? null : late.KINDS[kind].write(value);
      }
      setQuery(Object.fromEntries(
        Object.entries(changes).map(([name, value]) => [prefix + name, value]),
      ), options);
    },
    // The values of filters as the API wants them, by field.
    asked,
    same: (one, other) => image(one) === image(other),
  };
}
