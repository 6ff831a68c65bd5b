// `ScaleDexie`: what scale.rs has indexie do. Where Dexie has no such operation it is written as its documentation does.
import { event } from "./events.js";

const { Dexie } = window;
const { liveQuery } = Dexie;

// It switches itself on at localhost, and takes a stack trace for each operation then.
Dexie.debug = false;

const PAGE = 50;
const COUNTED = [0, 4];
const KINDS = [3, 4];

const ids = (rows) => rows.reduce((sum, { id }) => sum + id, 0);

export class ScaleDexie {
  #db;
  #rows;
  #middle;
  #before;
  #given = 0;
  #items = [];
  #errors = [];
  #subscriptions = [];

  constructor(name, rows) {
    this.#db = new Dexie(name);
    this.#db.version(1).stores({ events: "++id, at, kind" });
    this.#rows = rows;
  }

  async import(first, count) {
    const rows = Array.from({ length: count }, (_, at) => event(first + at));
    const start = performance.now();
    await this.#db.events.bulkAdd(rows);
    return performance.now() - start;
  }

  async prepare() {
    const [before, behind] = await this.#db.events.orderBy("at").offset(Math.floor(this.#rows / 2) - 1).limit(2).toArray();
    [this.#before, this.#middle] = [before.at, behind.id];
  }

  async run(operation, id) {
    const { events } = this.#db;
    switch (operation) {
      case "get": return ids([await events.get(id)]);
      case "range": return ids(await this.#range());
      case "offset": return ids(await this.#offset());
      case "keyset": return ids(await events.where("at").above(this.#before).limit(PAGE).toArray());
      case "countRange": return events.where("kind").between(...COUNTED, true, true).count();
      case "countAll": return events.count();
      default: throw new Error(`there is no operation ${operation}`);
    }
  }

  #range() {
    const [middle, half] = [2 ** 31, Math.floor(0xffff_ffff / this.#rows) * 25];
    return this.#db.events.where("at").between(middle - half, middle + half).toArray();
  }

  #offset() {
    return this.#db.events.orderBy("at").offset(Math.floor(this.#rows / 2)).limit(PAGE).toArray();
  }

  async stream() {
    let sum = 0;
    await this.#db.events.each(({ amount }) => { sum += amount; });
    return sum;
  }

  watch() {
    const { events } = this.#db;
    const queries = [
      () => events.get(this.#middle), () => this.#range(), () => this.#offset(), () => events.where("kind").equals(KINDS[0]).count(),
    ];
    queries.forEach((query, who) => {
      const next = () => {
        this.#items.push(who, performance.now());
        this.#given++;
      };
      const failed = (error) => {
        this.#given++;
        this.#errors.push(error);
      };
      this.#subscriptions.push(liveQuery(query).subscribe(next, failed));
    });
    return queries.length;
  }

  async put(round) {
    const row = { ...event(this.#middle), kind: KINDS[round % 2], amount: round };
    const start = performance.now();
    await this.#db.events.put(row);
    return [start, performance.now()];
  }

  // Waits for all reads that have begun: a transaction that could write has to.
  settled() {
    return new Promise((resolve, reject) => {
      const transaction = this.#db.backendDB().transaction("events", "readwrite");
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  }

  given() {
    return this.#given;
  }

  takeItems() {
    if (this.#errors.length > 0) throw this.#errors[0];
    return this.#items.splice(0);
  }

  unwatch() {
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
  }

  async remove() {
    await this.#db.delete();
  }
}
