// Element builder, icons and key hints. No innerHTML anywhere.
const PROPERTIES = new Set([
  'checked', 'disabled', 'indeterminate', 'value', 'hidden', 'readOnly', 'tabIndex',
]);

// `h('a', { href, onclick }, 'text', child)`; null, undefined and false are left out.
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value == null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(3).filter((child) => child != null && child !== false));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

export function icon(name) {
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

// Gives an element these children and no others. What stays is not moved, so that its focus, its
// open menu and what is unfolded in it survive.
export function place(element, children) {
  const wanted = new Set(children);
  for (const child of [...element.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, at) => {
    if (element.children[at] !== child) element.insertBefore(child, element.children[at] ?? null);
  });
}

export const keyHint = (...keys) =>
  h('span', { class: 'keys', 'aria-hidden': 'true' }, keys.map((key) => h('kbd', null, key)));

export const mac = /Mac|iP/.test(navigator.platform);
export const COMMAND = mac ? '⌘' : 'Ctrl';

// Runs one at a time: what is pressed while its parts are still being loaded is dropped.
export function oneAtATime(run) {
  let busy = false;
  return async (...given) => {
    if (busy) return;
    busy = true;
    try {
      await run(...given);
    } finally {
      busy = false;
    }
  };
}

// Whether a key press belongs to a text field.
export const typing = (event) =>
  event.target.closest?.('input:not([type=checkbox]), textarea, select, [contenteditable]');
