// Dexie itself, doing with the library what library.rs does with indexie.
const FILE = "./dexie.min.js";
// Of version 4.4.7. The browser refuses another file.
const INTEGRITY = "sha512-Ij5aKXuDTyw8sYTSsT5GAr/vTnwTWytwSubNngR2J/sqzCUPOxGxwEAWSxK5qDbapEh0J46tNfGISJqCbgDGuA==";

const VERSIONS = {
  1: {
    people: "++id, &email, *tags, &*aliases, [last+first], address.city, born",
    notes: "++, topic",
    settings: "",
    rooms: "[floor+number], name",
    scraps: "++id",
  },
  2: {
    people: "++id, &email, *tags, &*aliases, [last+first], address.city, born, age",
    visits: "++id, [person+day]",
    scraps: null,
  },
};

const ageOf = (born) => Math.floor((946_684_800_000 - born.getTime()) / 31_557_600_000);

let db = null;
let upgrades = 0;
const changes = [];

function load() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = FILE;
    script.integrity = INTEGRITY;
    script.onload = () => resolve(window.Dexie);
    script.onerror = () => reject(new Error(`${FILE} is not Dexie 4.4.7 as it is pinned: delete target/xtask/npm/dexie`));
    document.head.append(script);
  });
}

// Declares the library up to a version, with additions of the caller's: `{ number: { table: schema } }`.
export async function open(name, version, more = {}) {
  const Dexie = window.Dexie ?? await load();
  upgrades = 0;
  db = new Dexie(name);
  if (version >= 1) db.version(1).stores({ ...VERSIONS[1], ...more[1] });
  if (version >= 2) {
    db.version(2).stores({ ...VERSIONS[2], ...more[2] }).upgrade(async (tx) => {
      upgrades++;
      await tx.table("people").toCollection().modify((person) => { person.age = ageOf(person.born); });
      const scraps = await tx.table("scraps").toArray();
      await tx.table("visits").bulkAdd(scraps.map(({ id }) => ({ id, person: id, day: 7 })));
    });
  }
  if (version > 2) db.version(version).stores({ ...more[version] });
  if (!Number.isInteger(version)) db.version(version).stores(more[version] ?? {});
  db.on("versionchange", ({ newVersion }) => { changes.push(newVersion); });
  await db.open();
  return { verno: db.verno, native: db.backendDB().version, upgrades };
}

export function close() {
  db.close();
}

// Adds items one by one, all in the same turn of the event loop, to a shop that indexie has made; tells how long that took.
export async function addAtOnce(name, items) {
  const Dexie = window.Dexie ?? await load();
  const shop = await new Dexie(name).open();
  const table = shop.table("items");
  const start = performance.now();
  await Promise.all(items.map((item) => table.add(item)));
  const took = performance.now() - start;
  shop.close();
  return took;
}

// What other connections have asked for.
export function asked() {
  return { changes, open: db.isOpen() };
}

function person(at) {
  const text = (names) => names[at % 3];
  return {
    email: `${at}@example.com`,
    last: text(["Lovelace", "Babbage", "Åkesson"]),
    first: `${text(["Ada", "Bob", "Åsa"])}${at}`,
    tags: ["math", "poetry", "ünïcode"].slice(0, at % 4),
    aliases: [`a${at}`, `b${at}`],
    address: { city: text(["London", "Paris", "Malmö"]) },
    born: new Date(at * 86_400_000_000 - 1_000_000_000_000),
    photo: Uint8Array.from({ length: at % 5 }, (_, byte) => byte * 60),
    member: at % 2 === 0,
    score: at / 4,
  };
}

export async function fill() {
  await db.people.bulkAdd(Array.from({ length: 12 }, (_, at) => person(at + 1)));
  for (const topic of ["tea", "milk", "tea"]) await db.notes.add({ topic });
  for (const [key, value] of [["theme", 1], ["size", 12]]) await db.settings.add({ value }, key);
  await db.rooms.bulkAdd([[1, 1, "hall"], [1, 2, "office"], [2, 1, "attic"]].map(([floor, number, name]) => ({ floor, number, name })));
  await db.scraps.bulkAdd([{}, {}]);
}

// What the queries of both programs find.
export async function report() {
  const plain = (row) => ({ ...row, born: row.born.getTime(), photo: [...row.photo] });
  const keyOf = async (collection) => (await collection.primaryKeys())[0] ?? null;
  const entries = async (table) => {
    const [keys, rows] = await Promise.all([table.toCollection().primaryKeys(), table.toArray()]);
    return keys.map((key, at) => [key, rows[at]]);
  };
  const { people, notes, settings, rooms } = db;
  const report = {
    "people": (await people.toArray()).map(plain),
    "by email": await keyOf(people.where("email").equals("3@example.com")),
    "by alias": await keyOf(people.where("aliases").equals("b5")),
    "by tag": (await people.where("tags").anyOf("math", "ünïcode").distinct().primaryKeys()).sort((a, b) => a - b),
    "by name": await people.where("[last+first]").between(["Babbage", "Bob4"], ["Lovelace", "Ada6"], true, true).primaryKeys(),
    "by last name": await people.where("last").equals("Åkesson").primaryKeys(),
    "by city": await people.where("address.city").equals("Paris").primaryKeys(),
    "by birth": await people.where("born").above(new Date(-600_000_000_000)).primaryKeys(),
    "notes": await entries(notes),
    "notes on tea": await notes.where("topic").equals("tea").primaryKeys(),
    "settings": await entries(settings),
    "rooms": await rooms.toArray(),
    "room": await rooms.get([1, 2]) ?? null,
    "rooms by name": await rooms.orderBy("name").primaryKeys(),
  };
  if (db.tables.some(({ name }) => name === "scraps")) report["scraps"] = await db.table("scraps").toCollection().primaryKeys();
  if (db.verno >= 2) {
    report["by age"] = await people.where("age").aboveOrEqual(45).primaryKeys();
    report["visits"] = await db.visits.toArray();
    report["visits by day"] = await db.visits.where("[person+day]").equals([2, 7]).primaryKeys();
  }
  return report;
}

// Writes in every table of version 1.
export async function change() {
  const id = await db.people.add(person(13));
  await db.people.where("id").equals(1).modify((person) => { person.tags.push("new"); });
  await db.people.delete(2);
  const note = await db.notes.add({ topic: "bread" });
  await db.settings.put({ value: 14 }, "size");
  await db.rooms.delete([2, 1]);
  return [id, note];
}
