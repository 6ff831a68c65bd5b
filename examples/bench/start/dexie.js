import { start } from "./start.js";

const { Dexie } = window;

// It switches itself on at localhost, and takes a stack trace for each operation then.
Dexie.debug = false;

async function open() {
  const db = new Dexie("start Dexie");
  db.version(1).stores({ people: "++id, &email, name, age", strangers: "++id, &email, name, age" });
  await db.open();
  return {
    get: async (id) => (await db.people.get(id))?.name,
    async fill(count) {
      const { people } = await import("../people.js");
      for (const table of [db.people, db.strangers]) {
        await table.clear();
        await table.bulkAdd(people(1, count));
      }
    },
  };
}

start({ open, version: Dexie.semVer });
