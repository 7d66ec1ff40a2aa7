// The import page of a group.
import { grouped, plural } from './common.js';

const customers = (number) => plural(number, 'customer');

export const IMPORT = {
  crumb: 'Import',
  title: (name) => `Import into ${name}`,
  heading: 'Import customers',
  lead: (name) => `Adds customers who exist already to ${name}. Nobody is created or removed.`,
  list: 'Customer IDs or e-mail addresses',
  hint: 'One on each line, or CSV with a column id or email; without one, the first column counts.',
  placeholder: 'ada@example.com\ncus_01JD8Z5K41QX…',
  choose: 'Choose a CSV file',
  drop: 'or drop one here',
  file: 'CSV file',
  pasted: 'Pasted list',
  otherFile: 'Remove this list',
  tooLarge: (megabytes) => `A file may have up to ${megabytes} MB. Split it and import the parts.`,
  notRead: 'The file cannot be read. Choose it again.',
  empty: 'Paste a list or choose a file',
  nothing: 'There are no IDs and no e-mail addresses in this list',
  openQuote: (line) => `The quotation mark opened in line ${grouped(line)} is never closed`,
  check: 'Check the list',
  finding: 'Finding the customers',
  foundOf: (done, total) => `${grouped(done)} of ${grouped(total)} looked up`,
  adding: 'Adding the customers',
  addedOf: (done, total) => `${grouped(done)} of ${grouped(total)} done`,
  stopping: 'Stopping',
  goOn: 'Go on',
  report: 'Show the report',
  stopped: 'Stopped. What was done so far is kept.',
};

export const PREVIEW = {
  title: 'Check before adding',
  source: ({ count, repeated, named }) => [
    plural(count, 'different value'),
    named.length ? `from the column ${named.join(', else ')}` : '',
    repeated ? `${plural(repeated, 'repeat')} left out` : '',
  ].filter(Boolean).join(' · '),
  fresh: 'To add',
  already: 'Already in',
  unknown: 'Unknown',
  ambiguous: 'Ambiguous',
  add: (number) => `Add ${customers(number)}`,
  nobody: 'Nobody in this list can be added.',
  nobodyElse: 'Nobody else in this list can be added.',
  allIn: 'Everybody in this list is in the group already.',
  back: 'Change the list',
  ambiguousTitle: (number) => plural(number, 'ambiguous address', 'ambiguous addresses'),
  ambiguousText: 'Several customers have the same e-mail address. They are left out, unless you '
    + 'ask for all of them.',
  ambiguousAll: 'Add every customer with these addresses',
  ambiguousRow: (number) => customers(number),
};

export const UNKNOWN = {
  title: (number) => plural(number, 'unknown value'),
  text: 'No customer has this ID or e-mail address. These are left out.',
  shown: (number) => `The first ${grouped(number)} are shown; copy and download give all.`,
  copy: 'Copy all',
  download: 'Download',
  file: 'unknown.csv',
  gone: (number) => `${plural(number, 'customer')} deleted meanwhile`,
  goneText: 'They were found, and no longer existed when they were to be added.',
};

export const REPORT = {
  title: (number) => `${customers(number)} added`,
  done: (name) => `The import into ${name} is finished.`,
  stopped: (left) => `The import was stopped; ${customers(left)} of the list were not added.`,
  added: 'Added',
  already: 'Already in',
  unknown: 'Unknown',
  gone: 'Deleted meanwhile',
  left: 'Not added',
  open: 'Open the group',
  again: 'Import another list',
};

export const LEAVE_IMPORT = {
  running: 'The import stops when you leave. Customers who were added so far stay in the group.',
  typed: 'The list has not been imported yet, and will be lost.',
};
