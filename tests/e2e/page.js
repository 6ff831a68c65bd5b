// What the tests call in a tab: commands of the Rust program, and the same browser's IndexedDB without it.
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

// Starts a command of the Rust program, and answers when it has started.
function begin(call, command, parameters) {
  tell(call, "begun");
  const running = run(command, JSON.stringify(parameters)).then((answer) => {
    tell(call, "done");
    return JSON.parse(answer);
  });
  running.catch(() => tell(call, "failed"));
  calls.set(call, running);
  states.set(call, "begun");
  const over = () => states.set(call, "over");
  running.then(over, over);
}

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
async function survey(name) {
  const db = await openStored(name);
  if (db === null) return null;
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
  const { version } = db;
  db.close();
  return { version, stores };
}

function summarize(properties, property, value) {
  const summary = properties[property] ??= { count: 0 };
  summary.count++;
  if (typeof value !== "number") return;
  summary.least = Math.min(summary.least ?? value, value);
  summary.greatest = Math.max(summary.greatest ?? value, value);
  summary.sum = (summary.sum ?? 0) + value;
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

// Starts the same program in a service worker.
async function startWorker() {
  await navigator.serviceWorker.register("./worker.bundle.js");
  await navigator.serviceWorker.ready;
}

// Runs a command there.
async function inWorker(command, parameters) {
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    port1.onmessage = ({ data: { answer, error } }) => (error === undefined ? resolve(JSON.parse(answer)) : reject(error));
    active.postMessage({ command, parameters: JSON.stringify(parameters) }, [port2]);
  });
}

// See batching.js.
const addTogether = (rounds, count) =>
  batching.measure(rounds, count, (parameters) => run("add together", JSON.stringify(parameters)));

window.e2e = {
  begin, answer, state, heard, openStored, survey, deleteStored, leaveMark, hasMark, promised, memory_bytes, dexie, startWorker,
  inWorker, addTogether, ready: init(),
};
