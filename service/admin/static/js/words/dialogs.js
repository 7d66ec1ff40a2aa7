// Forms and prompts, whatever they are about.
export const CANCEL = 'Cancel';
export const CLOSE = 'Close';
export const SAVE = 'Save';

export const REASON = {
  label: 'Reason',
  hint: 'This service keeps the reason with the change for ever. Name no person.',
  missing: 'Give a reason for this change',
};

export const LEAVE = {
  title: 'Leave without saving?',
  body: 'Your changes will be lost.',
};
