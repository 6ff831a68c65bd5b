// A thousand rows added at once, in three ways whose times are compared: by indexie, by Dexie, and by hand.
import { addAtOnce as addWithDexie } from "./dexie.js";
import { run } from "./indexie-e2e.js";

const NAMES = ["Anvil", "Bell", "Candle", "Drum", "Easel", "Flute", "Globe", "Harp"];
const promised = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// The rows that work.rs makes.
const items = (from, count) => Array.from({ length: count }, (_, at) => ({ id: from + at, name: NAMES[(from + at) % NAMES.length], round: 0 }));

async function addByHand(name, items) {
  const db = await promised(indexedDB.open(name));
  const start = performance.now();
  await Promise.all(items.map((item) => new Promise((resolve, reject) => {
    const transaction = db.transaction("items", "readwrite");
    transaction.objectStore("items").add(item);
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  })));
  const took = performance.now() - start;
  db.close();
  return took;
}

async function addWithIndexie(from, count) {
  const parameters = JSON.stringify({ db: "shop", from, count });
  const start = performance.now();
  await run("add at once", parameters);
  return performance.now() - start;
}

// Adds as many rows in each way, in an order that changes with the round; the milliseconds of each.
export async function round(number, name, count) {
  const first = 1 + number * 3 * count;
  const ways = [
    ["indexie", () => addWithIndexie(first, count)],
    ["by hand", () => addByHand(name, items(first + count, count))],
    ["Dexie", () => addWithDexie(name, items(first + 2 * count, count))],
  ];
  const times = {};
  for (let turn = 0; turn < ways.length; turn++) {
    const [way, add] = ways[(turn + number) % ways.length];
    times[way] = await add();
  }
  return times;
}
