// What the command calls: both sides do the same, one after the other, and what that took comes back in milliseconds.
import init, { Indexie, memoryBytes } from "./bench.js";
import { DexieSide, version } from "./dexie.js";

const SILENCE = 150;
const PATIENCE = 50_000;

// The row that the mix sees, its two ages, and one that nobody watches.
const WATCHED = 256;
const AGES = [30, 40];
const UNWATCHED = 20_000;

let sides = {};

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

// Makes the database objects.
function open(name, inMemory) {
  sides = { indexie: new Indexie(`${name} indexie`, inMemory), Dexie: new DexieSide(`${name} Dexie`) };
}

const each = async (work) => {
  for (const [name, side] of Object.entries(sides)) await work(side, name);
};

// Which one begins, changes with the round.
async function inTurn(round, work) {
  const names = Object.keys(sides);
  if (round % 2 === 1) names.reverse();
  const results = {};
  for (const name of names) results[name] = await work(sides[name], name);
  return results;
}

const fill = (first, count) => each((side) => side.fill(first, count));
const fillStrangers = (first, count) => each((side) => side.fillStrangers(first, count));
// Where the rows of the last load were in memory.
async function fillMemory(first, count) {
  await sides.indexie.fill(first, count);
  await sides.indexie.fillStrangers(first, count);
}
const remove = () => each((side) => side.remove());

async function until(what, holds) {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > PATIENCE) throw new Error(`not within ${PATIENCE} ms: ${what}`);
    await pause(5);
  }
}

// Subscribes to the mix, and waits until everyone has a first result.
const watchMix = (rows) => each(async (side, name) => {
  const before = side.given();
  side.watchMix(rows);
  await until(`the first results of ${name}`, () => side.given() >= before + 20);
  side.takeItems();
  side.takeChanged();
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

// Puts the row that the mix sees. `last` is the moment of the last item, from the moment on at which the put was done.
const putWatched = (round) => inTurn(round, async (side) => {
  const [start, resolved] = await side.put(WATCHED, AGES[round % 2], round);
  await untilSilence(side);
  const items = side.takeItems();
  const who = items.filter((_, at) => at % 2 === 0);
  const when = items.filter((_, at) => at % 2 === 1);
  const last = Math.max(...when);
  return {
    put: resolved - start,
    last: last - resolved,
    total: Math.max(last, resolved) - start,
    notified: new Set(who).size,
    items: who.length,
    changed: side.takeChanged(),
  };
});

// Subscribes to so many rows, and waits for their first results.
async function watchRows(name, first, count) {
  const side = sides[name];
  const before = side.given();
  side.watchRows(first, count);
  await until(`the first rows of ${name}`, () => side.given() >= before + count);
}

// Gives the browser time to collect the garbage of so many subscriptions, which is otherwise collected during what is measured.
const rest = (count) => pause(count / 3);

// Two turns of the timers: what is put off by one has been done.
async function afterwards() {
  await pause(0);
  await pause(0);
}

async function timed(work) {
  const [start, resolved] = await work();
  await afterwards();
  return { put: resolved - start, quiet: performance.now() - start };
}

// Puts what nobody watches: another row of the watched table, and the same row of a table that is not watched.
async function putUnwatched(name, round) {
  const side = sides[name];
  const before = side.given();
  const ways = [["row", "put"], ["table", "putStranger"]];
  if (round % 2 === 1) ways.reverse();
  const times = {};
  for (const [way, method] of ways) {
    await pause(20);
    times[way] = await timed(() => side[method](UNWATCHED, 20 + round % 50, round));
  }
  if (side.given() !== before) throw new Error(`${name} has told someone of what nobody watches`);
  side.takeItems();
  return { ...times, cost: times.row.quiet / times.table.quiet };
}

// Unsubscribes everyone.
async function unwatch(name) {
  const start = performance.now();
  sides[name].unwatch();
  const call = performance.now() - start;
  await afterwards();
  return { call, quiet: performance.now() - start };
}

window.bench = {
  open, fill, fillStrangers, fillMemory, remove, watchMix, putWatched, watchRows, rest, putUnwatched, unwatch, memoryBytes, version,
  isPrecise: crossOriginIsolated, ready: init(),
};
