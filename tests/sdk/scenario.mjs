// The official SDK against a running service, everything an admin's script does and is refused.
//
//   BASE_URL=http://127.0.0.1:8000 ADMIN_EMAIL=... ADMIN_PASSWORD=... node scenario.mjs
//
// One line a step; the first failure ends it with status 1. Names are new in every run and removed
// at the end, so it can be run again against the same service.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { STATUS_CODES } from "node:http";
import Medusa, { FetchError } from "@medusajs/js-sdk";
import { keepCookies } from "./cookies.mjs";

const { BASE_URL, ADMIN_EMAIL, ADMIN_PASSWORD } = process.env;
const RUN = randomBytes(5).toString("hex");
const NO_GROUP = `cusgroup_${"0".repeat(26)}`;
const NO_CUSTOMER = `cus_${"0".repeat(26)}`;
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const GROUP_KEYS = keys("id name created_by created_at updated_at deleted_at metadata");
const CUSTOMER_KEYS = keys(
  "id company_name first_name last_name email phone metadata has_account created_by",
  "created_at updated_at deleted_at",
);
const API_KEY_KEYS = keys(
  "id token redacted title type last_used_at created_by revoked_by revoked_at created_at scopes",
  "updated_at deleted_at",
);
const USER_KEYS = keys(
  "id first_name last_name email avatar_url metadata created_at updated_at deleted_at",
);

const sdk = connect({ auth: { type: "jwt", jwtTokenStorageMethod: "memory" } });
const stranger = connect({});
const groups = sdk.admin.customerGroup;
const customers = sdk.admin.customer;
let me;

// Credentials ------------------------------------------------------------------------------------

await step("without credentials nothing is answered", async () => {
  await refused(stranger.admin.customerGroup.list(), 401, "Unauthorized");
  await refused(stranger.admin.customerGroup.create({ name: RUN }), 401, "Unauthorized");
  await refused(stranger.admin.customer.list(), 401, "Unauthorized");
  await refused(stranger.admin.apiKey.list(), 401, "Unauthorized");
  await refused(stranger.admin.user.me(), 401, "Unauthorized");
});

await step("a wrong password and an unknown person get the same refusal", async () => {
  const wrong = { email: ADMIN_EMAIL, password: `${ADMIN_PASSWORD}x` };
  const unknown = { email: `nobody-${RUN}@example.com`, password: ADMIN_PASSWORD };
  await refused(login(stranger, wrong), 401, "Invalid email or password");
  await refused(login(stranger, unknown), 401, "Invalid email or password");
});

await step("login gives a token for 24 hours, kept by the SDK", async () => {
  const claims = decode(await login(sdk));
  ({ user: me } = await sdk.admin.user.me());

  assert.equal(claims.actor_type, "user");
  assert.equal(claims.actor_id, me.id);
  assert.equal(claims.auth_provider, "emailpass");
  assert.equal(typeof claims.auth_identity_id, "string");
  assert.deepEqual(claims.app_metadata, { user_id: me.id });
  assert.deepEqual(claims.user_metadata, {});
  assert.equal(claims.exp - claims.iat, 24 * 60 * 60);
});

await step("user.me says who is logged in", async () => {
  assert.deepEqual(Object.keys(me).sort(), USER_KEYS.toSorted());
  assert.match(me.id, /^user_/);
  assert.equal(me.email, ADMIN_EMAIL);
});

await step("a token is refreshed", async () => {
  const { token } = await sdk.auth.refresh();
  assert.equal(decode(token).actor_id, me.id);
  assert.equal(await sdk.client.getToken(), token);
  assert.equal((await sdk.admin.user.me()).user.id, me.id);
  await refused(stranger.auth.refresh(), 401, "Unauthorized");
});

