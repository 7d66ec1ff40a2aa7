// The sheet of shortcuts.
import { GO } from './session.js';

export const SHORTCUTS = {
  title: 'Keyboard shortcuts',
  single: 'Single-key shortcuts',
  singleHint: 'Off, only shortcuts with Ctrl or Cmd work, and Esc. Kept in this browser.',
  then: 'then',
  sections: [
    ['Everywhere', [
      ['mod+k', GO.palette],
      ['g u', GO.customers],
      ['g g', GO.groups],
      ['?', GO.shortcuts],
      ['escape', 'Close the topmost thing'],
    ]],
    ['Lists', [
      ['/', 'Search the table'],
      ['c', 'Create'],
      ['shift+click', 'Select a range'],
      ['r', 'Remove the selected customers'],
      ['escape', 'Clear the selection'],
    ]],
    ['A group', [
      ['e', 'Edit'],
      ['a', 'Add customers'],
    ]],
    ['Forms', [
      ['mod+enter', 'Save'],
      ['escape', 'Close the form'],
    ]],
    ['Metadata', [
      ['enter', 'Next cell'],
      ['arrows', 'Along a column'],
      ['alt+arrows', 'Insert a row above or below'],
      ['mod+shift+backspace', 'Delete the row'],
    ]],
  ],
  other: 'On this page',
  keys: {
    escape: 'Esc', enter: 'Enter', arrows: '↑ ↓', shift: 'Shift', alt: 'Alt',
    backspace: 'Backspace', click: 'Click',
  },
};
