// IndexedDB by hand, as someone writes it who knows it well: one transaction for what belongs together, committed explicitly, a
// handler on the last request only, and the largest questions that the browser answers. It is what all others are measured by.
import { EITHER, LIMIT, OFFSET, PREFIX, RANGE, UPDATED, behind, passes, unite, update } from "./operations.js";
import { asked } from "./stores.js";

const between = ([from, to]) => IDBKeyRange.bound(from, to);

export class Raw {
  #db;

  static async open(name) {
    const side = new Raw();
    side.#db = await asked(indexedDB.open(name));
    return side;
  }

  #people() {
    return this.#db.transaction("people").objectStore("people");
  }

  // Does the work in a transaction, which is committed at its end.
  #write(work) {
    return new Promise((resolve, reject) => {
      const transaction = this.#db.transaction("strangers", "readwrite");
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      work(transaction.objectStore("strangers"), transaction);
    });
  }

  #add(row) {
    return this.#write((store, transaction) => {
      store.add(row);
      transaction.commit();
    });
  }

  bulkAdd({ rows }) {
    return this.#write((store, transaction) => {
      for (const row of rows) store.add(row);
      transaction.commit();
    });
  }

  async adds({ rows }) {
    for (const row of rows) await this.#add(row);
  }

  addsInOne({ rows }) {
    return this.#write(async (store, transaction) => {
      for (const row of rows) await asked(store.add(row));
      transaction.commit();
    });
  }

  async addsTogether({ rows }) {
    await Promise.all(rows.map((row) => this.#add(row)));
  }

  bulkPut({ rows }) {
    return this.#write((store, transaction) => {
      for (const row of rows) store.put(row);
      transaction.commit();
    });
  }

  bulkDelete({ keys }) {
    return this.#write((store, transaction) => {
      for (const key of keys) store.delete(key);
      transaction.commit();
    });
  }

  update() {
    return this.#write((store, transaction) => {
      const all = store.index("age").getAll(between(UPDATED));
      all.onsuccess = () => {
        for (const row of all.result) {
          update(row);
          store.put(row);
        }
        transaction.commit();
      };
    });
  }

  async gets({ keys }) {
    const rows = [];
    for (const key of keys) rows.push(await asked(this.#people().get(key)));
    return rows;
  }

  async lookups({ emails }) {
    const rows = [];
    for (const email of emails) rows.push(await asked(this.#people().index("email").get(email)));
    return rows;
  }

  async bulkGet({ keys }) {
    const store = this.#people();
    const requests = keys.map((key) => store.get(key));
    await asked(requests.at(-1));
    return requests.map(({ result }) => result);
  }

  all() {
    return asked(this.#people().getAll());
  }

  range() {
    return asked(this.#people().index("age").getAll(between(RANGE)));
  }

  page() {
    return new Promise((resolve, reject) => {
      const store = this.#people();
      const requests = [];
      const cursor = store.index("name").openKeyCursor(null, "prev");
      let skipped = false;
      cursor.onerror = () => reject(cursor.error);
      cursor.onsuccess = () => {
        const { result } = cursor;
        if (!skipped) {
          skipped = true;
          result.advance(OFFSET);
          return;
        }
        requests.push(store.get(result.primaryKey));
        if (requests.length < LIMIT) result.continue();
        else asked(requests.at(-1)).then(() => resolve(requests.map((request) => request.result)), reject);
      };
    });
  }

  async either() {
    const store = this.#people();
    const byAge = asked(store.index("age").getAll(between(EITHER)));
    const byName = asked(store.index("name").getAll(IDBKeyRange.bound(PREFIX, behind(PREFIX))));
    return unite(await byAge, await byName);
  }

  async filter() {
    return (await this.range()).filter(passes);
  }

  count() {
    return asked(this.#people().index("age").count(between(RANGE)));
  }

  keys() {
    return asked(this.#people().index("age").getAllKeys(between(RANGE)));
  }
}
