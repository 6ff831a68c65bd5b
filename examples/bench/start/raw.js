import { start } from "./start.js";

const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function open() {
  const opening = indexedDB.open("start raw", 1);
  opening.onupgradeneeded = () => {
    for (const table of ["people", "strangers"]) {
      const store = opening.result.createObjectStore(table, { keyPath: "id", autoIncrement: true });
      store.createIndex("email", "email", { unique: true });
      store.createIndex("name", "name");
      store.createIndex("age", "age");
    }
  };
  const db = await asked(opening);
  return {
    get: async (id) => (await asked(db.transaction("people").objectStore("people").get(id)))?.name,
    async fill(count) {
      const { people } = await import("../people.js");
      const transaction = db.transaction(["people", "strangers"], "readwrite");
      for (const table of ["people", "strangers"]) {
        const store = transaction.objectStore(table);
        store.clear();
        for (const person of people(1, count)) store.add(person);
      }
      await new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
      });
    },
  };
}

start({ open });
