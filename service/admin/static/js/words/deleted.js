// The page of a group that was deleted.
export const DELETED = {
  title: 'This group was deleted',
  state: 'Last known state',
  unnamed: 'a group',
  text: (name, by, when) =>
    `${name} was deleted by ${by} on ${when} (404). What is known of it is below.`,
};
