// Where the moments of a history lie on a track: half by their time, half evenly, so that what
// happened within a second can still be told apart, and a quiet year does not take all the room.
const EVENLY = 0.5;

// `times` and `now` in milliseconds, ascending. Places go from 0 (the first) to 1 (now).
export function scale(times, now) {
  const nodes = [...times, Math.max(now, times.at(-1) + 1)];
  const last = nodes.length - 1;
  const span = nodes[last] - nodes[0];
  const places = nodes.map((time, at) =>
    (EVENLY * at) / last + ((1 - EVENLY) * (time - nodes[0])) / span);

  // Between two nodes both go on evenly.
  function between(from, to, value) {
    const after = from.findIndex((each) => each > value);
    if (after === 0) return to[0];
    if (after < 0) return to[last];
    const part = (value - from[after - 1]) / (from[after] - from[after - 1]);
    return to[after - 1] + part * (to[after] - to[after - 1]);
  }
  return {
    places: places.slice(0, last),
    placeOf: (time) => between(nodes, places, time),
    timeAt: (place) => between(places, nodes, place),
  };
}
