// Keyboard shortcuts: single keys ("r", "/"), sequences ("g u") and "mod+k" (Ctrl or Cmd).
import { typing } from './dom.js';

const SEQUENCE_MILLISECONDS = 1000;
const STORED = 'customer-groups.single-keys';
const bindings = new Set();
let first = null; // the first key of a sequence, while it may be continued
let timer;

// Single keys can be switched off (WCAG 2.1.4).
export const singleKeys = () => localStorage.getItem(STORED) !== 'off';
export const setSingleKeys = (on) => localStorage.setItem(STORED, on ? 'on' : 'off');

// `label` names it in the sheet of shortcuts; left out, it is not listed. `inside` is the element
// it belongs to: it then works under the dialog that holds the element. `over`: it works over an
// open form as well, never over a question. Returns unbind().
export function bind(keys, run, { label, inside, over } = {}) {
  const binding = { keys, run, label, inside, over };
  bindings.add(binding);
  return () => bindings.delete(binding);
}

// What works now, for the sheet: [{ keys, label, run }].
export const bound = () => [...bindings].filter((each) => each.label);

function within(binding) {
  if (binding.inside && !binding.inside.isConnected) return false;
  if (document.querySelector('.menu:popover-open, .popup:popover-open')) return false;
  const dialog = [...document.querySelectorAll('dialog[open]')].at(-1);
  if (!dialog) return true;
  if (binding.over) return !dialog.matches('.prompt, .sheet, .shortcuts');
  return Boolean(binding.inside && dialog.contains(binding.inside));
}

const MODIFIERS = ['Shift', 'Control', 'Alt', 'Meta', 'CapsLock'];

// Filling in by the browser sends presses without a key, an input method ones that are not ours.
function named(event) {
  if (!event.key || event.isComposing || event.altKey || MODIFIERS.includes(event.key)) return null;
  const key = event.key.toLowerCase();
  if (!event.ctrlKey && !event.metaKey) return key;
  return event.shiftKey ? null : `mod+${key}`;
}

document.addEventListener('keydown', (event) => {
  const key = named(event);
  if (!key || event.defaultPrevented || event.repeat) return;
  const command = key.startsWith('mod+');
  if (!command && (typing(event) || (key !== 'escape' && !singleKeys()))) return;
  const able = [...bindings].filter(within).reverse();
  const sequence = first && `${first} ${key}`;
  clearTimeout(timer);
  first = null;
  const found = able.find((each) => each.keys === sequence)
    ?? able.find((each) => each.keys === key);
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if (!command && able.some((each) => each.keys.startsWith(`${key} `))) {
    first = key;
    timer = setTimeout(() => { first = null; }, SEQUENCE_MILLISECONDS);
  }
});
