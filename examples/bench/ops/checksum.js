// A checksum over all fields of rows, or over numbers; operations.rs takes the same one.
export class Checksum {
  #hash = 0x811c9dc5;
  #texts = 0;

  add(row) {
    const { id, email, name, age, done, score, tags, created_at, note, address: { city, zip } } = row;
    this.text(`${id}|${email}|${name}|${age}|${done}|${score}|${tags.join(",")}|${created_at}|${note}|${city}|${zip};`);
  }

  // FNV-1a. The rows are ASCII.
  text(text) {
    let hash = this.#hash;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    this.#hash = hash >>> 0;
    this.#texts++;
  }

  toString() {
    return `${this.#hash.toString(16).padStart(8, "0")} of ${this.#texts}`;
  }
}

export function ofRows(rows) {
  const sum = new Checksum();
  for (const row of rows) sum.add(row);
  return String(sum);
}

export function ofNumbers(numbers) {
  const sum = new Checksum();
  for (const number of numbers) sum.text(`${number};`);
  return String(sum);
}
