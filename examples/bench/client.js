// `ClientSide`: a table that follows a shape by the official client, which gives what comes to Dexie; synced.rs has a class with
// the same methods.
import { ShapeStream } from "./electric.js";
import { SCHEMA } from "./dexie.js";

const { Dexie } = window;
const { liveQuery } = Dexie;

export class ClientSide {
  #db;
  #stop = new AbortController();
  #subscription;

  constructor(name) {
    this.#db = new Dexie(name);
    this.#db.version(1).stores({ people: SCHEMA, strangers: SCHEMA });
  }

  // Resolves when all rows are stored, and goes on.
  sync(url, table, round) {
    const stream = new ShapeStream({ url, params: { table, round }, liveSse: true, signal: this.#stop.signal });
    return new Promise((resolve, reject) => {
      // The stream waits for what this returns.
      stream.subscribe(async (messages) => {
        try {
          if (await this.#store(messages)) resolve();
        } catch (error) {
          reject(error);
        }
      }, reject);
    });
  }

  // Stores the messages of a page; answers whether they are the last ones there are.
  async #store(messages) {
    const { people } = this.#db;
    const of = (operation) => messages.filter(({ headers }) => headers.operation === operation).map(({ value }) => value);
    const [inserted, updated, deleted] = [of("insert"), of("update"), of("delete")];
    if (inserted.length > 0) await people.bulkPut(inserted);
    if (updated.length > 0) await people.bulkUpdate(updated.map(({ id, ...changes }) => ({ key: id, changes })));
    if (deleted.length > 0) await people.bulkDelete(deleted.map(({ id }) => id));
    return messages.some(({ headers }) => headers.control === "up-to-date");
  }

  // Calls back with the score of a person, each time that a live query gives it.
  watch(id, seen) {
    this.#subscription = liveQuery(() => this.#db.people.get(id)).subscribe((person) => { seen(person?.score); });
  }

  async remove() {
    this.#stop.abort();
    this.#subscription?.unsubscribe();
    await this.#db.delete();
  }
}
