// What the tests call in a tab: commands of the Rust program, and the same browser's IndexedDB without it.
import * as worker from "./ask_worker.js";
import * as batching from "./batching.js";
import * as dexie from "./dexie.js";
import init, { memory_bytes, run } from "./indexie-e2e.js";

const calls = new Map();
const states = new Map();
// Tabs tell each other how far they are: a tab that is killed cannot be asked any more.
const channel = new BroadcastChannel("e2e");
const heard = new Map();
channel.onmessage = ({ data: { call, state } }) => heard.set(call, state);

const tell = (call, state) => channel.postMessage({ call, state });

// Starts a command of a Rust program, and answers when it has started.
function beginIn(place, call, command, parameters) {
  tell(call, "begun");
  const running = place.run(command, JSON.stringify(parameters)).then((answer) => {
    tell(call, "done");
    return JSON.parse(answer);
  });
  running.catch((error) => tell(call, `failed: ${error}`));
  calls.set(call, running);
  states.set(call, "begun");
  const over = () => states.set(call, "over");
  running.then(over, over);
}

// Here, or in the service worker.
const begin = (call, command, parameters) => beginIn({ run }, call, command, parameters);
const beginInWorker = (call, command, parameters) => beginIn(worker, call, command, parameters);
const beginInDedicated = (call, command, parameters) => beginIn({ run: worker.runInDedicated }, call, command, parameters);

const state = (call) => states.get(call);

// The answer of a command that has been started.
function answer(call) {
  const running = calls.get(call);
  calls.delete(call);
  states.delete(call);
  return running;
}

const promised = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// Opens a database as it is stored; null if there is none. After a crash, Chromium's first attempt may fail.
async function openStored(name, attempts = 3) {
  const request = indexedDB.open(name);
  let missing = false;
  request.onupgradeneeded = () => {
    missing = true;
    request.transaction.abort();
  };
  try {
    return await promised(request);
  } catch (error) {
    if (missing) return null;
    if (error.name !== "UnknownError" || attempts === 1) throw error;
    return openStored(name, attempts - 1);
  }
}

// Makes a database that nothing else writes to.
async function leaveMark(name) {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("mark").put(true, "here");
  (await promised(request)).close();
}

async function hasMark(name) {
  const db = await openStored(name);
  if (db === null) return false;
  const mark = await promised(db.transaction("mark").objectStore("mark").get("here"));
  db.close();
  return mark === true;
}

// All that can be compared of a stored database: its version, its stores and indexes, how many records each has, how many rows
// have which property, and the least, greatest and sum of the numbers in each.
//
// A connection that is opened while an upgrade is being taken back may get no answers in Firefox. That is told from answers that take
// long by waiting twice as long each time.
async function survey(name, attempts = 6, patience = 2000) {
  const db = await openStored(name);
  if (db === null) return null;
  const silence = new Promise((resolve) => setTimeout(resolve, patience));
  const found = await Promise.race([describe(db), silence]);
  db.close();
  if (found !== undefined) return found;
  if (attempts === 1) throw new Error(`nothing answers in ${name}`);
  return survey(name, attempts - 1, patience * 2);
}

async function describe(db) {
  const stores = {};
  const names = [...db.objectStoreNames];
  if (names.length > 0) {
    const transaction = db.transaction(names);
    await Promise.all(names.map(async (name) => {
      const store = transaction.objectStore(name);
      const { keyPath, autoIncrement } = store;
      const described = { keyPath, autoIncrement, indexes: {}, properties: {} };
      stores[name] = described;
      const counts = [...store.indexNames].map(async (name) => {
        const index = store.index(name);
        const { keyPath, unique, multiEntry } = index;
        described.indexes[name] = { keyPath, unique, multiEntry, count: await promised(index.count()) };
      });
      const rows = await promised(store.getAll());
      described.count = rows.length;
      for (const row of rows) for (const [property, value] of Object.entries(row)) summarize(described.properties, property, value);
      await Promise.all(counts);
    }));
  }
  return { version: db.version, stores };
}

function summarize(properties, property, value) {
  const summary = properties[property] ??= { count: 0 };
  summary.count++;
  if (typeof value !== "number") return;
  summary.least = Math.min(summary.least ?? value, value);
  summary.greatest = Math.max(summary.greatest ?? value, value);
  summary.sum = (summary.sum ?? 0) + value;
}

// Puts a row into a stored database, as a program without indexie might.
async function putStored(name, store, row) {
  const db = await openStored(name);
  await promised(db.transaction(store, "readwrite").objectStore(store).put(row));
  db.close();
}

// Upgrades a stored database to a version that has one more store.
async function addStore(name, version, store) {
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => request.result.createObjectStore(store);
  (await promised(request)).close();
}

// Makes a shop of version 1 whose items have no index, with a row.
async function makeWithoutIndex(name) {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    const { result: db } = request;
    db.createObjectStore("items", { keyPath: "id" }).add({ id: 1, name: "Anvil", round: 0 });
    db.createObjectStore("scraps", { keyPath: "id", autoIncrement: true });
    db.createObjectStore("accounts", { keyPath: "id" });
    db.createObjectStore("entries", { keyPath: "id", autoIncrement: true }).createIndex("account", "account");
  };
  (await promised(request)).close();
}

// Deletes a database, and tells whether another connection was in the way.
function deleteStored(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    let blocked = false;
    request.onblocked = () => { blocked = true; };
    request.onsuccess = () => resolve({ blocked });
    request.onerror = () => reject(request.error);
  });
}

window.e2e = { begin, beginInWorker, beginInDedicated, answer, state, heard, openStored, putStored, addStore, makeWithoutIndex, survey, deleteStored, leaveMark, hasMark, promised, memory_bytes, batching, dexie, worker, ready: init() };
