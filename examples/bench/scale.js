// What `cargo xtask bench scale` calls, in tables of several sizes: both sides do the same, one after the other, and what that took
// comes back in milliseconds. Whoever has found something else than the other is an error.
import init, { ScaleIndexie, memoryBytes } from "./bench.js";
import { version } from "./dexie.js";
import { counted } from "./scale/counted.js";
import { ScaleDexie } from "./scale/dexie.js";

const SILENCE = 100;
const PATIENCE = 300_000;

// How often an operation is done that would be over too soon.
const TIMES = { get: 50, range: 5, offset: 1, keyset: 5, countRange: 1, countAll: 1 };

let sides = {};
let rows = 0;

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const nameOf = (side, size) => `scale ${size} ${side}`;

// Makes the database objects, of a table of so many rows.
function open(size) {
  rows = size;
  sides = { indexie: new ScaleIndexie(nameOf("indexie", size), size), Dexie: new ScaleDexie(nameOf("Dexie", size), size) };
}

// Which one begins, changes with the round.
async function inTurn(round, work) {
  const names = Object.keys(sides);
  if (round % 2 === 1) names.reverse();
  const results = {};
  for (const name of names) results[name] = await work(sides[name], name);
  return results;
}

function sameOf(what, found) {
  const { indexie, Dexie } = found;
  if (indexie !== Dexie) throw new Error(`${what}: indexie has found ${indexie}, and Dexie ${Dexie}`);
  return indexie;
}

const fill = (first, count) => inTurn(Math.floor(first / count), (side) => side.import(first, count));

const prepare = () => inTurn(0, (side) => side.prepare());

// Single rows are others each time, in an order that has no order.
const idOf = (round, time) => (round * TIMES.get + time) * 7_919 % rows + 1;

async function measure(operation, round) {
  const times = TIMES[operation];
  const figures = await inTurn(round, async (side) => {
    await pause(5);
    let found = 0;
    const start = performance.now();
    for (let time = 0; time < times; time++) found += await side.run(operation, idOf(round, time));
    return { ms: (performance.now() - start) / times, found };
  });
  const found = sameOf(operation, { indexie: figures.indexie.found, Dexie: figures.Dexie.found }) / times;
  return { ...figures, found };
}

// What one time of it reads.
const read = (operation) => inTurn(0, (side) => counted(() => side.run(operation, Math.floor(rows / 2))));

const explain = (operation) => sides.indexie.explain(operation);

async function untilGiven(side, name, count) {
  const start = performance.now();
  while (side.given() < count) {
    if (performance.now() - start > PATIENCE) throw new Error(`no first results of ${name}`);
    await pause(5);
  }
}

const watch = () => inTurn(0, async (side, name) => {
  const before = side.given();
  await untilGiven(side, name, before + side.watch());
  side.takeItems();
});

// Waits until no more items come: for a while there has been none, and then all reads have ended that had begun.
async function untilSilence(side) {
  const start = performance.now();
  let given;
  do {
    if (performance.now() - start > PATIENCE) throw new Error("there is no end of items");
    given = side.given();
    await pause(SILENCE);
    await side.settled();
  } while (side.given() !== given);
}

async function putAndWait(side, round) {
  const [start, resolved] = await side.put(round);
  await untilSilence(side);
  const items = side.takeItems();
  const last = Math.max(resolved, ...items.filter((_, at) => at % 2 === 1));
  return { ms: last - start, told: new Set(items.filter((_, at) => at % 2 === 0)).size };
}

// From the put of a row to the last one who is told of it.
const live = (round) => inTurn(round, (side) => putAndWait(side, round));

const readLive = (round) => inTurn(round, (side) => counted(() => putAndWait(side, round)));

const unwatch = () => inTurn(0, (side) => side.unwatch());

// Chromium tells it to a page that is isolated.
const heap = () => performance.memory?.usedJSHeapSize ?? null;

// All rows, one after the other. JavaScript's heap is looked at every few milliseconds; the program's memory never becomes less.
async function stream(name) {
  const before = { wasm: memoryBytes(), heap: heap() };
  let highest = before.heap;
  const timer = setInterval(() => { highest = before.heap === null ? null : Math.max(highest, heap()); }, 5);
  const start = performance.now();
  const sum = await sides[name].stream();
  const ms = performance.now() - start;
  clearInterval(timer);
  return { ms, sum, wasm: memoryBytes() - before.wasm, heap: highest === null ? null : highest - before.heap };
}

const remove = () => inTurn(0, (side) => side.remove());

window.bench = {
  open, fill, prepare, measure, read, explain, watch, live, readLive, unwatch, stream, remove, memoryBytes, version,
  isPrecise: crossOriginIsolated, ready: init(),
};
