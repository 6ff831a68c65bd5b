// What `cargo xtask bench sync` calls: two tables that follow shapes of one server, by indexie and by the official client.
import init, { Synced, memoryBytes } from "./bench.js";
import { ClientSide } from "./client.js";
import { version } from "./dexie.js";
import { people, person } from "./people.js";

const PATIENCE = 50_000;
// Rows that are read at once.
const CHUNK = 5_000;
// How often the heap is looked at.
const LOOK = 10;
// The row whose changes are waited for.
const WATCHED = 256;

const COLUMNS = {
  id: { type: "int4", pk_index: 0 }, email: { type: "text" }, name: { type: "text" }, age: { type: "int4" }, done: { type: "bool" },
  score: { type: "float8" }, tags: { type: "text", dims: 1 }, created_at: { type: "float8" }, note: { type: "text" },
  address: { type: "jsonb" },
};

const names = {};
const sides = {};
const tables = {};
// Who waits for an item, by side.
const waiting = {};

// --- the server's side

async function control(server, command) {
  const response = await fetch(`${server}/control`, { method: "POST", body: JSON.stringify(command) });
  if (!response.ok) throw new Error(`${command.do}: ${await response.text()}`);
}

const create = (server, name) => control(server, {
  do: "create_table", name, columns: Object.entries(COLUMNS).map(([name, column]) => ({ name, ...column })),
});

// As PostgreSQL prints them.
const printed = (person) => ({
  ...person, tags: `{${person.tags.join(",")}}`, address: JSON.stringify(person.address),
});

const insert = (server, table, first, count) => control(server, {
  do: "transact", ops: people(first, count).map((person) => ({ op: "insert", table, row: printed(person) })),
});

// Has the server do what it does once for a shape. No cache keeps the answer.
async function warm(server, table) {
  const response = await fetch(`${server}/v1/shape?table=${table}&offset=-1`, { cache: "no-store" });
  await response.text();
}

// --- what is measured

function open(name, database, keepsRows) {
  names[name] = `${database} ${name}`;
  sides[name] = name === "Dexie" ? new ClientSide(names[name]) : new Synced(names[name], !keepsRows);
}

// Fills the table. The round makes the requests others than those that the browser has kept the answers of.
async function initial(name, server, table, round) {
  tables[name] = table;
  const heap = () => performance.memory?.usedJSHeapSize ?? null;
  const [heapBefore, wasmBefore] = [heap(), memoryBytes()];
  let most = heapBefore;
  const looking = setInterval(() => { most = Math.max(most, heap()); }, LOOK);
  const start = performance.now();
  await sides[name].sync(`${server}/v1/shape`, table, round);
  const ms = performance.now() - start;
  clearInterval(looking);
  return { ms, heap: heapBefore === null ? null : most - heapBefore, wasm: memoryBytes() - wasmBefore };
}

const FIELDS = Object.keys(COLUMNS);

function added(sum, rows) {
  for (const row of rows) {
    const text = JSON.stringify(FIELDS.map((field) => (field === "address" ? [row.address.city, row.address.zip] : row[field])));
    for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 16_777_619);
    if (Object.keys(row).length !== FIELDS.length) throw new Error(`not the fields of a person: ${JSON.stringify(row)}`);
  }
  return sum;
}

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// The number of rows, and a sum over all that they hold, past both libraries.
async function checksum(name) {
  const database = await done(indexedDB.open(names[name]));
  const store = database.transaction("people").objectStore("people");
  let [sum, count, after] = [0, 0, 0];
  for (;;) {
    const rows = await done(store.getAll(IDBKeyRange.lowerBound(after, true), CHUNK));
    if (rows.length === 0) break;
    sum = added(sum, rows);
    count += rows.length;
    after = rows.at(-1).id;
  }
  database.close();
  return [count, sum];
}

function expected(count) {
  let sum = 0;
  for (let id = 1; id <= count; id++) sum = added(sum, [person(id)]);
  return [count, sum];
}

const watch = (name) => sides[name].watch(WATCHED, (score) => waiting[name]?.(score, performance.now()));

// Changes the watched row at the server, and waits for the item that has it.
async function change(name, server, score) {
  const item = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`${name} has not seen the change within ${PATIENCE} ms`)), PATIENCE);
    waiting[name] = (seen, at) => { if (seen === score) resolve(at); };
  });
  const start = performance.now();
  const commit = control(server, {
    do: "transact", ops: [{ op: "update", table: tables[name], key: { id: WATCHED }, set: { score } }],
  }).then(() => performance.now() - start);
  return { item: await item - start, commit: await commit };
}

async function changes(server, first, count) {
  const figures = { indexie: [], Dexie: [] };
  for (let round = first; round < first + count; round++) {
    const order = round % 2 === 1 ? ["Dexie", "indexie"] : ["indexie", "Dexie"];
    for (const name of order) {
      figures[name].push(await change(name, server, 1_000 + round));
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  }
  return figures;
}

async function remove(name) {
  await sides[name].remove();
}

window.bench = {
  create, insert, warm, open, initial, checksum, expected, watch, changes, remove, memoryBytes, version,
  isPrecise: crossOriginIsolated, ready: init(),
};
