// The databases of the sides, seen from outside: their stores are made, filled and read back here, in the same way for all.
import { ofRows } from "./checksum.js";
import { people } from "../people.js";

const connections = new Map();

export const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const ended = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onabort = () => reject(transaction.error);
});

export const forget = async (name) => {
  connections.get(name)?.close();
  connections.delete(name);
  await asked(indexedDB.deleteDatabase(name));
};

// For a side that leaves this to its user.
export async function create(name) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    for (const table of ["people", "strangers"]) {
      const store = opening.result.createObjectStore(table, { keyPath: "id", autoIncrement: true });
      store.createIndex("email", "email", { unique: true });
      store.createIndex("name", "name");
      store.createIndex("age", "age");
    }
  };
  (await asked(opening)).close();
}

async function connection(name) {
  if (!connections.has(name)) connections.set(name, await asked(indexedDB.open(name)));
  return connections.get(name);
}

async function write(name, table, work) {
  const transaction = (await connection(name)).transaction(table, "readwrite");
  const done = ended(transaction);
  work(transaction.objectStore(table));
  await done;
}

// Leaves the first so many people in a table, and nothing else.
export const fill = (name, table, count) => write(name, table, (store) => {
  store.clear();
  for (const person of people(1, count)) store.add(person);
});

export const clear = (name) => write(name, "strangers", (store) => { store.clear(); });

// Leaves those before this number.
export const cut = (name, first) => write(name, "strangers", (store) => { store.delete(IDBKeyRange.lowerBound(first)); });

export async function countBefore(name, first) {
  const store = (await connection(name)).transaction("strangers").objectStore("strangers");
  return asked(store.count(IDBKeyRange.upperBound(first, true)));
}

// Of what has been written, from this number on.
export async function checksum(name, first) {
  const store = (await connection(name)).transaction("strangers").objectStore("strangers");
  return ofRows(await asked(store.getAll(IDBKeyRange.lowerBound(first))));
}
