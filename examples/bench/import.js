// What `cargo xtask bench import` calls: the same rows by an import, by a bulk add, and by Dexie's; what that took, and for how long
// at most the page could do nothing else meanwhile. In milliseconds.
import init, { IndexieImport } from "./bench.js";
import { SCHEMA, version } from "./dexie.js";
import { people } from "./people.js";

const { Dexie } = window;

// Timers are clamped to so many milliseconds once they are nested.
const TICK = 4;

class DexieImport {
  #db;
  #rows = [];

  constructor(name) {
    this.#db = new Dexie(name);
    this.#db.version(1).stores({ people: SCHEMA });
  }

  async prepare(count) {
    this.#rows = people(1, count);
    await this.#db.people.clear();
  }

  async bulkAdd() {
    await this.#db.people.bulkAdd(this.#rows);
    this.#rows = [];
  }

  count() {
    return this.#db.people.count();
  }

  remove() {
    return this.#db.delete();
  }
}

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

// How long the page is busy at a time. Chromium tells its long tasks, those of 50 ms and more; a timer tells in every browser how late
// it is, which is the task that it has waited for and all that came before it.
class Busy {
  #longest = 0;
  #latest = 0;
  #timer = 0;
  #observer = null;
  #last = performance.now();

  constructor() {
    if (PerformanceObserver.supportedEntryTypes.includes("longtask")) {
      this.#observer = new PerformanceObserver((list) => this.#observed(list.getEntries()));
      this.#observer.observe({ type: "longtask" });
    }
    this.#tick();
  }

  #observed(entries) {
    for (const { duration } of entries) this.#longest = Math.max(this.#longest, duration);
  }

  #tick() {
    const now = performance.now();
    this.#latest = Math.max(this.#latest, now - this.#last - TICK);
    this.#last = now;
    this.#timer = setTimeout(() => this.#tick(), 0);
  }

  // The last task is told of in a later one.
  async stop() {
    await pause(100);
    clearTimeout(this.#timer);
    this.#observed(this.#observer?.takeRecords() ?? []);
    this.#observer?.disconnect();
    return { task: this.#longest, late: this.#latest };
  }
}

async function one(side, way, count) {
  await side.prepare(count);
  await pause(200);
  const busy = new Busy();
  await pause(20);
  const start = performance.now();
  await side[way]();
  const ms = performance.now() - start;
  const figures = { ms, ...await busy.stop() };
  const stored = await side.count();
  if (stored !== count) throw new Error(`${stored} rows are stored, and not ${count}`);
  return figures;
}

// Every side does it, and who begins changes with the round.
async function measure(count, round) {
  const sides = {
    import: [new IndexieImport("import indexie"), "import"],
    bulkAdd: [new IndexieImport("import bulk"), "bulkAdd"],
    Dexie: [new DexieImport("import Dexie"), "bulkAdd"],
  };
  const names = Object.keys(sides);
  const turned = [...names.slice(round % 3), ...names.slice(0, round % 3)];
  const figures = {};
  for (const name of turned) {
    const [side, way] = sides[name];
    figures[name] = await one(side, way, count);
    await side.remove();
  }
  return figures;
}

window.bench = { measure, version, isPrecise: crossOriginIsolated, ready: init() };
