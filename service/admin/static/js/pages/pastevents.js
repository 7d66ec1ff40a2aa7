// The events of a group for its track: the newest, and as many older ones as are wanted.
import { get, groupPath } from '../api.js';

const PAGE = 500;
const MOST = 5000; // who goes back further gets there by the field for an exact time

// `load(enough)` asks for older ones until `enough(oldest)`; `list` is oldest first.
export function pastEvents(id) {
  let cursor = null;
  const events = {
    list: [],
    whole: false, // whether the first of all is among them
    async load(enough) {
      do {
        const query = { limit: PAGE, ids: 0, cursor };
        const page = await get(`${groupPath(id)}/history`, query);
        events.list = [...page.events.toReversed(), ...events.list];
        cursor = page.next_cursor;
        events.whole = !cursor;
      } while (cursor && events.list.length < MOST && !enough(events.list[0]));
    },
  };
  return events;
}