await step("a forged token is refused", async () => {
  const [header, claims] = (await sdk.client.getToken()).split(".");
  const forged = `${header}.${claims}.${"A".repeat(43)}`;
  for (const token of [forged, `${header}.${claims}.`, "nonsense"]) {
    const headers = { Authorization: `Bearer ${token}` };
    await refused(stranger.admin.customerGroup.list({}, headers), 401, "Unauthorized");
  }
});

await step("a session cookie stands for the token, until logout", async () => {
  const cookies = keepCookies();
  try {
    const browser = connect({ auth: { type: "session" } });
    await refused(browser.admin.user.me(), 401, "Unauthorized");
    await refused(browser.client.fetch("/auth/session", { method: "DELETE" }), 401);
    await login(browser);

    assert.deepEqual([...cookies.jar.keys()], ["customer_groups_session"]);
    assert.match(cookies.received[0], /;\s*httponly/i);
    assert.match(cookies.received[0], /;\s*samesite=lax/i);
    assert.doesNotMatch(cookies.received[0], /;\s*secure/i);
    assert.equal((await browser.admin.user.me()).user.id, me.id);
    const { customer_group } = await browser.admin.customerGroup.create({ name: `${RUN} cookie` });
    assert.equal(customer_group.created_by, me.id);
    await browser.admin.customerGroup.delete(customer_group.id);

    const session = cookies.jar.get("customer_groups_session");
    await browser.auth.logout();
    await refused(browser.admin.user.me(), 401, "Unauthorized");
    cookies.jar.set("customer_groups_session", session);
    await refused(browser.admin.user.me(), 401, "Unauthorized");
  } finally {
    cookies.stop();
  }
});

await step("the session route answers the token's claims", async () => {
  const headers = { Authorization: `Bearer ${await sdk.client.getToken()}` };
  const { user } = await stranger.client.fetch("/auth/session", { method: "POST", headers });
  assert.deepEqual(user, decode(await sdk.client.getToken()));
});

await step("logout forgets the token", async () => {
  const visitor = connect({ auth: { type: "jwt", jwtTokenStorageMethod: "memory" } });
  await login(visitor);
  await visitor.admin.user.me();
  await visitor.auth.logout();
  await refused(visitor.admin.user.me(), 401, "Unauthorized");
});

// API keys ---------------------------------------------------------------------------------------

let apiKey;

await step("apiKey.create shows the token once", async () => {
  ({ api_key: apiKey } = await sdk.admin.apiKey.create({ title: `sdk ${RUN}`, type: "secret" }));

  assert.deepEqual(Object.keys(apiKey).sort(), API_KEY_KEYS.toSorted());
  assert.match(apiKey.id, /^apk_/);
  assert.match(apiKey.token, /^sk_[0-9a-f]{64}$/);
  assert.equal(apiKey.redacted, `${apiKey.token.slice(0, 6)}***${apiKey.token.slice(-3)}`);
  assert.equal(apiKey.title, `sdk ${RUN}`);
  assert.equal(apiKey.type, "secret");
  assert.equal(apiKey.created_by, me.id);
  assert.equal(apiKey.revoked_at, null);

  const { api_keys, count, offset, limit } = await sdk.admin.apiKey.list({ limit: 1000 });
  const listed = api_keys.find(({ id }) => id === apiKey.id);
  assert.equal(listed.token, "");
  assert.equal(listed.redacted, apiKey.redacted);
  assert.equal(count, api_keys.length);
  assert.deepEqual([offset, limit], [0, 1000]);
});

await step("an SDK with apiKey acts as that key", async () => {
  const script = connect({ apiKey: apiKey.token });
  const { customer_group } = await script.admin.customerGroup.create({ name: `${RUN} by key` });
  assert.equal(customer_group.created_by, apiKey.id);
  const deleted = await script.admin.customerGroup.delete(customer_group.id);
  assert.deepEqual(deleted, { id: customer_group.id, object: "customer_group", deleted: true });
});

