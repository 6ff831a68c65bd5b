// idb: IndexedDB with promises. A bulk is written as its documentation shows it: all promises of a transaction are awaited together.
import { openDB } from "../idb.js";
import { EITHER, LIMIT, OFFSET, PREFIX, RANGE, UPDATED, behind, passes, unite, update } from "./operations.js";

const between = ([from, to]) => IDBKeyRange.bound(from, to);

export class IdbJs {
  #db;

  static async open(name) {
    const side = new IdbJs();
    side.#db = await openDB(name);
    return side;
  }

  async #write(work) {
    const transaction = this.#db.transaction("strangers", "readwrite");
    await Promise.all([...work(transaction.store), transaction.done]);
  }

  bulkAdd({ rows }) {
    return this.#write((store) => rows.map((row) => store.add(row)));
  }

  async adds({ rows }) {
    for (const row of rows) await this.#db.add("strangers", row);
  }

  async addsInOne({ rows }) {
    const transaction = this.#db.transaction("strangers", "readwrite");
    for (const row of rows) await transaction.store.add(row);
    await transaction.done;
  }

  async addsTogether({ rows }) {
    await Promise.all(rows.map((row) => this.#db.add("strangers", row)));
  }

  bulkPut({ rows }) {
    return this.#write((store) => rows.map((row) => store.put(row)));
  }

  bulkDelete({ keys }) {
    return this.#write((store) => keys.map((key) => store.delete(key)));
  }

  async update() {
    const transaction = this.#db.transaction("strangers", "readwrite");
    const rows = await transaction.store.index("age").getAll(between(UPDATED));
    rows.forEach(update);
    await Promise.all([...rows.map((row) => transaction.store.put(row)), transaction.done]);
  }

  async gets({ keys }) {
    const rows = [];
    for (const key of keys) rows.push(await this.#db.get("people", key));
    return rows;
  }

  async lookups({ emails }) {
    const rows = [];
    for (const email of emails) rows.push(await this.#db.getFromIndex("people", "email", email));
    return rows;
  }

  bulkGet({ keys }) {
    const { store } = this.#db.transaction("people");
    return Promise.all(keys.map((key) => store.get(key)));
  }

  all() {
    return this.#db.getAll("people");
  }

  range() {
    return this.#db.getAllFromIndex("people", "age", between(RANGE));
  }

  async page() {
    const rows = [];
    let cursor = await this.#db.transaction("people").store.index("name").openCursor(null, "prev");
    cursor = await cursor.advance(OFFSET);
    while (cursor) {
      rows.push(cursor.value);
      if (rows.length === LIMIT) break;
      cursor = await cursor.continue();
    }
    return rows;
  }

  async either() {
    const { store } = this.#db.transaction("people");
    const [byAge, byName] = await Promise.all([
      store.index("age").getAll(between(EITHER)),
      store.index("name").getAll(IDBKeyRange.bound(PREFIX, behind(PREFIX))),
    ]);
    return unite(byAge, byName);
  }

  async filter() {
    return (await this.range()).filter(passes);
  }

  count() {
    return this.#db.countFromIndex("people", "age", between(RANGE));
  }

  keys() {
    return this.#db.getAllKeysFromIndex("people", "age", between(RANGE));
  }
}
