// The JSON API: one way to ask, one kind of failure.
import { NOT_UNDERSTOOD, UNREACHABLE } from './words/common.js';

// Tells "away" when the service does not answer (or answers 503) and "back" when it does again,
// or the session is there again.
export const service = new EventTarget();
let away = false;

function tell(isAway) {
  if (away === isAway) return;
  away = isAway;
  service.dispatchEvent(new Event(isAway ? 'away' : 'back'));
}

// What the service refused: `status` (0: no answer), `code` (stable) and the whole `body`.
export class Failure extends Error {
  constructor(status, body = {}) {
    super(body.message ?? NOT_UNDERSTOOD);
    this.status = status;
    this.code = body.code;
    this.body = body;
  }
}

let signInAgain = null;

// `hook` is awaited when the session has ended; the request is then sent again.
export const onUnauthorized = (hook) => { signInAgain = hook; };

// { q: 'a', id: ['x', 'y'], created_at: { $gte: 'z' } } -> q=a&id=x&id=y&created_at[$gte]=z
function queryText(query = {}) {
  const pairs = [];
  for (const [name, value] of Object.entries(query)) {
    if (value == null) continue;
    if (Array.isArray(value)) pairs.push(...value.map((each) => [name, each]));
    else if (typeof value === 'object') {
      pairs.push(...Object.entries(value).map(([key, each]) => [`${name}[${key}]`, each]));
    } else pairs.push([name, value]);
  }
  return pairs.length ? `?${new URLSearchParams(pairs)}` : '';
}

async function answerOf(response) {
  if (response.status === 204 || response.status === 304) return null;
  try {
    return await response.json();
  } catch {
    throw new Failure(response.status);
  }
}

async function send(method, path, { query, body, type = 'application/json', headers, signal }) {
  try {
    return await fetch(path + queryText(query), {
      method,
      signal,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: { ...(body === undefined ? {} : { 'Content-Type': type }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    tell(true);
    throw new Failure(0, { message: UNREACHABLE });
  }
}

// Answers { status, body, etag, version, position, request }; body is null for 304, `position` of
// the log what `as_of` stood for, `request` the id by which a change is undone (null where this was
// the answer to an earlier sending). Throws `Failure`.
// `guest: true` for requests that need no session: a 401 is then a failure like others.
export async function call(method, path, options = {}) {
  const response = await send(method, path, options);
  tell(response.status === 503);
  if (response.status === 401 && !options.guest && signInAgain) {
    await signInAgain();
    service.dispatchEvent(new Event('back'));
    return call(method, path, options);
  }
  const body = await answerOf(response);
  if (!response.ok && response.status !== 304) throw new Failure(response.status, body ?? {});
  const { headers } = response;
  const etag = headers.get('ETag');
  return {
    status: response.status,
    body,
    etag,
    version: etag && Number(etag.slice(1, -1)),
    position: Number(headers.get('X-Position')),
    request: headers.has('Idempotent-Replayed') ? null : headers.get('X-Request-Id'),
  };
}

export const get = async (path, query, options) =>
  (await call('GET', path, { query, ...options })).body;

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// Sends changes with an idempotency key: a new one whenever what is sent differs from the last
// attempt, the same one when an attempt that failed is repeated. One sender for each form.
export function sender() {
  let last = null;
  return async (method, path, options = {}) => {
    const image = JSON.stringify([method, path, options.query, options.body]);
    if (last?.image !== image) last = { image, key: randomKey() };
    const headers = { 'Idempotency-Key': last.key, ...options.headers };
    const answer = await call(method, path, { ...options, headers });
    last = null;
    return answer;
  };
}

export const GROUPS = '/admin/customer-groups';
export const CUSTOMERS = '/admin/customers';
export const groupPath = (id) => `${GROUPS}/${encodeURIComponent(id)}`;
export const customerPath = (id) => `${CUSTOMERS}/${encodeURIComponent(id)}`;