await step("a key is taken in three spellings of Basic, and never as Bearer", async () => {
  for (const credentials of [btoa(`${apiKey.token}:`), btoa(apiKey.token), apiKey.token]) {
    const headers = { Authorization: `Basic ${credentials}` };
    await stranger.admin.customerGroup.list({ limit: 1 }, headers);
  }
  const headers = { Authorization: `Bearer ${apiKey.token}` };
  await refused(stranger.admin.customerGroup.list({}, headers), 401, /Basic/);
});

await step("a revoked key is refused", async () => {
  const { api_key } = await sdk.admin.apiKey.revoke(apiKey.id);
  assert.equal(api_key.id, apiKey.id);
  assert.equal(api_key.revoked_by, me.id);
  assert.match(api_key.revoked_at, DATE);

  const script = connect({ apiKey: apiKey.token });
  await refused(script.admin.customerGroup.list(), 401, "Unauthorized");
});

// Groups -----------------------------------------------------------------------------------------

let alpha, beta, gamma;

await step("customerGroup.create answers the seven keys", async () => {
  const metadata = { tier: 1, nested: { a: [1, null] }, blank: "", none: null };
  ({ customer_group: alpha } = await groups.create({ name: `${RUN} Alpha`, metadata }));
  ({ customer_group: beta } = await groups.create({ name: `${RUN} beta`, metadata: {} }));
  ({ customer_group: gamma } = await groups.create({ name: `${RUN} Gamma` }));

  assert.deepEqual(Object.keys(alpha), GROUP_KEYS);
  assert.match(alpha.id, /^cusgroup_[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.equal(alpha.name, `${RUN} Alpha`);
  assert.equal(alpha.created_by, me.id);
  assert.match(alpha.created_at, DATE);
  assert.equal(alpha.updated_at, alpha.created_at);
  assert.equal(alpha.deleted_at, null);
  assert.equal(JSON.stringify(alpha.metadata), JSON.stringify(metadata));
  assert.deepEqual(beta.metadata, {});
  assert.equal(gamma.metadata, null);
});

await step("customerGroup.create refuses what is not a group", async () => {
  const refusals = [
    [{}, "Field 'name' is required"],
    [{ name: 5 }, "Expected type: 'string' for field 'name', got: '5'"],
    [{ name: null }, "Expected type: 'string' for field 'name', got: 'null'"],
    [{ name: RUN, metadata: "x" }, "Expected type: 'record' for field 'metadata', got: 'x'"],
    [{ name: RUN, foo: 1, bar: 2 }, "Unrecognized fields: 'foo, bar'"],
  ];
  for (const [body, message] of refusals) {
    await refused(groups.create(body), 400, `Invalid request: ${message}`);
  }
  for (const name of ["", "   ", "a\u0000b", "x".repeat(256)]) {
    await refused(groups.create({ name }), 400, /name/i);
  }
});

await step("several faults are told at once", async () => {
  await refused(groups.create({ name: 5, metadata: "x" }), 400, (message) => {
    assert.match(message, /^Invalid request: /);
    assert.deepEqual(message.replace("Invalid request: ", "").split("; ").sort(), [
      "Expected type: 'record' for field 'metadata', got: 'x'",
      "Expected type: 'string' for field 'name', got: '5'",
    ]);
  });
});

await step("a name is given once", async () => {
  const taken = `Customer group with name: ${alpha.name}, already exists.`;
  await refused(groups.create({ name: alpha.name }), 400, taken);
  await refused(groups.update(beta.id, { name: alpha.name, metadata: { a: 1 } }), 400, taken);
  assert.deepEqual((await groups.retrieve(beta.id)).customer_group, beta);
});

await step("customerGroup.retrieve answers the same group, or 404", async () => {
  assert.deepEqual((await groups.retrieve(alpha.id)).customer_group, alpha);
  const unknown = `Customer group with id: ${NO_GROUP} not found`;
  await refused(groups.retrieve(NO_GROUP), 404, unknown);
});

await step("customerGroup.update renames, and 404 has its own words", async () => {
  const { customer_group } = await groups.update(beta.id, { name: `${RUN} Beta` });
  assert.deepEqual(Object.keys(customer_group), GROUP_KEYS);
  assert.equal(customer_group.name, `${RUN} Beta`);
  assert.equal(customer_group.created_at, beta.created_at);
  ({ customer_group: beta } = await groups.update(beta.id, { name: `${RUN} beta` }));
  assert.equal(beta.name, `${RUN} beta`);
  assert.deepEqual((await groups.update(beta.id, { name: beta.name })).customer_group, beta);

  const unknown = `Customer group with id "${NO_GROUP}" not found`;
  await refused(groups.update(NO_GROUP, { name: "x" }), 404, unknown);
  const wrong = "Invalid request: Unrecognized fields: 'foo'";
  await refused(groups.update(beta.id, { foo: 1 }), 400, wrong);
});

await step("metadata is merged at the top level", async () => {
  const updates = [
    [
      { tier: "", nested: { b: 2 }, added: null },
      { nested: { b: 2 }, blank: "", none: null, added: null },
    ],
    [
      { last: true, nested: 1 },
      { nested: 1, blank: "", none: null, added: null, last: true },
    ],
  ];
  for (const [metadata, merged] of updates) {
    ({ customer_group: alpha } = await groups.update(alpha.id, { metadata }));
    assert.equal(JSON.stringify(alpha.metadata), JSON.stringify(merged));
  }
  const unchanged = await groups.update(alpha.id, { metadata: {} });
  assert.deepEqual(unchanged.customer_group, alpha);
  ({ customer_group: alpha } = await groups.update(alpha.id, { metadata: null }));
  assert.equal(alpha.metadata, null);
});

await step("customerGroup.list pages, orders and counts", async () => {
  const all = await groups.list({ q: RUN });
  const { customer_groups, ...envelope } = all;
  assert.deepEqual(Object.keys(all), ["customer_groups", "count", "offset", "limit"]);
  assert.deepEqual(envelope, { count: 3, offset: 0, limit: 50 });
  assert.deepEqual(
    customer_groups,
    [alpha, beta, gamma].sort((a, b) => (a.id < b.id ? -1 : 1)),
  );

  assert.deepEqual(await names({ q: RUN, order: "name" }), ["Alpha", "beta", "Gamma"]);
  assert.deepEqual(await names({ q: RUN, order: "-name" }), ["Gamma", "beta", "Alpha"]);
  assert.deepEqual(await names({ q: RUN, order: "name", limit: 1, offset: 1 }), ["beta"]);
  const { count, offset, limit } = await groups.list({ q: RUN, limit: 1, offset: 1 });
  assert.deepEqual([count, offset, limit], [3, 1, 1]);
  const none = await groups.list({ q: RUN, limit: 0 });
  assert.deepEqual(none, { customer_groups: [], count: 3, offset: 0, limit: 0 });
});

await step("q finds words in any order and case, and has no wildcards", async () => {
  assert.deepEqual(await names({ q: `GAM ${RUN}` }), ["Gamma"]);
  assert.deepEqual(await names({ q: `${RUN} al ph` }), ["Alpha"]);
  assert.deepEqual(await names({ q: `${RUN} %` }), []);
  assert.deepEqual(await names({ q: `${RUN} _` }), []);
  assert.ok((await groups.list({ q: "" })).count >= 3);
});

await step("filters work as the SDK spells them", async () => {
  const dates = [alpha, beta, gamma].map((group) => group.created_at).sort();
  const mine = (query) => names({ q: RUN, order: "name", ...query });

  assert.deepEqual(await mine({ name: alpha.name }), ["Alpha"]);
  assert.deepEqual(await mine({ name: [alpha.name, beta.name] }), ["Alpha", "beta"]);
  assert.deepEqual(await mine({ id: [alpha.id, gamma.id, NO_GROUP] }), ["Alpha", "Gamma"]);
  assert.deepEqual(await mine({ id: NO_GROUP }), []);
  assert.deepEqual(await mine({ created_by: me.id }), ["Alpha", "beta", "Gamma"]);
  assert.deepEqual(await mine({ created_at: { $gte: dates[0], $lte: dates[2] } }), [
    "Alpha",
    "beta",
    "Gamma",
  ]);
  assert.deepEqual(await mine({ created_at: { $gte: new Date(0) } }), ["Alpha", "beta", "Gamma"]);
  assert.deepEqual(await mine({ created_at: { $lt: dates[0] } }), []);
  assert.deepEqual(await mine({ updated_at: { $gt: "2999-01-01" } }), []);
  assert.deepEqual(await mine({ $or: [{ name: alpha.name }, { name: gamma.name }] }), [
    "Alpha",
    "Gamma",
  ]);
  const both = [{ id: [alpha.id, beta.id] }, { name: [beta.name, gamma.name] }];
  assert.deepEqual(await mine({ $and: both }), ["beta"]);
  assert.deepEqual(await mine({ with_deleted: true }), ["Alpha", "beta", "Gamma"]);
});

await step("a wrong query is refused", async () => {
  const number = "Invalid request: Expected type: 'number' for field 'limit', got: 'abc'";
  await refused(groups.list({ limit: "abc" }), 400, number);
  await refused(groups.list({ foo: 1 }), 400, "Invalid request: Unrecognized fields: 'foo'");
  await refused(groups.list({ limit: -1 }), 400, /limit/);
  await refused(groups.list({ order: "foo" }), 400, /order/);
  await refused(groups.list({ created_at: { $gte: "yesterday" } }), 400, /created_at/);
});

await step("fields chooses what is answered", async () => {
  const answered = async (fields) => {
    const { customer_group } = await groups.retrieve(alpha.id, { fields });
    const { customer_groups } = await groups.list({ id: alpha.id, fields });
    assert.deepEqual(customer_groups, [customer_group]);
    return Object.keys(customer_group).sort();
  };
  assert.deepEqual(await answered("name"), ["id", "name"]);
  assert.deepEqual(await answered("id,name,unheard_of"), ["id", "name"]);
  assert.deepEqual(
    await answered("-metadata,-name"),
    keys("created_at created_by deleted_at id updated_at"),
  );
  assert.deepEqual(await answered("+customers_count"), [...GROUP_KEYS, "customers_count"].sort());
  assert.deepEqual(await answered("*customers"), [...GROUP_KEYS, "customers"].sort());
  assert.deepEqual(await answered("*"), GROUP_KEYS.toSorted());

  const { customer_group } = await groups.update(alpha.id, {}, { fields: "id" });
  assert.deepEqual(customer_group, { id: alpha.id });
});

// Customers --------------------------------------------------------------------------------------

let ada, bob, eve;

await step("customer.create answers the twelve keys", async () => {
  const details = {
    email: `ada-${RUN}@example.com`,
    company_name: `Engines ${RUN}`,
    first_name: "Ada",
    last_name: "Lovelace",
    phone: "+44 1815",
    metadata: { orders: 12 },
  };
  ({ customer: ada } = await customers.create({ ...details, additional_data: { any: 1 } }));
  ({ customer: bob } = await customers.create({ email: `bob-${RUN}@example.com` }));
  ({ customer: eve } = await customers.create({ first_name: `Eve ${RUN}` }));

  assert.deepEqual(Object.keys(ada), CUSTOMER_KEYS);
  assert.match(ada.id, /^cus_[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.deepEqual({ ...ada, ...details }, ada);
  assert.equal(ada.has_account, false);
  assert.equal(ada.created_by, me.id);
  assert.match(ada.created_at, DATE);
  assert.deepEqual([bob.first_name, bob.metadata, eve.email], [null, null, null]);
});

await step("customer.create refuses what is not a customer", async () => {
  const taken = `Customer with email: ${ada.email}, has_account: false, already exists.`;
  await refused(customers.create({ email: ada.email }), 400, taken);
  await refused(customers.create({ email: "nonsense" }), 400, /Invalid email address$/);
  const type = "Invalid request: Expected type: 'string' for field 'first_name', got: '5'";
  await refused(customers.create({ first_name: 5 }), 400, type);
  for (const field of ["has_account", "groups", "foo"]) {
    const wrong = `Invalid request: Unrecognized fields: '${field}'`;
    await refused(customers.create({ [field]: true }), 400, wrong);
  }
});

await step("customer.retrieve and update, or 404", async () => {
  assert.deepEqual((await customers.retrieve(ada.id)).customer, ada);
  ({ customer: ada } = await customers.update(ada.id, {
    phone: null,
    metadata: { orders: "", since: 1833 },
  }));
  assert.equal(ada.phone, null);
  assert.deepEqual(ada.metadata, { since: 1833 });
  const taken = `Customer with email: ${ada.email}, has_account: false, already exists.`;
  await refused(customers.update(bob.id, { email: ada.email }), 400, taken);
  const unread = `Customer with id: ${NO_CUSTOMER} not found`;
  await refused(customers.retrieve(NO_CUSTOMER), 404, unread);
  const unchanged = `Customer with id "${NO_CUSTOMER}" not found`;
  await refused(customers.update(NO_CUSTOMER, { phone: "1" }), 404, unchanged);
});

await step("customer.list searches, filters, orders and pages", async () => {
  const all = await customers.list({ q: RUN, order: "email" });
  assert.deepEqual(Object.keys(all), ["customers", "count", "offset", "limit"]);
  assert.deepEqual(ids(all.customers), ids([ada, bob, eve]));
  assert.equal(all.count, 3);

  assert.deepEqual((await customers.list({ q: `lovelace ${RUN}` })).customers, [ada]);
  assert.deepEqual((await customers.list({ email: bob.email })).customers, [bob]);
  assert.deepEqual(
    ids((await customers.list({ id: [ada.id, eve.id] })).customers),
    ids([ada, eve]),
  );
  assert.equal((await customers.list({ q: RUN, has_account: true })).count, 0);
  assert.equal((await customers.list({ q: RUN, has_account: false })).count, 3);
  const named = { q: RUN, created_at: { $gte: ada.created_at }, order: "-email", limit: 1 };
  assert.equal(
    (await customers.list({ ...named, email: [ada.email, bob.email] })).customers[0].id,
    bob.id,
  );
  const either = [{ email: ada.email }, { id: eve.id }];
  assert.equal((await customers.list({ $or: either })).count, 2);
  const foo = "Invalid request: Unrecognized fields: 'foo'";
  await refused(customers.list({ foo: 1 }), 400, foo);
});

// Membership -------------------------------------------------------------------------------------

await step("customerGroup.batchCustomers adds and removes", async () => {
  const added = await groups.batchCustomers(alpha.id, { add: [ada.id, bob.id] });
  assert.deepEqual(added, { customer_group: alpha });
  assert.deepEqual(await members(alpha), ids([ada, bob]));

  await groups.batchCustomers(alpha.id, { add: [ada.id, eve.id], remove: [bob.id, NO_CUSTOMER] });
  assert.deepEqual(await members(alpha), ids([ada, eve]));

  await groups.batchCustomers(alpha.id, { add: [ada.id, ada.id], remove: [bob.id] });
  assert.deepEqual(await members(alpha), ids([ada, eve]));
  assert.deepEqual(await groups.batchCustomers(alpha.id, {}), { customer_group: alpha });
});

await step("customerGroup.batchCustomers is all or nothing", async () => {
  const noCustomer = noSuch("customer_id", NO_CUSTOMER);
  const half = { add: [bob.id, NO_CUSTOMER], remove: [ada.id] };
  await refused(groups.batchCustomers(alpha.id, half), 404, noCustomer);
  assert.deepEqual(await members(alpha), ids([ada, eve]));

  const noGroup = noSuch("customer_group_id", NO_GROUP);
  await refused(groups.batchCustomers(NO_GROUP, { add: [ada.id] }), 404, noGroup);
  const both = { add: [ada.id], remove: [ada.id] };
  const undecided = new RegExp(`Customer ${ada.id} is in both add and remove`);
  await refused(groups.batchCustomers(alpha.id, both), 400, undecided);
  const type = "Invalid request: Expected type: 'array' for field 'add', got: 'x'";
  await refused(groups.batchCustomers(alpha.id, { add: "x" }), 400, type);
  const foo = "Invalid request: Unrecognized fields: 'foo'";
  await refused(groups.batchCustomers(alpha.id, { foo: [] }), 400, foo);
});

await step("customer.batchCustomerGroups is the mirror of it", async () => {
  const { customer } = await customers.batchCustomerGroups(ada.id, {
    add: [beta.id, gamma.id],
    remove: [alpha.id],
  });
  assert.deepEqual(customer, ada);
  assert.deepEqual(await groupsOf(ada), ids([beta, gamma]));
  await customers.batchCustomerGroups(ada.id, { remove: [gamma.id, NO_GROUP] });
  assert.deepEqual(await groupsOf(ada), ids([beta]));

  const noGroup = noSuch("customer_group_id", NO_GROUP);
  const half = { add: [gamma.id, NO_GROUP], remove: [beta.id] };
  await refused(customers.batchCustomerGroups(ada.id, half), 404, noGroup);
  assert.deepEqual(await groupsOf(ada), ids([beta]));
  const noCustomer = noSuch("customer_id", NO_CUSTOMER);
  for (const change of [{ add: [beta.id] }, { remove: [beta.id] }, {}]) {
    await refused(customers.batchCustomerGroups(NO_CUSTOMER, change), 404, noCustomer);
  }
});

await step("groups are found by their customers, customers by their groups", async () => {
  await groups.batchCustomers(beta.id, { add: [eve.id] });

  const both = ["Alpha", "beta"];
  assert.deepEqual(await names({ customers: ada.id }), ["beta"]);
  for (const filter of [[ada.id, eve.id], { id: [ada.id, eve.id] }, { id: eve.id }]) {
    assert.deepEqual(await names({ customers: filter, order: "name" }), both);
  }
  for (const filter of [[alpha.id, beta.id], { id: [alpha.id, beta.id] }]) {
    const found = await customers.list({ groups: filter });
    assert.deepEqual(ids(found.customers), ids([ada, eve]));
    assert.equal(found.count, 2);
  }
  assert.deepEqual((await customers.list({ groups: gamma.id })).customers, []);
  assert.equal((await groups.list({ customers: NO_CUSTOMER })).count, 0);
});

await step("fields embeds customers and groups", async () => {
  const { customer_group: whole } = await groups.retrieve(beta.id, { fields: "*customers" });
  assert.deepEqual(Object.keys(whole), [...GROUP_KEYS, "customers"]);
  assert.deepEqual(ids(whole.customers), ids([ada, eve]));
  for (const customer of whole.customers) {
    assert.deepEqual(Object.keys(customer).sort(), CUSTOMER_KEYS.toSorted());
  }

  const { customer_group: named } = await groups.retrieve(beta.id, {
    fields: "id,customers.email",
  });
  assert.deepEqual(Object.keys(named).sort(), ["customers", "id"]);
  assert.deepEqual(new Set(named.customers.map(({ email }) => email)), new Set([ada.email, null]));

  const { customer } = await customers.retrieve(ada.id, { fields: "*groups" });
  assert.deepEqual(customer, { ...ada, groups: [beta] });
  const list = await customers.list({ id: ada.id, fields: "email,groups.name" });
  assert.equal(list.customers[0].groups[0].name, beta.name);
  assert.equal(list.customers[0].first_name, undefined);

  const { customer_group: counted } = await groups.retrieve(beta.id, {
    fields: "+customers_count",
  });
  assert.equal(counted.customers_count, 2);
});

// Endings ----------------------------------------------------------------------------------------

await step("customer.delete takes the customer out of every group", async () => {
  for (const id of [eve.id, eve.id, NO_CUSTOMER]) {
    assert.deepEqual(await customers.delete(id), { id, object: "customer", deleted: true });
  }
  assert.deepEqual([await members(alpha), await members(beta)], [[], ids([ada])]);
  await refused(customers.retrieve(eve.id), 404, `Customer with id: ${eve.id} not found`);
  const gone = noSuch("customer_id", eve.id);
  await refused(groups.batchCustomers(alpha.id, { add: [eve.id] }), 404, gone);

  await customers.delete(ada.id);
  ({ customer: ada } = await customers.create({ email: ada.email }));
  assert.deepEqual(await groupsOf(ada), []);
});

await step("customerGroup.delete ends a group and frees its name", async () => {
  await groups.batchCustomers(gamma.id, { add: [bob.id] });
  for (const id of [gamma.id, gamma.id, NO_GROUP]) {
    assert.deepEqual(await groups.delete(id), { id, object: "customer_group", deleted: true });
  }
  const { id } = gamma;
  await refused(groups.retrieve(id), 404, `Customer group with id: ${id} not found`);
  await refused(groups.update(id, {}), 404, `Customer group with id "${id}" not found`);
  await refused(groups.batchCustomers(id, { add: [bob.id] }), 404, noSuch("customer_group_id", id));
  await refused(groups.batchCustomers(id, {}), 404);
  assert.deepEqual(await groupsOf(bob), []);
  assert.deepEqual(await names({ q: RUN, order: "name" }), ["Alpha", "beta"]);
  ({ customer_group: gamma } = await groups.create({ name: gamma.name }));
  assert.notEqual(gamma.id, id);
});

await step("all that this run made is gone", async () => {
  for (const { id } of [alpha, beta, gamma]) await groups.delete(id);
  for (const { id } of [ada, bob]) await customers.delete(id);
  assert.equal((await groups.list({ q: RUN })).count, 0);
  assert.equal((await customers.list({ q: RUN })).count, 0);
});

// The words used above ---------------------------------------------------------------------------

async function step(title, action) {
  try {
    await action();
    console.log(`ok      ${title}`);
  } catch (error) {
    console.log(`FAILED  ${title}`);
    console.error(error);
    process.exit(1);
  }
}

/** The SDK throws its own error with this status; `message` is exact text, a pattern or a check. */
async function refused(answer, status, message) {
  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof FetchError, `not a FetchError: ${error}`);
    assert.equal(error.status, status, `${error.status}: ${error.message}`);
    assert.equal(error.statusText, STATUS_CODES[status]);
    if (typeof message === "string") assert.equal(error.message, message);
    if (typeof message === "function") message(error.message);
    if (message instanceof RegExp) assert.match(error.message, message);
    return true;
  });
}

function connect(config) {
  return new Medusa({ baseUrl: BASE_URL, ...config });
}

function login(client, credentials = { email: ADMIN_EMAIL, password: ADMIN_PASSWORD }) {
  return client.auth.login("user", "emailpass", credentials);
}

function decode(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
}

function keys(...words) {
  return words.join(" ").split(" ");
}

function ids(list) {
  return list.map(({ id }) => id).sort();
}

/** The names of the groups found, in order, without this run's prefix. */
async function names(query) {
  const { customer_groups } = await groups.list(query);
  return customer_groups.map(({ name }) => name.replace(`${RUN} `, ""));
}

async function members({ id }) {
  const { customer_group } = await groups.retrieve(id, { fields: "+customers.id" });
  return ids(customer_group.customers);
}

async function groupsOf({ id }) {
  const { customer } = await customers.retrieve(id, { fields: "+groups.id" });
  return ids(customer.groups);
}

function noSuch(field, id) {
  return `You tried to set relationship ${field}: ${id}, but such entity does not exist`;
}
