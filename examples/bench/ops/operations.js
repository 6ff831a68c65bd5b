// What the JavaScript sides share, as operations.rs is for the Rust ones: which rows are meant, and a side with what it works on and
// what it has found.
import { person } from "../people.js";
import { ofNumbers, ofRows } from "./checksum.js";

export const RANGE = [30, 69];
export const UPDATED = [40, 47];
export const EITHER = [30, 33];
export const PREFIX = "Ada";
export const OFFSET = 5_000;
export const LIMIT = 50;

export const passes = (row) => row.done && row.score < 75;
export const update = (row) => { row.score += 1; };

// Without the rows that have been there before: what two indexes have found.
export function unite(rows, others) {
  const known = new Set(rows.map(({ id }) => id));
  return rows.concat(others.filter(({ id }) => !known.has(id)));
}

// A key behind all texts that begin so.
export const behind = (prefix) => `${prefix}\uffff`;

export const written = (first, count, round) =>
  Array.from({ length: count }, (_, at) => first + at).map((id) => ({ ...person(id), score: id % 100 + round }));

export class Measured {
  #side;
  #input = {};
  #found;

  static async open(Side, name) {
    const measured = new Measured();
    measured.#side = await Side.open(name);
    return measured;
  }

  // Makes the rows that are written, with scores of this round, and says which single rows are meant.
  prepare(first, count, round, keys) {
    this.#found = undefined;
    this.#input = { rows: written(first, count, round), keys: [...keys], emails: [...keys].map((id) => `user${id}@example.com`) };
  }

  async run(operation) {
    this.#found = await this.#side[operation](this.#input);
  }

  checksum(inAnyOrder) {
    const found = this.#found;
    this.#found = undefined;
    if (!Array.isArray(found)) return ofNumbers(found === undefined ? [] : [found]);
    if (typeof found[0] === "number") return ofNumbers(found);
    return ofRows(inAnyOrder ? found.sort((one, other) => one.id - other.id) : found);
  }
}
