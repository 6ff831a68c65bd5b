// The rows of events.rs, for Dexie.
export const event = (id) => ({
  id,
  at: Math.imul(id, 2_654_435_769) >>> 0,
  kind: id % 10,
  amount: id % 1_000 / 8,
  note: `What has happened as number ${id}, in a few words.`,
});
