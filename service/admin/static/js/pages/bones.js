// What the page of a group looks like before it is there: the same cards at the same heights.
import { h } from '../dom.js';
import { GENERAL } from '../words/detail.js';

const bone = (width) => h('span', { class: `bone ${width}` });
const card = (look, ...content) => h('section', {
  class: `card ${look}`, 'aria-hidden': 'true',
}, content);
const head = (width) => h('div', { class: 'head' }, bone(width));
const fact = () => h('div', null, bone('w1'), bone('w2'));

export const skeleton = () => [
  h('h1', { class: 'sr' }, GENERAL.loading),
  h('div', { class: 'col' },
    card('general bones',
      h('div', { class: 'head' }, h('div', null, bone('w4'), bone('w3'))),
      h('div', { class: 'facts' }, fact(), fact(), fact(), fact())),
    card('bones tall', head('w2'))),
  h('div', { class: 'col' },
    card('bones', head('w2'), h('div', { class: 'lines' }, bone('w3'), bone('w4'), bone('w3'))),
    card('bones', head('w2'), h('div', { class: 'lines' }, bone('w4'), bone('w3'), bone('w4'))),
    card('bones', head('w1'))),
];
