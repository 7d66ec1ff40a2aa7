// Lists as people have them: pasted lines and CSV files (RFC 4180), whatever parts the columns.
const SEPARATORS = [',', ';', '\t'];
const IDS = ['id', 'customer_id'];
const EMAILS = ['email', 'e-mail'];
const SLICE_MILLISECONDS = 12;
const LONGEST_VALUE = 255; // what the service looks up; nothing longer names a customer
const HEAD_LENGTH = 10_000;
const CONTROL = /[\0-\x1f\x7f-\x9f]/;

// A quote that is never closed would swallow the rest of the list in silence.
export class OpenQuote extends Error {
  constructor(line) {
    super();
    this.line = line;
  }
}

const breathe = () => new Promise((resolve) => { setTimeout(resolve); });

// Does a step again and again until it answers false, and lets the page live in between.
export async function patiently(step, signal) {
  let since = performance.now();
  while (step()) {
    if (performance.now() - since < SLICE_MILLISECONDS) continue;
    await breathe();
    signal?.throwIfAborted();
    since = performance.now();
  }
}

// The text of a file: UTF-8, or UTF-16 as spreadsheets save "Unicode text", else Windows-1252.
export async function textOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const decode = (name, fatal) => new TextDecoder(name, { fatal }).decode(bytes);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decode('utf-16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decode('utf-16be');
  try {
    return decode('utf-8', true);
  } catch {
    return decode('windows-1252');
  }
}

// The separator that the first line holds most often, outside of quotes.
export function separatorOf(text) {
  const bare = text.slice(0, HEAD_LENGTH).trimStart().replace(/"(?:[^"]|"")*"/g, '');
  const [line] = bare.split(/\r?\n|\r/, 1);
  const counts = SEPARATORS.map((each) => line.split(each).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))];
}

// Yields the rows, lists of cells, one by one. A quote inside a bare cell is an ordinary sign.
export function* rows(text, separator) {
  const ends = new RegExp(`[${separator}\\r\\n]`, 'g');
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let cells = [];
  while (at < text.length) {
    let cell = '';
    while (text[at] === ' ' && /^ +"/.test(text.slice(at, at + 20))) at += 1;
    if (text[at] === '"') {
      const opened = at;
      for (;;) {
        const closed = text.indexOf('"', at + 1);
        if (closed < 0) throw new OpenQuote(text.slice(0, opened).split(/\r\n|\r|\n/).length);
        cell += text.slice(at + 1, closed);
        at = closed + 1;
        if (text[at] !== '"') break;
        cell += '"';
      }
    }
    ends.lastIndex = at;
    const end = ends.exec(text)?.index ?? text.length;
    cells.push((cell + text.slice(at, end)).trim());
    at = end + 1;
    if (text[end] === separator) {
      if (at === text.length) cells.push('');
      else continue;
    }
    if (text[end] === '\r' && text[at] === '\n') at += 1;
    yield cells;
    cells = [];
  }
  if (cells.length) yield cells;
}

// Which columns name the customer, the better one first; `named` unless it is just the first.
function columnsOf(head) {
  const names = head.map((name) => name.toLowerCase());
  const of = (wanted) => names.findIndex((name) => wanted.includes(name));
  const found = [of(IDS), of(EMAILS)].filter((at) => at >= 0);
  return { named: found.map((at) => head[at]), columns: found.length ? found : [0] };
}

// The service refuses these, and with them the thousand that they are asked with.
const askable = (value) =>
  value.length <= LONGEST_VALUE && !CONTROL.test(value) && (value.isWellFormed?.() ?? true);

// Reads ids and e-mails, each once: { values, impossible, repeated, named }. `named` are the
// columns that were read; a single line without them counts as one list.
export async function readList(text, signal) {
  const reader = rows(text, separatorOf(text));
  const seen = new Set();
  let repeated = 0;
  let columns = null;
  let named = [];
  let first = null;
  let lines = 0;
  const take = (value) => {
    if (!value) return;
    if (seen.has(value)) repeated += 1;
    seen.add(value);
  };
  await patiently(() => {
    const { value: cells, done } = reader.next();
    if (done) return false;
    if (cells.every((cell) => !cell)) return true;
    lines += 1;
    if (columns) {
      take(columns.map((at) => cells[at]).find(Boolean));
      return true;
    }
    ({ columns, named } = columnsOf(cells));
    first = cells;
    if (!named.length) take(cells[0]);
    return true;
  }, signal);
  if (lines === 1 && !named.length) first.slice(1).forEach(take);
  const values = [...seen];
  return {
    values: values.filter(askable),
    impossible: values.filter((value) => !askable(value)),
    repeated,
    named,
  };
}
