// The page of a group that was deleted.
export const DELETED = {
  title: 'This group was deleted',
  state: 'Last known state',
  text: (name, by, when) =>
    `${name} was deleted by ${by} on ${when} (404). A restore brings it back as it was.`,
  restore: 'Restore',
  asOf: 'View as it was',
  otherName: 'The old name is in use. Restore the group under another one.',
  done: (name) => `${name} was restored`,
};
