// `DexieSide`: what the page can have Dexie do; side.rs has a class with the same methods.
import { people, written } from "./people.js";

const { Dexie } = window;
const { liveQuery } = Dexie;

// It switches itself on at localhost, and takes a stack trace for each operation then.
Dexie.debug = false;

export const version = Dexie.semVer;

const PAGE = 50;
export const SCHEMA = "++id, &email, name, age";

// The queries of mix.rs, in their order.
function mix({ people }, rows) {
  const byName = () => people.orderBy("name");
  const byAge = () => people.orderBy("age");
  const isDoneInOslo = (person) => person.done && person.address.city === "Oslo";
  const aged = (from, to) => people.where("age").between(from, to, true, true);
  return [
    () => byName().limit(PAGE).toArray(),
    () => byName().offset(PAGE).limit(PAGE).toArray(),
    () => byName().reverse().limit(PAGE).toArray(),
    () => byAge().limit(PAGE).toArray(),
    () => byAge().offset(Math.floor(rows / 4)).limit(PAGE).toArray(),
    () => byName().offset(Math.floor(rows / 2)).limit(PAGE).toArray(),

    () => aged(25, 34).filter(isDoneInOslo).toArray(),
    () => aged(40, 49).filter(isDoneInOslo).limit(PAGE).toArray(),
    () => aged(60, 69).filter(({ done }) => done).toArray(),
    () => people.where("name").startsWith("Ada").filter(({ age }) => age === 40).toArray(),
    () => people.where("name").startsWith("Zo").filter(({ done }) => done).toArray(),
    () => people.where("age").aboveOrEqual(90).filter(({ score }) => score > 100).toArray(),

    () => people.where("age").aboveOrEqual(35).count(),
    () => people.where("age").equals(30).count(),
    () => people.where("name").startsWith("Ada").count(),
    () => aged(60, 69).count(),

    ...[256, 1, 999].map((id) => () => people.get(id)),
    () => people.get({ email: "user256@example.com" }),
  ];
}

async function put(table, id, age, round) {
  const row = written(id, age, round);
  const start = performance.now();
  await table.put(row);
  return [start, performance.now()];
}

export class DexieSide {
  #db;
  #given = 0;
  #items = [];
  #errors = [];
  #subscriptions = [];
  #latest = [];
  #before = [];

  constructor(name) {
    this.#db = new Dexie(name);
    this.#db.version(1).stores({ people: SCHEMA, strangers: SCHEMA });
  }

  async fill(first, count) {
    await this.#db.people.bulkAdd(people(first, count));
  }

  async fillStrangers(first, count) {
    await this.#db.strangers.bulkAdd(people(first, count));
  }

  watchMix(rows) {
    mix(this.#db, rows).forEach((query, who) => {
      const next = (result) => {
        this.#items.push(who, performance.now());
        this.#given++;
        this.#latest[who] = result;
      };
      this.#subscriptions.push(liveQuery(query).subscribe(next, (error) => this.#failed(error)));
    });
  }

  watchRows(first, count) {
    const next = () => { this.#given++; };
    const failed = (error) => this.#failed(error);
    for (let id = first; id < first + count; id++) {
      this.#subscriptions.push(liveQuery(() => this.#db.people.get(id)).subscribe(next, failed));
    }
  }

  #failed(error) {
    this.#given++;
    this.#errors.push(error);
  }

  unwatch() {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#subscriptions = [];
    this.#latest = [];
    this.#before = [];
  }

  put(id, age, round) {
    return put(this.#db.people, id, age, round);
  }

  putStranger(id, age, round) {
    return put(this.#db.strangers, id, age, round);
  }

  // Waits for all reads that have begun: a transaction that could write has to.
  settled() {
    return new Promise((resolve, reject) => {
      const transaction = this.#db.backendDB().transaction("people", "readwrite");
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  }

  given() {
    return this.#given;
  }

  takeItems() {
    if (this.#errors.length > 0) throw this.#errors[0];
    const items = this.#items;
    this.#items = [];
    return items;
  }

  takeChanged() {
    const now = this.#latest.map((result) => JSON.stringify(result) ?? "");
    const changed = now.filter((result, at) => result !== this.#before[at]).length;
    this.#before = now;
    return changed;
  }

  async remove() {
    await this.#db.delete();
  }
}
