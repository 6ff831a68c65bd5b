// What comes out of IndexedDB in this page: requests, and the rows and keys that they answer with. Nobody is counted while a clock
// runs: see `counted`.

const NOTHING = { requests: 0, rows: 0, keys: 0 };
const COUNTED = {
  get: (value) => ({ rows: value === undefined ? 0 : 1 }),
  getAll: (values) => ({ rows: values.length }),
  getAllRecords: (records) => ({ rows: records.length }),
  getKey: (key) => ({ keys: key === undefined ? 0 : 1 }),
  getAllKeys: (keys) => ({ keys: keys.length }),
  // These answer once for each step.
  openCursor: (cursor) => ({ rows: cursor === null ? 0 : 1 }),
  openKeyCursor: (cursor) => ({ keys: cursor === null ? 0 : 1 }),
  count: () => ({}),
};

// What a piece of work reads.
export async function counted(work) {
  const sum = { ...NOTHING };
  const restore = [];
  for (const { prototype } of [IDBObjectStore, IDBIndex]) {
    for (const [name, size] of Object.entries(COUNTED)) {
      const original = prototype[name];
      if (original === undefined) continue;
      prototype[name] = function (...given) {
        const request = original.apply(this, given);
        sum.requests++;
        request.addEventListener("success", () => {
          for (const [what, number] of Object.entries(size(request.result))) sum[what] += number;
        });
        return request;
      };
      restore.push(() => { prototype[name] = original; });
    }
  }
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return sum;
}
