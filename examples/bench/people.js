// The rows of people.rs, for Dexie.

const FIRST = ["Ada", "Bob", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hanna", "Ivo", "June", "Kurt", "Lena", "Moe", "Nora", "Otto", "Zoe"];
const LAST = ["Abbott", "Berg", "Curie", "Dahl", "Engel", "Falk", "Gauss", "Holm", "Ising", "Jung", "Klein", "Lund", "Moser", "Noether", "Olsen", "Planck"];
const CITIES = ["Oslo", "Paris", "Quito", "Rome"];
const TAGS = ["red", "green", "blue"];

const of = (names, at) => names[at % names.length];

export const person = (id) => ({
  id,
  email: `user${id}@example.com`,
  name: `${of(FIRST, id * 7)} ${of(LAST, Math.floor(id / 16) * 11)}`,
  age: 18 + (Math.imul(id, 2_654_435_761) >>> 16) % 80,
  done: id % 3 === 0,
  score: (id % 1_000) / 8,
  tags: TAGS.slice(0, id % 4),
  created_at: 1_700_000_000_000 + id * 60_000,
  note: `The note of number ${id}, which is about as long as what people write into such a field.`,
  address: { city: of(CITIES, id), zip: String(id % 100_000).padStart(5, "0") },
});

export const people = (first, count) => Array.from({ length: count }, (_, at) => person(first + at));

// Row 256 is an Ada Abbott. She is written with one of two ages, and another score each time.
export const written = (id, age, round) => ({ ...person(id), age, done: true, score: round });
