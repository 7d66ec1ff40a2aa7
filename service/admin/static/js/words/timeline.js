// The whole history of a group.
export const TIMELINE = {
  title: (name) => `History of ${name}`,
  crumb: 'History',
  lead: 'Every change: who made it, when and why.',
  everyKind: 'Every kind',
  kind: 'Kind of change',
  everybody: 'Everybody',
  actor: 'Who made it',
  kinds: {
    GroupCreated: 'Created',
    Renamed: 'Renamed',
    MetadataChanged: 'Metadata changed',
    CustomersAdded: 'Customers added',
    CustomersRemoved: 'Customers removed',
    GroupDeleted: 'Deleted',
    GroupRestored: 'Restored',
  },
  actions: (version) => `Actions for version ${version}`,
  asOf: 'View as of here',
  copy: 'Copy event ID',
  copied: 'Event ID copied',
  undo: 'Undo',
  more: 'Show more',
  none: 'No such changes',
  noneText: 'Nothing of this kind was done by whom you chose.',
  failed: 'The history could not be loaded',
};

const days = new Intl.DateTimeFormat('en-GB', {
  weekday: 'long', day: 'numeric', month: 'long', year: 'numeric',
});
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

const start = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

// "Today", "Yesterday", "Thursday 12 November 2026", in the reader's own zone.
export function dayTitle(instant, now = new Date()) {
  const back = Math.round((start(now) - start(new Date(instant))) / 86_400_000);
  return ['Today', 'Yesterday'][back] ?? days.format(new Date(instant));
}

export const timeOfDay = (instant) => clock.format(new Date(instant));
