// How long a thousand writes of one row take that are issued in one turn: by indexie, by IndexedDB's own interface with a
// transaction each, and by Dexie. All write the same rows, and what they have written is counted.
import { load } from "./dexie.js";

const row = (id) => ({ id, name: `Item ${id}`, round: 0 });

const promised = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function plain(name) {
  await promised(indexedDB.deleteDatabase(name));
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("items", { keyPath: "id" }).createIndex("name", "name");
  const db = await promised(request);
  const add = (id) => new Promise((resolve, reject) => {
    const transaction = db.transaction("items", "readwrite");
    transaction.objectStore("items").add(row(id));
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  return {
    add: (from, count) => Promise.all(Array.from({ length: count }, (_, at) => add(from + at))),
    count: () => promised(db.transaction("items").objectStore("items").count()),
    close: () => db.close(),
  };
}

async function withDexie(name) {
  const Dexie = await load();
  await Dexie.delete(name);
  const db = new Dexie(name);
  // On at localhost by itself, and slow.
  Dexie.debug = false;
  db.version(1).stores({ items: "id, name" });
  await db.open();
  return {
    add: (from, count) => Promise.all(Array.from({ length: count }, (_, at) => db.items.add(row(from + at)))),
    count: () => db.items.count(),
    close: () => db.close(),
  };
}

// In each round all three, one after the other and each time another one first; answers the milliseconds of each.
export async function measure(rounds, count, indexieAdds) {
  const others = { plain: await plain("batching: plain"), dexie: await withDexie("batching: dexie") };
  const indexie = { add: (from, count) => indexieAdds({ db: "shop", from, count }) };
  const all = Object.entries({ indexie, ...others });
  const times = { indexie: [], plain: [], dexie: [] };
  for (let round = 0; round < rounds; round++) {
    all.push(all.shift());
    for (const [who, { add }] of all) {
      const start = performance.now();
      await add(1_000_000 + round * count, count);
      times[who].push(performance.now() - start);
    }
  }
  const counts = { plain: await others.plain.count(), dexie: await others.dexie.count() };
  others.plain.close();
  others.dexie.close();
  return { times, counts };
}
