// Rows of the metadata editor as plain data: types, mistakes, and what is to be sent.
import { ROW } from '../words/metadata.js';

export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// Only canonical spellings change type: "007" and "12abc" stay text, as do numbers that the
// service does not take.
function infer(text) {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return String(number) === text && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? number : text;
}

export function typeOf(value) {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

const simple = (value) => ['string', 'number', 'boolean'].includes(typeof value);

// `text`: the value is text, whatever it looks like.
export const newRow = (key = '', value = '') => ({ key, value, text: false });

// What came from the service. `shown` is what the inputs make of it (they know no line breaks, a
// textarea only one kind): as long as they show the same, the stored key and value stand.
export function storedRow(key, value) {
  const shown = {
    key: key.replace(/[\r\n]/g, ''),
    value: simple(value) ? String(value).replace(/\r\n?/g, '\n') : JSON.stringify(value),
    text: typeof value === 'string',
  };
  return { ...shown, fixed: !simple(value), origin: { key, value, shown } };
}

const keyKept = ({ key, origin }) => key === origin?.shown.key;
const valueKept = ({ value, text, origin }) =>
  value === origin?.shown.value && text === origin.shown.text;

export const keyOf = (row) => (keyKept(row) ? row.origin.key : row.key.trim());

export function valueOf(row) {
  if (row.fixed || valueKept(row)) return row.origin.value;
  return row.text ? row.value.trim() : infer(row.value.trim());
}

// The other type that this spelling could have, if any.
export function otherType(row) {
  const type = row.fixed ? 'string' : typeof infer(row.value.trim());
  if (type === 'string') return null;
  return row.text ? type : 'string';
}

export const blank = (row) => !row.fixed && !row.key.trim() && !row.value.trim()
  && !(keyKept(row) && valueKept(row));

// Row -> { column, text }. Duplicates are wrong at once, a missing half from the first save on.
export function mistakes(rows, strict) {
  const filled = rows.filter((row) => !blank(row));
  const uses = new Map();
  for (const key of filled.map(keyOf)) uses.set(key, (uses.get(key) ?? 0) + 1);
  const found = new Map();
  for (const row of filled) {
    const key = keyOf(row);
    if (key && uses.get(key) > 1) {
      found.set(row, { column: 'key', text: ROW.used(key, uses.get(key)) });
    } else if (strict && !key && !keyKept(row)) {
      found.set(row, { column: 'key', text: ROW.noKey });
    } else if (strict && !row.value.trim() && row.value !== row.origin?.shown.value) {
      found.set(row, { column: 'value', text: ROW.noValue });
    }
  }
  return found;
}

// Merge patch of `before` (a Map): changed and new keys with their values, removed keys as null.
export function difference(rows, before) {
  const now = new Map(rows.filter((row) => !blank(row)).map((row) => [keyOf(row), valueOf(row)]));
  const changed = [...now].filter(([key, value]) => !same(before.get(key), value));
  const removed = [...before.keys()].filter((key) => !now.has(key)).map((key) => [key, null]);
  return Object.fromEntries([...changed, ...removed]);
}

// Lines with a tab, colon or equals sign as rows; null when it is just a text for one cell. A
// single line needs a tab, an equals sign, or a colon with a blank: "shop:id" is a key.
export function pasted(text) {
  const lines = text.split(/\r\n?|\n/).filter((line) => line.trim());
  const single = lines.length === 1;
  const shape = single ? /^([^\t:=]+?)\s*(?:\t|=|:\s)(.*)$/ : /^([^\t:=]+?)\s*[\t:=](.*)$/;
  const tabbed = /^([^\t]*)\t(.*)$/;
  const pairs = lines.map((line) => tabbed.exec(line.trim()) ?? shape.exec(line.trim()));
  if (!lines.length || (single && !pairs[0])) return null;
  return pairs.map((pair, at) => newRow(pair ? pair[1].trim() : lines[at].trim(),
    pair ? pair[2].trim() : ''));
}
