// The two filters of a history, which stand in the address: what was done, and who did it.
import { h, icon } from '../dom.js';
import { menu } from '../menu.js';
import { current, setQuery } from '../router.js';
import { session } from '../session.js';
import { who } from '../words/history.js';
import { TIMELINE } from '../words/timeline.js';

// `all()` are [value, label]; null is no restriction.
function choice(label, all, value, choose) {
  const face = h('span', null);
  const [button, popover] = menu(label, () => all().map(([each, text]) => ({
    label: text, checked: each === value(), run: () => choose(each),
  })), { look: 'btn', face: [face, icon('down')] });
  return {
    element: h('div', null, button, popover),
    paint() {
      const text = all().find(([each]) => each === value())?.[1] ?? value();
      face.textContent = text;
      button.ariaLabel = `${label}: ${text}`;
      button.classList.toggle('on', value() !== null);
    },
  };
}

// `changed()` is told when somebody chose something else. `chosen` are { type, actor }.
export function historyFilters(changed) {
  const actors = new Map(session.user ? [[session.user.id, session.user.email]] : []);
  const chosen = { type: null, actor: null };
  const set = (changes) => {
    Object.assign(chosen, changes);
    setQuery(changes);
    paint();
    changed();
  };
  const all = [
    choice(TIMELINE.kind, () => [[null, TIMELINE.everyKind], ...Object.entries(TIMELINE.kinds)],
      () => chosen.type, (type) => set({ type })),
    choice(TIMELINE.actor, () => [[null, TIMELINE.everybody], ...actors],
      () => chosen.actor, (actor) => set({ actor })),
  ];
  const paint = () => all.forEach((each) => each.paint());

  return {
    elements: all.map(({ element }) => element),
    chosen,
    narrowed: () => Boolean(chosen.type || chosen.actor),
    clear: () => set({ type: null, actor: null }),
    // Takes over what the address says.
    read() {
      const { query } = current();
      Object.assign(chosen, { type: query.get('type'), actor: query.get('actor') });
      paint();
    },
    // Whoever did one of these can be chosen.
    meet(events) {
      for (const { actor } of events) actors.set(actor.id, who(actor));
      paint();
    },
  };
}
