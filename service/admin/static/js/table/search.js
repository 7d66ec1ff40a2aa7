// The search field: asks when typing pauses, and at once on Enter.
import { h, icon, keyHint } from '../dom.js';
import { TABLE } from '../words/table.js';

const PAUSE_MILLISECONDS = 250;

export function searchField({ label, hint = true, autofocus, search }) {
  let timer;
  const ask = () => {
    clearTimeout(timer);
    search(input.value.trim());
  };
  const input = h('input', {
    type: 'search',
    placeholder: TABLE.search,
    'aria-label': TABLE.searchIn(label),
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 255,
    autofocus,
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(ask, PAUSE_MILLISECONDS);
    },
    onkeydown: (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      ask();
    },
  });
  return {
    input,
    element: h('label', { class: 'search' }, icon('search'), input, hint && keyHint('/')),
    // Shows what is searched for; what was being typed is dropped.
    set(text) {
      clearTimeout(timer);
      if (input.value.trim() !== text) input.value = text;
    },
    focus() {
      input.focus();
      input.select();
    },
    // What is typed, even where typing has not paused yet; it need not be asked again.
    text() {
      clearTimeout(timer);
      return input.value.trim();
    },
    stop: () => clearTimeout(timer),
  };
}
