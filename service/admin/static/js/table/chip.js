// The chip of one filter: what it says, the menu or small dialog that changes it, and its ×.
import { h, icon } from '../dom.js';
import { menu } from '../menu.js';
import { CHIP } from '../words/filters.js';
import { countFields, dateFields } from './fields.js';
import { groupFields } from './groupchoice.js';
import { findGroups, groupName } from './groupnames.js';
import { KINDS } from './kinds.js';
import { popup } from './popup.js';

export { KINDS };

const FIELDS = { dates: dateFields, count: countFields, groups: groupFields };

// `value()` is null while nothing is chosen yet.
export function filterChip(filter, { value, set, drop }) {
  const { key, label, kind, options } = filter;
  const words = h('b');
  const shared = {
    look: 'value',
    face: [h('span', null, label), ' ', words],
    closed: () => value() === null && drop(),
  };
  const [button, popover] = kind === 'choice'
    ? menu(CHIP.label(label), () => options.map(([each, text]) => ({
      label: text, checked: each === value(), run: () => set(each),
    })), { ...shared, place: 'start', named: false })
    : popup(CHIP.label(label), {
      ...shared,
      content: (host) => FIELDS[kind]({ value: value(), set, close: () => host.hidePopover() }),
    });
  const element = h('div', { class: 'filter', 'data-key': key },
    button,
    popover,
    h('button', {
      class: 'drop', type: 'button', 'aria-label': CHIP.drop(label), onclick: drop,
    }, icon('x')));

  function paint() {
    const chosen = value();
    words.textContent = chosen === null ? CHIP.choose : KINDS[kind].words(chosen, filter);
    if (kind === 'groups' && chosen?.length === 1 && !groupName(chosen[0])) {
      findGroups({ id: chosen }).then(() => groupName(chosen[0]) && paint(), () => {});
    }
  }
  return {
    element,
    paint,
    open() {
      button.focus();
      button.click();
    },
  };
}
