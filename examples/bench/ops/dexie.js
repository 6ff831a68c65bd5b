// Dexie, without its debug mode, which it switches on by itself at localhost.
import { SCHEMA } from "../dexie.js";
import { EITHER, LIMIT, OFFSET, PREFIX, RANGE, UPDATED, passes, update } from "./operations.js";

const { Dexie } = window;

export class DexieOps {
  #db;

  static async open(name) {
    const side = new DexieOps();
    side.#db = new Dexie(name);
    side.#db.version(1).stores({ people: SCHEMA, strangers: SCHEMA });
    await side.#db.open();
    return side;
  }

  #aged(table, [from, to]) {
    return table.where("age").between(from, to, true, true);
  }

  bulkAdd({ rows }) {
    return this.#done(this.#db.strangers.bulkAdd(rows));
  }

  async #done(work) {
    await work;
  }

  async adds({ rows }) {
    for (const row of rows) await this.#db.strangers.add(row);
  }

  addsInOne({ rows }) {
    const { strangers } = this.#db;
    return this.#db.transaction("rw", strangers, async () => {
      for (const row of rows) await strangers.add(row);
    });
  }

  async addsTogether({ rows }) {
    await Promise.all(rows.map((row) => this.#db.strangers.add(row)));
  }

  bulkPut({ rows }) {
    return this.#done(this.#db.strangers.bulkPut(rows));
  }

  bulkDelete({ keys }) {
    return this.#done(this.#db.strangers.bulkDelete(keys));
  }

  update() {
    return this.#done(this.#aged(this.#db.strangers, UPDATED).modify(update));
  }

  async gets({ keys }) {
    const rows = [];
    for (const key of keys) rows.push(await this.#db.people.get(key));
    return rows;
  }

  async lookups({ emails }) {
    const rows = [];
    for (const email of emails) rows.push(await this.#db.people.get({ email }));
    return rows;
  }

  bulkGet({ keys }) {
    return this.#db.people.bulkGet(keys);
  }

  all() {
    return this.#db.people.toArray();
  }

  range() {
    return this.#aged(this.#db.people, RANGE).toArray();
  }

  page() {
    return this.#db.people.orderBy("name").reverse().offset(OFFSET).limit(LIMIT).toArray();
  }

  either() {
    return this.#aged(this.#db.people, EITHER).or("name").startsWith(PREFIX).toArray();
  }

  filter() {
    return this.#aged(this.#db.people, RANGE).filter(passes).toArray();
  }

  count() {
    return this.#aged(this.#db.people, RANGE).count();
  }

  keys() {
    return this.#aged(this.#db.people, RANGE).primaryKeys();
  }
}
