// What `cargo xtask bench ops` calls: every side does an operation, one after the other, and what that took comes back in
// milliseconds. Whoever has read or written something else than the others is an error.
import initIndexie, { IndexieOps } from "./bench.js";
import initPeers, { IdbOps, IndexedDbFuturesOps, IndexedDbOps, RexieOps } from "./peers/bench-peers.js";
import { version } from "./dexie.js";
import { DexieOps } from "./ops/dexie.js";
import { IdbJs } from "./ops/idb.js";
import { Measured } from "./ops/operations.js";
import { Raw } from "./ops/raw.js";
import { checksum, clear, countBefore, create, cut, fill, forget } from "./ops/stores.js";

const ROWS = 10_000;
const SINGLE = 1_000;

// Everyone is asked for the same rows, in an order that has no order.
const KEYS = Uint32Array.from({ length: SINGLE }, (_, at) => at * 7_919 % ROWS + 1);

const made = (open) => async (name) => {
  await create(name);
  return open(name);
};

// How a side opens its database.
const OPEN = {
  raw: made((name) => Measured.open(Raw, name)),
  indexie: (name) => IndexieOps.open(name),
  Dexie: (name) => Measured.open(DexieOps, name),
  "idb (JS)": made((name) => Measured.open(IdbJs, name)),
  "idb (Rust)": made((name) => IdbOps.open(name)),
  rexie: made((name) => RexieOps.open(name)),
  indexed_db_futures: made((name) => IndexedDbFuturesOps.open(name)),
  "indexed-db": made((name) => IndexedDbOps.open(name)),
};

// The table that is written: empty, with all rows, or with room behind them.
const EMPTY = { ready: clear, first: 1, count: ROWS };
const FULL = { ready: full, first: 1, count: ROWS };
const ROOM = { ready: (name) => cut(name, ROWS + 1), first: ROWS + 1, count: SINGLE };

// In this order: what one leaves behind, the next one needs. `times` is how often an operation is done that would be over too soon.
const OPERATIONS = {
  bulkAdd: { writes: EMPTY },
  update: { writes: { ...FULL, count: 0 } },
  bulkPut: { writes: FULL },
  bulkDelete: { writes: { ...FULL, count: 0 } },
  adds: { writes: ROOM },
  addsInOne: { writes: ROOM },
  addsTogether: { writes: ROOM },
  gets: {}, lookups: {}, bulkGet: { times: 5 }, all: { times: 3 }, range: { times: 3 }, either: { times: 9, inAnyOrder: true },
  filter: { times: 3 }, page: { times: 9 }, keys: { times: 5 }, count: { times: 20 },
};

const sides = {};
const nameOf = (side) => `ops ${side}`;
const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

async function full(name) {
  if (await countBefore(name, ROWS + 1) !== ROWS) await fill(name, "strangers", ROWS);
}

// Opens the databases of these sides, with all rows to be read.
async function begin(taking) {
  for (const side of taking) {
    const open = OPEN[side];
    const name = nameOf(side);
    await forget(name);
    sides[side] = await open(name);
    await fill(name, "people", ROWS);
  }
}

// Who begins changes with the round, and so does who follows whom.
function inTurn(round) {
  const names = Object.keys(sides);
  const first = round % names.length;
  const turned = [...names.slice(first), ...names.slice(0, first)];
  return Math.floor(round / names.length) % 2 !== round % 2 ? turned.reverse() : turned;
}

async function one(side, operation, round) {
  const { writes, times = 1, inAnyOrder = false } = OPERATIONS[operation];
  const name = nameOf(side);
  await writes?.ready(name);
  sides[side].prepare(writes?.first ?? 1, writes?.count ?? 0, round, KEYS);
  // What others have left behind is not counted against this one.
  globalThis.gc?.({ type: "minor" });
  await pause(5);
  const start = performance.now();
  for (let time = 0; time < times; time++) await sides[side].run(operation);
  const ms = (performance.now() - start) / times;
  const found = sides[side].checksum(inAnyOrder);
  return { ms, checksum: writes ? `${found}, ${await checksum(name, writes.first)} written` : found };
}

// Every side does it; answers what that took.
async function measure(operation, round) {
  const figures = {};
  for (const side of inTurn(round)) {
    try {
      figures[side] = await one(side, operation, round);
    } catch (error) {
      throw new Error(`${operation} of ${side}: ${error?.stack ?? error}`);
    }
  }
  const wanted = figures.raw.checksum;
  for (const [side, { checksum }] of Object.entries(figures)) {
    if (checksum !== wanted) throw new Error(`${operation}: the checksum of ${side} is ${checksum}, and that of raw ${wanted}`);
  }
  return figures;
}

async function end() {
  for (const side of Object.keys(sides)) {
    sides[side] = undefined;
    indexedDB.deleteDatabase(nameOf(side));
  }
}

const about = () => ({ agent: navigator.userAgent, date: new Date().toISOString(), cores: navigator.hardwareConcurrency });

window.bench = {
  begin, measure, end, about, version, sides: Object.keys(OPEN), operations: Object.keys(OPERATIONS),
  isPrecise: crossOriginIsolated, ready: Promise.all([initIndexie(), initPeers()]),
};
