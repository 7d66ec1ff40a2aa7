// Node's fetch keeps no cookies, so the SDK's session mode needs what every Node user adds: a jar.

/** From now on `fetch` keeps the cookies of requests with `credentials: "include"`. */
export function keepCookies() {
  const plainFetch = globalThis.fetch;
  const jar = new Map();
  const received = [];

  globalThis.fetch = async (input, init = {}) => {
    if (init.credentials !== "include") return plainFetch(input, init);
    const headers = new Headers(init.headers);
    if (jar.size > 0) headers.set("cookie", [...jar].map((pair) => pair.join("=")).join("; "));
    const response = await plainFetch(input, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      received.push(line);
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (hasExpired(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };

  return { jar, received, stop: () => (globalThis.fetch = plainFetch) };
}

function hasExpired(line) {
  const maxAge = /;\s*max-age=(-?\d+)/i.exec(line);
  if (maxAge) return Number(maxAge[1]) <= 0;
  const expires = /;\s*expires=([^;]+)/i.exec(line);
  return Boolean(expires) && Date.parse(expires[1]) <= Date.now();
}
