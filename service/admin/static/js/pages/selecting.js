// Selected rows: R or the bar takes them out, Esc clears; what is seldom needed is loaded then.
import { h, oneAtATime } from '../dom.js';
import { bind } from '../keys.js';
import { announce } from '../overlay.js';
import { COMMANDS } from '../words/members.js';

// `options` are what removal.js wants, without `chosen`; `rows` is the table, `from()` a function.
export function selecting({ what, rows, from, ...options }) {
  const place = h('div', { hidden: true });
  let bar = null;
  let loading = null;
  let closed = false;

  const takeOut = oneAtATime(async (chosen) => {
    const removal = await import('./removal.js');
    await removal.takeOut({ ...options, what, rows, chosen, from: from() });
  });

  function clear() {
    const lost = bar?.element.contains(document.activeElement);
    rows.picked.clear();
    announce(COMMANDS.cleared);
    if (lost) rows.box.focus();
  }

  const remove = () => takeOut(rows.picked.values());

  async function load() {
    const { commandBar } = await import('./bar.js');
    if (closed) return;
    bar = commandBar({ what, remove, clear });
    place.replaceWith(bar.element);
    bar.show(rows.picked.size);
  }

  const some = (run) => () => rows.picked.size && run();
  const label = what === 'groups' ? COMMANDS.leaveGroups : COMMANDS.removeCustomers;
  const unbind = [
    bind('r', some(remove), { label }),
    bind('escape', some(clear), { label: COMMANDS.clear }),
  ];
  return {
    place,
    takeOut,
    show({ size }) {
      if (bar) bar.show(size);
      else if (size) loading ??= load().catch(() => { loading = null; });
    },
    close() {
      closed = true;
      bar?.close();
      unbind.forEach((each) => each());
    },
  };
}
