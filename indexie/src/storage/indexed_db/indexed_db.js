// Every line of JavaScript in the crate: the other end of the codec, and functions that own their IndexedDB requests, so
// that an operation costs one call from Rust and one wake-up back, however many rows it touches.
//
// In this order, each part calling those before it: keys and paths; reading and writing the codec's streams; requests; scans;
// changed rows; what has changed; operations; upgrades; shared transactions; connections that are lost; pages that are left; other
// tabs; the engine, which is what Rust sees.
//
// Called by engine.rs only. No callback may throw: an exception that passes through wasm leaves a future pending for
// ever, so each one settles its slot instead. Nothing here uses eval: pages have content security policies.

// Tags of values; the same numbers as in codec.rs.
const NULL = 0, BOOL = 1, U32 = 2, F64 = 3, TEXT = 4, DATE = 5, BYTES = 6, BIGINT = 7, ARRAY = 8, OBJECT = 9, MAP = 10,
  OTHER = 11, MIXED = 12;
const ROWS_PER_SECTION = 128;
// In UTF-16 units.
const SHORT_TEXT = 256;
// Objects used as maps have ever new property names: no shapes for those.
const MAX_SHAPES = 2048, MAX_SHAPE_PROPERTIES = 64, MAX_SHAPE_STEPS = 32768;
// So many ways on are looked at one by one, which takes less than to look one up.
const FEW_STEPS = 8;
// Bytes that a buffer may have and stay.
const MOST_KEPT = 1 << 23;
// A column is looked at as a whole from so many rows on.
const MANY_ROWS = 64;
// What stands deeper is not read: Rust's stack is small.
const MAX_DEPTH = 256;

// Operations; the same numbers as in request.rs.
const GET = 0, SCAN = 1, COUNT = 2, ADD = 3, PUT = 4, DELETE = 5, DELETE_RANGES = 6, CLEAR = 7, MERGE = 8,
  SAVEPOINT = 9, RELEASE = 10, ROLLBACK = 11, ADOPT = 12, MERGE_PART = 13;
// What a scan brings back; bits.
const ROWS = 1, PRIMARY_KEYS = 2, KEYS = 4;
const REVERSE = 8, UNIQUE = 16;
// Of what reads: keep the rows for a MERGE; hand over those that are there before the others. Of a write: the keys follow the rows; and what
// it is part of is undone as a whole if it fails.
const PARK = 32, EARLY = 256, WITH_KEYS = 64, PART = 128;
// What becomes of the place of a changed row; the same numbers as in storage.rs.
const STAYS = 0, MOVES = 1;
// What an operation came to; the same numbers as in engine.rs.
const UNIT = 1, NUMBER = 2, BATCH = 3, FAILED = 4;
// Added to those of a batch: shapes that Rust has to learn first, rows that are apart, and whether all of it is in the words given.
const NEW_SHAPES = 8, STREAMED = 16, SMALL = 32;
// The words that a small result begins with: how many rows there are, and how much of each stream.
const SMALL_HEAD = 5;
// By the numbers that Rust gives them.
const DURABILITIES = [undefined, 'relaxed', 'strict'];
// Events; the same numbers as in engine.rs.
const SETTLED = 0, DONE = 1, ABORTED = 2, UPGRADE = 3, OPENED = 4, OPEN_FAILED = 5, BLOCKED = 6, VERSION_CHANGE = 7, CLOSED = 8,
  WAITED = 9, COMMITTED = 10, ARRIVED = 11, PANICKED = 12;

// Of so many changed rows a commit tells each one; the same number as in storage.rs. To other tabs it tells only the keys of those
// beyond the other number.
const MOST_REPORTED = 4096, MOST_SENT = 256;

const isNumber = (value) => typeof value === 'number';
const NON_ASCII = /[^\x00-\x7f]/;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();
const wellFormed = typeof ''.toWellFormed === 'function'
  ? (text) => text.toWellFormed()
  : (text) => text.replace(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g, (units) => (units.length === 2 ? units : '\ufffd'));

// --- keys and paths -------------------------------------------------------------------------------------------------

// `o.__proto__ = v` would create no property.
function set(object, name, value) {
  if (name === '__proto__') Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  else object[name] = value;
}

function valueAt(row, path) {
  if (!path.includes('.')) return row?.[path];
  for (const name of path.split('.')) {
    if (row === null || row === undefined) return undefined;
    row = row[name];
  }
  return row;
}

// What stands at a key path, which may be several.
const valuesAt = (row, keyPath) => (Array.isArray(keyPath) ? keyPath.map((path) => valueAt(row, path)) : valueAt(row, keyPath));

// The keys of a row in an index, as far as they are valid.
function keysOf(row, index) {
  const { keyPath, multiEntry } = index, value = valuesAt(row, keyPath);
  return (multiEntry && Array.isArray(value) ? value : [value]).filter(isKey);
}

function primaryKeyOf(store, row) {
  return valuesAt(row, store.keyPath) ?? undefined;
}

function isKey(value) {
  try {
    indexedDB.cmp(value, value);
    return true;
  } catch {
    return false;
  }
}

function equal(key, other) {
  if (typeof key === 'number' || typeof key === 'string') return key === other;
  try {
    return indexedDB.cmp(key, other) === 0;
  } catch {
    return false;
  }
}

// The same text for equal keys, and for no others.
function keyText(key) {
  if (typeof key === 'string') return JSON.stringify(key);
  if (typeof key === 'number') return String(key);
  if (Array.isArray(key)) return `[${key.map(keyText).join()}]`;
  if (key instanceof Date) return `d${Number(key)}`;
  return `b${new Uint8Array(key.buffer ?? key, key.byteOffset, key.byteLength).join()}`;
}

function range(bounds) {
  const [lower, lowerKind, upper, upperKind] = bounds;
  if (lowerKind === 0) return upperKind === 0 ? null : IDBKeyRange.upperBound(upper, upperKind === 2);
  if (upperKind === 0) return IDBKeyRange.lowerBound(lower, lowerKind === 2);
  return IDBKeyRange.bound(lower, upper, lowerKind === 2, upperKind === 2);
}

// Whether a range is one key.
function isOne([lower, lowerKind, upper, upperKind]) {
  return lowerKind === 1 && upperKind === 1 && indexedDB.cmp(lower, upper) === 0;
}

// The same as `range`, the other way round.
function boundsOf({ lower, lowerOpen, upper, upperOpen }) {
  const kind = (bound, open) => (bound === undefined ? 0 : open ? 2 : 1);
  return [lower, kind(lower, lowerOpen), upper, kind(upper, upperOpen)];
}

// Key paths as text: nothing, a path, or several with plus signs between brackets. Paths hold no brackets of their own.
const path = (keyPath) => (keyPath === null ? '' : Array.isArray(keyPath) ? `[${keyPath.join('+')}]` : keyPath);
const unpath = (text) => (text === '' ? null : text.startsWith('[') ? text.slice(1, -1).split('+') : text);

// --- reading what Rust wrote ---------------------------------------------------------------------------------------

class Reader {
  constructor(shapes, ints, floats, bytes, sections) {
    this.shapes = shapes;
    this.ints = ints;
    this.floats = floats;
    // A TextDecoder refuses memory that is shared between threads. Its class may be hidden: where a page is not isolated.
    this.bytes = bytes.length > 0 && !(bytes.buffer instanceof ArrayBuffer) ? bytes.slice() : bytes;
    this.sections = sections;
    this.int = 0;
    this.float = 0;
    this.rows = 0;
    this.section = 0;
    this.start = 0;
    this.kept = false;
    this.binary = 0;
    for (let i = 0; i < sections.length; i++) this.binary += sections[i];
    this.enter();
  }

  enter() {
    const at = this.section * 2;
    const ascii = this.sections[at] | 0, wide = this.sections[at + 1] | 0, start = this.start;
    this.ascii = ascii > 0 ? decoder.decode(this.bytes.subarray(start, start + ascii)) : '';
    this.wide = wide > 0 ? decoder.decode(this.bytes.subarray(start + ascii, start + ascii + wide)) : '';
    this.start = start + ascii + wide;
    this.asciiAt = 0;
    this.wideAt = 0;
  }

  endRow() {
    this.rows++;
    if (this.rows % ROWS_PER_SECTION === 0) {
      this.section++;
      this.enter();
    }
  }

  text() {
    const length = this.ints[this.int++], units = length >>> 1;
    return (length & 1) === 0
      ? this.ascii.substring(this.asciiAt, this.asciiAt += units)
      : this.wide.substring(this.wideAt, this.wideAt += units);
  }

  value(tag) {
    switch (tag) {
      case NULL: return null;
      case BOOL: return this.ints[this.int++] !== 0;
      case U32: return this.ints[this.int++];
      case F64: return this.floats[this.float++];
      case TEXT: return this.text();
      case DATE: return new Date(this.floats[this.float++]);
      case BYTES: {
        const length = this.ints[this.int++];
        // A copy: a view would be stored with the whole of wasm's memory.
        return this.bytes.slice(this.binary, this.binary += length);
      }
      case BIGINT: return BigInt(this.text());
      case ARRAY: {
        const length = this.ints[this.int++], of = this.ints[this.int++];
        const array = new Array(length);
        for (let i = 0; i < length; i++) array[i] = this.value(of === MIXED ? this.ints[this.int++] : of);
        return array;
      }
      case OBJECT: {
        const { names, tags, template } = this.shapes[this.ints[this.int++]];
        const object = { ...template };
        for (let i = 0; i < names.length; i++) {
          const tag = tags[i];
          object[names[i]] = tag === U32 ? this.ints[this.int++]
            : tag === TEXT ? this.text()
            : tag === F64 ? this.floats[this.float++]
            : this.value(tag);
        }
        return object;
      }
      case MAP: {
        const object = {};
        for (let left = this.ints[this.int++]; left > 0; left--) {
          const name = this.text();
          set(object, name, this.value(this.ints[this.int++]));
        }
        return object;
      }
      default: throw new TypeError(`unknown tag ${tag}`);
    }
  }

  row() {
    const value = this.value(this.ints[this.int++]);
    this.endRow();
    return value;
  }

  many(count) {
    const values = new Array(count);
    for (let i = 0; i < count; i++) values[i] = this.row();
    return values;
  }

  // What is read in a later task is no longer there then: Rust's memory is its own again.
  keep() {
    if (this.kept || this.int === this.ints.length) return;
    this.kept = true;
    for (const stream of ['ints', 'floats', 'bytes', 'sections']) this[stream] = this[stream].slice();
  }
}

// --- writing for Rust ----------------------------------------------------------------------------------------------

// The shapes of the objects that have been written, as a tree of their properties. All writers of an engine have the same.
class Shapes {
  constructor() {
    this.root = this.node('', 0, null);
    this.count = 0;
    this.steps = 0;
    // Those that Rust has not been told of.
    this.fresh = [];
  }

  // `next` is where the last one went on, `few` are the first ways to go on, and `others` the ways behind those.
  node(name, tag, parent) {
    return { name, tag, next: null, few: [], others: null, shape: -1, parent };
  }

  step(node, name, tag) {
    const { few } = node;
    for (let i = 0; i < few.length; i++) if (few[i].tag === tag && few[i].name === name) return node.next = few[i];
    const key = `${tag} ${name}`;
    let next = node.others?.get(key);
    if (next === undefined) {
      if (this.count >= MAX_SHAPES || ++this.steps > MAX_SHAPE_STEPS) return null;
      next = this.node(name, tag, node);
      if (few.length < FEW_STEPS) few.push(next);
      else (node.others ??= new Map()).set(key, next);
    }
    return node.next = next;
  }

  // The number of the shape that ends there.
  numberOf(node) {
    if (node.shape < 0) {
      node.shape = this.count++;
      const names = [], tags = [];
      for (let at = node; at.parent !== null; at = at.parent) {
        names.push(at.name);
        tags.push(at.tag);
      }
      this.fresh.push({ names: names.reverse(), tags: tags.reverse() });
    }
    return node.shape;
  }
}

class Writer {
  constructor(shapes) {
    this.shapes = shapes;
    this.allocate();
    this.reset();
  }

  allocate() {
    this.ints = new Uint32Array(1024);
    this.useFloats(new Float64Array(512));
    this.useBytes(new Uint8Array(4096));
  }

  // The same memory word by word, for what is handed over in words.
  useFloats(floats) {
    this.floats = floats;
    this.floatWords = new Uint32Array(floats.buffer);
  }

  // As many as make up words.
  useBytes(bytes) {
    this.bytes = bytes;
    this.byteWords = new Uint32Array(bytes.buffer);
  }

  // What one large read has needed is not kept for ever.
  get isLarge() {
    return this.ints.byteLength > MOST_KEPT || this.floats.byteLength > MOST_KEPT || this.bytes.byteLength > MOST_KEPT;
  }

  reset() {
    if (this.isLarge) this.allocate();
    this.int = 0;
    this.float = 0;
    this.byte = 0;
    this.rows = 0;
    // Of those that were taken before: how many there were.
    this.before = 0;
    this.texts = [];
    this.textAt = [];
    this.sections = [];
    this.binaries = [];
    // The objects that are being written, from the outermost inwards.
    this.around = [];
    this.shapeless = false;
    // A page may have put enumerable properties on Object.prototype.
    this.polluted = false;
    for (const _ in {}) this.polluted = true;
  }

  pushInt(value) {
    if (this.int === this.ints.length) this.growInts();
    this.ints[this.int++] = value;
  }

  growInts(more = 1) {
    const grown = new Uint32Array(Math.max(this.ints.length * 2, this.int + more));
    grown.set(this.ints);
    this.ints = grown;
  }

  pushFloat(value) {
    if (this.float === this.floats.length) this.growFloats();
    this.floats[this.float++] = value;
  }

  growFloats(more = 1) {
    const grown = new Float64Array(Math.max(this.floats.length * 2, this.float + more));
    grown.set(this.floats);
    this.useFloats(grown);
  }

  pushText(text) {
    this.textAt.push(this.int);
    this.texts.push(text);
    this.pushInt(text.length << 1);
  }

  reserve(more) {
    if (this.byte + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, Math.ceil((this.byte + more) / 4) * 4));
    grown.set(this.bytes.subarray(0, this.byte));
    this.useBytes(grown);
  }

  append(text) {
    if (text.length === 0) return 0;
    this.reserve(text.length * 3);
    if (text.length <= SHORT_TEXT && this.spell(text)) return text.length;
    const { written } = encoder.encodeInto(text, this.bytes.subarray(this.byte));
    this.byte += written;
    return written;
  }

  // Appends a text that is ASCII: of a short one that takes less than asking the browser to. Returns whether it was.
  spell(text) {
    const { bytes, byte } = this, { length } = text;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) return false;
      bytes[byte + i] = unit;
    }
    this.byte += length;
    return true;
  }

  // Puts what was written into words of Rust's memory, if there is room for it. Returns whether there was.
  intoWords(words, count) {
    const { ints, int, sections, floatWords, float, byteWords, byte } = this;
    const bytesAsWords = Math.ceil(byte / 4);
    if (SMALL_HEAD + int + sections.length + 2 * float + bytesAsWords > words.length) return false;
    words[0] = count;
    words[1] = int;
    words[2] = sections.length;
    words[3] = float;
    words[4] = byte;
    let at = SMALL_HEAD;
    for (let i = 0; i < int; i++) words[at++] = ints[i];
    for (let i = 0; i < sections.length; i++) words[at++] = sections[i];
    for (let i = 0; i < 2 * float; i++) words[at++] = floatWords[i];
    for (let i = 0; i < bytesAsWords; i++) words[at++] = byteWords[i];
    return true;
  }

  endSection() {
    const texts = this.texts;
    let ascii = texts.join('');
    const before = this.byte;
    let asciiBytes = this.append(ascii), wideBytes = 0;
    if (asciiBytes !== ascii.length) {
      // Some of it is not ASCII: that goes apart, so that the rest can be sliced by its length.
      this.byte = before;
      ascii = '';
      let wide = '';
      for (let i = 0; i < texts.length; i++) {
        if (NON_ASCII.test(texts[i])) {
          // One by one, or the halves of two neighbours would make a pair.
          const text = wellFormed(texts[i]);
          wide += text;
          this.ints[this.textAt[i]] = (text.length << 1) | 1;
        } else {
          ascii += texts[i];
        }
      }
      asciiBytes = this.append(ascii);
      wideBytes = this.append(wide);
    }
    this.sections.push(asciiBytes, wideBytes);
    this.texts = [];
    this.textAt = [];
  }

  // `undefined` is no row; one that is null is there, and no Rust type stands for it.
  row(value) {
    const slot = this.int;
    this.pushInt(NULL);
    const tag = value === null ? this.other('null') : this.value(value);
    this.ints[slot] = tag;
    this.rows++;
    if (this.rows % ROWS_PER_SECTION === 0) this.endSection();
  }

  // One value for each row of a result.
  column(values) {
    const { length } = values;
    if (length < MANY_ROWS || !values.every(isNumber)) {
      for (let i = 0; i < length; i++) this.row(values[i]);
      return;
    }
    // Keys are, mostly: they are copied at once.
    if (this.int + length > this.ints.length) this.growInts(length);
    if (this.float + length > this.floats.length) this.growFloats(length);
    this.ints.fill(F64, this.int, this.int += length);
    this.floats.set(values, this.float);
    this.float += length;
    for (let left = length; left > 0;) {
      const some = Math.min(left, ROWS_PER_SECTION - this.rows % ROWS_PER_SECTION);
      this.rows += some;
      left -= some;
      if (this.rows % ROWS_PER_SECTION === 0) this.endSection();
    }
  }

  finish() {
    if (this.texts.length > 0) this.endSection();
    let length = 0;
    for (const binary of this.binaries) length += binary.length;
    this.reserve(length);
    for (const binary of this.binaries) {
      this.bytes.set(binary, this.byte);
      this.byte += binary.length;
    }
    this.binaries = [];
  }

  // Appends a value and returns its tag.
  value(value) {
    switch (typeof value) {
      case 'string': this.pushText(value); return TEXT;
      case 'number': this.pushFloat(value); return F64;
      case 'boolean': this.pushInt(value ? 1 : 0); return BOOL;
      case 'undefined': return NULL;
      case 'bigint': this.pushText(value.toString()); return BIGINT;
      default: return value === null ? NULL : this.object(value);
    }
  }

  // What another program has stored may hold itself.
  object(value) {
    const { around } = this;
    if (around.length === MAX_DEPTH) return this.other(`a value ${MAX_DEPTH} levels deep`);
    if (around.includes(value)) return this.other('a value that holds itself');
    around.push(value);
    const tag = this.content(value);
    around.pop();
    return tag;
  }

  content(value) {
    if (Array.isArray(value)) return this.array(value);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.plain(value);
    if (ArrayBuffer.isView(value)) {
      // Wider elements are numbers, and so are those below zero.
      if (value.BYTES_PER_ELEMENT > 1 || value instanceof Int8Array) return this.array(Array.from(value));
      return this.binary(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    }
    // Told by its class name too: the value may come from another realm.
    const name = Object.prototype.toString.call(value).slice(8, -1);
    if (name === 'Date') {
      this.pushFloat(Number(value));
      return DATE;
    }
    if (name === 'ArrayBuffer') return this.binary(new Uint8Array(value));
    if (name === 'Set') return this.array([...value]);
    if (name === 'Map') return this.entries([...value]);
    if (name === 'Number' || name === 'String' || name === 'Boolean' || name === 'BigInt') return this.value(value.valueOf());
    if (name === 'Object') return this.plain(value);
    return this.other(`a ${name}`);
  }

  other(what) {
    this.pushText(what);
    return OTHER;
  }

  binary(bytes) {
    this.pushInt(bytes.length);
    this.binaries.push(bytes);
    return BYTES;
  }

  array(array) {
    const length = array.length;
    this.pushInt(length);
    const slot = this.int;
    this.pushInt(MIXED);
    if (length === 0) return ARRAY;
    // Most arrays hold one type: written without tags, and again with them if that turns out wrong.
    const kind = typeof array[0];
    if (kind === 'string' || kind === 'number') {
      let i = 1;
      while (i < length && typeof array[i] === kind) i++;
      if (i === length) {
        this.ints[slot] = kind === 'string' ? TEXT : F64;
        for (i = 0; i < length; i++) this.value(array[i]);
        return ARRAY;
      }
    }
    for (let i = 0; i < length; i++) {
      const at = this.int;
      this.pushInt(NULL);
      const tag = this.value(array[i]);
      this.ints[at] = tag;
    }
    return ARRAY;
  }

  plain(object) {
    if (this.polluted || this.shapeless) return this.entries(Object.entries(object));
    const slot = this.int, float = this.float, binaries = this.binaries.length;
    this.pushInt(0);
    let node = this.shapes.root, count = 0;
    for (const name in object) {
      if (++count > MAX_SHAPE_PROPERTIES) break;
      const tag = this.value(object[name]);
      const next = node.next;
      if (next !== null && next.tag === tag && next.name === name) {
        node = next;
        continue;
      }
      node = this.shapes.step(node, name, tag);
      if (node === null) {
        count = Infinity;
        break;
      }
    }
    if (count > MAX_SHAPE_PROPERTIES) {
      // No shape for this one: take back what it has written so far.
      while (this.textAt.length > 0 && this.textAt[this.textAt.length - 1] >= slot) {
        this.textAt.pop();
        this.texts.pop();
      }
      this.int = slot;
      this.float = float;
      this.binaries.length = binaries;
      // Nor for what is in it: written twice at each level, a deep value would take for ever.
      this.shapeless = true;
      const tag = this.entries(Object.entries(object));
      this.shapeless = false;
      return tag;
    }
    this.ints[slot] = this.shapes.numberOf(node);
    return OBJECT;
  }

  entries(entries) {
    this.pushInt(entries.length);
    for (const [name, value] of entries) {
      this.pushText(String(name));
      const slot = this.int;
      this.pushInt(NULL);
      const tag = this.value(value);
      this.ints[slot] = tag;
    }
    return MAP;
  }
}

// --- requests ------------------------------------------------------------------------------------------------------

// getAllRecords, and options with a direction for getAll and getAllKeys: IndexedDB 3.0. Looked for by the engine.
let modern = false;

// Runs `done` with the result of a request, or `fail` with its error. The error is kept from aborting the transaction:
// whoever asked decides about that.
function on(request, done, fail) {
  request.onsuccess = () => {
    try {
      done(request.result);
    } catch (error) {
      fail(error);
    }
  };
  onError(request, fail);
}

function onError(request, fail) {
  request.onerror = (event) => {
    event.preventDefault();
    event.stopPropagation();
    fail(request.error);
  };
}

// Several requests of one transaction; `done` gets all results. They are answered in the order in which they were made:
// only the last one is listened to, which costs the browser less than a listener for each.
function all(requests, done, fail) {
  if (requests.length === 0) return done([]);
  if (requests.length === 1) return on(requests[0], (result) => done([result]), fail);
  const failed = () => requests.find((request) => request.error !== null);
  on(requests[requests.length - 1], () => {
    if (failed() === undefined) done(requests.map((request) => request.result));
    else fail(failed().error);
  }, (error) => fail(failed()?.error ?? error));
}

// Whoever asks decides what a request's error does to its transaction, and need not listen to each request for that.
function forgiving(transaction) {
  transaction.onerror = forgive;
}

const forgive = (event) => event.preventDefault();

// Transactions take effect in the order in which they are made: one that reads sees those with a number up to its own.
let commits = 0;

function transactionOver({ db, name, engine }, stores, mode, durability) {
  if (db === null) throw new DOMException('The connection is closed.', 'InvalidStateError');
  const transaction = db.transaction(stores, mode, durability === 0 ? undefined : { durability: DURABILITIES[durability] });
  forgiving(transaction);
  if (mode === 'readwrite') {
    engine.lock.hold(transaction);
    transaction.number = ++commits;
    transaction.changes = [];
    transaction.begun = Date.now();
    if (engine.page.hidden) engine.tabsOf(name).tellLate([stores].flat());
  } else {
    transaction.number = commits;
  }
  return transaction;
}

// Commits or aborts; where the transaction has ended by itself, its events tell how.
function end(transaction, how) {
  try {
    transaction[how]?.();
  } catch {
    // It has ended.
  }
}

// The events of a transaction that one operation has for itself: what fails undoes all. Returns the way to give up.
function watch(transaction, requests, done, failed) {
  let failure = null;
  const giveUp = (error, row) => {
    failure ??= [error, row];
    end(transaction, 'abort');
  };
  transaction.onerror = (event) => {
    event.preventDefault();
    // Those that the abort cuts off follow: only the first is looked for.
    if (failure === null) giveUp(event.target.error, requests.indexOf(event.target));
  };
  const lost = () => {
    // Requests that an abort cuts off, or that come too late for it, say only that: its own reason is the transaction's.
    const name = failureName(failure?.[0]), follows = name === 'AbortError' || name === 'TransactionInactiveError';
    const cause = failure !== null && !follows ? failure
      : [transaction.error ?? new DOMException('', 'AbortError'), -1];
    failed(cause[0], cause[1]);
  };
  transaction.oncomplete = () => (failure === null ? done(requests) : lost());
  transaction.onabort = lost;
  return giveUp;
}

// Aborts a transaction for a reason that the browser does not know.
function abandon(transaction, error) {
  transaction.abandoned = true;
  transaction.failure ??= error;
  end(transaction, 'abort');
}

// Takes back what was written, the last first: at each step the store is as it was before. What cannot be taken back
// takes the transaction with it.
function takeBack(transaction, written, done, failed) {
  const giveUp = (error) => {
    abandon(transaction, error);
    failed(error);
  };
  const stored = written.filter(({ request }) => request.error === null).reverse();
  if (stored.some(({ undo }) => undo === undefined)) return giveUp(new DOMException('its rows cannot be taken back', 'AbortError'));
  try {
    all(stored.flatMap(({ undo }) => undo()), done, giveUp);
  } catch (error) {
    giveUp(error);
  }
}

// Puts a row back.
const restore = (store, row, key) => (store.keyPath === null ? store.put(row, key) : store.put(row));

const failureName = (error) => (error && error.name) || 'UnknownError';
const failureMessage = (error) => String(error?.message ?? error);

// --- scans ----------------------------------------------------------------------------------------------------------

// As many rows are read before a scan is split; then into pieces of about so many, but not more than that.
const FIRST_ROWS = 256, PIECE_ROWS = 512, MOST_PIECES = 256, MOST_RANGES = 512;

// What a number or a date is on a line.
const place = (key) => (typeof key === 'number' || key instanceof Date ? Number(key) : NaN);

// What is left of a range in pieces of the same width, as far as its keys are numbers or dates: `first` is where its rows began, and
// `from`, so many rows later, where it goes on; `to` is its last key. Of more rows than are wanted, as far as those are likely to go:
// then `rest` is what is behind them.
function pieces(range, rows, [first, from, to], wanted) {
  const start = place(from), length = place(to) - start, dates = from instanceof Date;
  if (dates !== to instanceof Date) return { queries: [range], rest: null };
  const step = (start - place(first)) / rows, expected = length / step;
  const partly = expected > wanted, width = partly ? wanted * step : length;
  const count = Math.min(MOST_PIECES, Math.ceil(Math.min(expected, wanted) / PIECE_ROWS));
  const bounds = [from];
  for (let i = 1; i < count || (partly && i === count); i++) {
    const bound = start + width / count * i;
    bounds.push(dates ? new Date(bound) : bound);
    // So near to one another that there is nothing between them, or infinitely far.
    if (!(bounds[i] > bounds[i - 1] && bound < Infinity)) return { queries: [range], rest: null };
  }
  const { lowerOpen, upper, upperOpen } = range;
  const queries = bounds.map((bound, i) => {
    const open = i === 0 && lowerOpen;
    if (i + 1 < bounds.length) return IDBKeyRange.bound(bound, bounds[i + 1], open, true);
    return upper === undefined ? IDBKeyRange.lowerBound(bound, open) : IDBKeyRange.bound(bound, upper, open, upperOpen);
  });
  return { queries, rest: partly ? queries.pop() : null };
}

// Of two columns the first one, with what is in the other.
function joined(column, more) {
  if (column.length === 0) return more;
  for (const value of more) column.push(value);
  return column;
}

// What a scan has found: the columns that were asked for.
class Found {
  constructor() {
    this.rows = [];
    this.primaryKeys = [];
    this.keys = [];
  }

  get length() {
    return Math.max(this.rows.length, this.primaryKeys.length, this.keys.length);
  }

  // All but the first ones go.
  cut(most) {
    for (const column of [this.rows, this.primaryKeys, this.keys]) if (column.length > most) column.length = most;
  }

  append({ rows, primaryKeys, keys }) {
    this.rows = joined(this.rows, rows);
    this.primaryKeys = joined(this.primaryKeys, primaryKeys);
    this.keys = joined(this.keys, keys);
  }
}

class Scan {
  constructor(task, flags, limit, done) {
    this.task = task;
    this.source = task.source;
    this.isStore = task.indexName === null;
    this.flags = flags;
    this.reverse = (flags & REVERSE) !== 0;
    this.unique = (flags & UNIQUE) !== 0;
    this.direction = (this.reverse ? 'prev' : 'next') + (this.unique ? 'unique' : '');
    this.wantRows = (flags & ROWS) !== 0;
    this.left = limit;
    // Of a limited scan: so many ranges are read at once.
    this.width = Math.min(8, Math.max(1, Math.floor(64 / limit)));
    this.found = new Found();
    // Of a large one: its rows, as they are written for Rust.
    this.stream = null;
    this.done = done;
    this.fail = task.fail;
  }

  // Takes over what was found next, as far as it is wanted. The rows of a large scan are written for Rust as they come: the browser reads
  // others meanwhile.
  take(part) {
    part.cut(this.left);
    this.left -= part.length;
    if (this.stream !== null) this.write(part);
    this.found.append(part);
  }

  // From now on, and those that were found so far.
  streamRows() {
    if (this.stream !== null) return;
    this.stream = this.task.engine.stream();
    this.write(this.found);
  }

  write(found) {
    // Who waits for them no more need not have them.
    if (this.task.isAwaited) {
      for (const row of found.rows) this.stream.row(row);
      if ((this.flags & EARLY) !== 0) this.task.engine.handOver(this.task.slot, this.stream);
    }
    if ((this.flags & PARK) === 0) found.rows = [];
  }

  run(ranges, offset, after) {
    this.ranges = this.reverse ? ranges.reverse() : ranges;
    if (this.left === 0) return this.next();
    if (after !== null) return this.resume(after[0], after[1], false);
    if (offset > 0) return this.skip(offset);
    this.next();
  }

  // The next ranges: all at once where nothing limits how much is wanted, else as many as are likely to be needed.
  next() {
    const { ranges, left } = this;
    if (ranges.length === 0 || left === 0 || !this.task.isAwaited) return this.done(this.found, this.stream);
    const wave = ranges.splice(0, left === Infinity ? MOST_RANGES : Math.max(this.width, this.points));
    // The rows of one key cannot be told apart by it.
    if (wave.length === 1 && this.splits && !isOne(wave[0])) return this.large(range(wave[0]));
    this.together(wave.map(range), () => {
      // They have brought little: where many are empty, that takes fewer steps.
      if (left - this.left < left / 2) this.width = Math.min(64, this.width * 2);
    });
  }

  // How many of the next ranges bring a row at most, as far as that many are wanted.
  get points() {
    const { ranges, source } = this, most = Math.min(MOST_RANGES, this.left);
    if (ranges.length === 1 || (!this.isStore && !source.unique)) return 0;
    const end = ranges.findIndex((bounds, i) => i === most || !isOne(bounds));
    return end < 0 ? ranges.length : end;
  }

  together(queries, taken) {
    const { left } = this;
    this.inOrder(queries.map((query) => (done, fail) => this.fetch(query, left, done, fail)), taken);
  }

  // Several reads at once, whose results are taken over in this order.
  inOrder(reads, done) {
    const parts = new Array(reads.length);
    let taken = 0, failed = false;
    reads.forEach((read, i) => read((part) => {
      parts[i] = part;
      if (failed) return;
      for (; parts[taken] !== undefined; taken++) {
        this.take(parts[taken]);
        parts[taken] = null;
      }
      if (taken < parts.length) return;
      done?.();
      this.next();
    }, (error) => {
      if (!failed) {
        failed = true;
        this.fail(error);
      }
    }));
  }

  // Whether a range may be read in pieces: nothing is written in between, and each record tells its key.
  get splits() {
    const { source, isStore, flags } = this;
    const { mode } = (isStore ? source : source.objectStore).transaction;
    return this.left > FIRST_ROWS && this.wantRows && !this.reverse && !this.unique && mode === 'readonly' && !source.multiEntry
      && (source.keyPath !== null || (flags & (PRIMARY_KEYS | KEYS)) !== 0);
  }

  // A range of unknown size. The first records tell whether it is large; then the rest is read in several pieces at once, so
  // that the browser reads one piece while this thread unpacks another. Between which keys they are, the last one tells: where the range
  // before was large, it is asked for together with the first records.
  large(query) {
    const { task: { connection: { large }, storeName, indexName } } = this;
    const name = `${storeName}\t${indexName ?? ''}`;
    let last = null;
    this.fetch(query, FIRST_ROWS, (first) => {
      const { length } = first;
      if (length < FIRST_ROWS) {
        large.delete(name);
        this.take(first);
        return this.next();
      }
      this.streamRows();
      const from = this.keyOf(first, length - 1);
      if (!isKey(from)) return this.together([query]);
      // Of an index, the last key may have more records: it is read again with the rest.
      let keep = length;
      while (!this.isStore && keep > 0 && indexedDB.cmp(this.keyOf(first, keep - 1), from) === 0) keep--;
      const begin = this.keyOf(first, 0);
      first.cut(keep);
      this.take(first);
      const upper = query === null ? undefined : query.upper;
      const rest = upper === undefined ? IDBKeyRange.lowerBound(from, this.isStore)
        : this.isStore && indexedDB.cmp(from, upper) === 0 ? null
        : IDBKeyRange.bound(from, upper, this.isStore, query.upperOpen);
      if (rest === null) return this.next();
      // There is no half way between two texts.
      if (Number.isNaN(place(from))) return this.together([rest]);
      large.add(name);
      last ??= this.last(query);
      last(({ key: to }) => {
        if (this.isStore && indexedDB.cmp(from, to) === 0) return this.next();
        const { queries, rest: later } = pieces(rest, keep, [begin, from, to], this.left);
        if (later !== null) this.ranges.unshift(boundsOf(later));
        this.together(queries);
      });
    }, this.fail);
    if (large.has(name)) last = this.last(query);
  }

  // Asks for the last record of a range that holds some. Returns what calls back with a cursor at it, whether that is there by then or not.
  last(query) {
    let answer = null, waiting = null;
    const answered = (given) => {
      answer = given;
      if (waiting !== null) answer(waiting);
    };
    on(this.source.openKeyCursor(query, 'prev'), (cursor) => answered((then) => then(cursor)), (error) => answered(() => this.fail(error)));
    return (then) => {
      waiting = then;
      if (answer !== null) answer(then);
    };
  }

  // The key of a record of the index that is scanned.
  keyOf(found, at) {
    if (found.keys.length > 0) return found.keys[at];
    if (this.isStore && found.primaryKeys.length > 0) return found.primaryKeys[at];
    return valuesAt(found.rows[at], this.source.keyPath);
  }

  // One range, in one request where the browser has a fitting one.
  fetch(query, limit, done, fail) {
    const { source, isStore, flags, reverse, unique } = this;
    const wantKeys = (flags & KEYS) !== 0, wantPrimaryKeys = (flags & PRIMARY_KEYS) !== 0 || (isStore && wantKeys);
    const count = limit === Infinity ? undefined : limit;
    const found = new Found();
    const finish = () => {
      if (isStore && wantKeys) {
        // Two columns, to be lengthened each.
        found.keys = found.primaryKeys;
        found.primaryKeys = (flags & PRIMARY_KEYS) !== 0 ? found.keys.slice() : [];
      }
      done(found);
    };
    const indexKeys = wantKeys && !isStore;
    if (unique || (indexKeys && !this.wantRows)) {
      return this.walk(query, limit, null, done, fail);
    }
    // Rows that tell their keys save asking for those, which costs a browser as much as the rows.
    const { keyPath } = isStore ? source : source.objectStore;
    const told = this.wantRows && keyPath !== null && !source.multiEntry;
    if (modern && this.wantRows && !told) {
      return on(source.getAllRecords({ query, count, direction: this.direction }), (records) => {
        found.rows = records.map((record) => record.value);
        if (wantPrimaryKeys) found.primaryKeys = records.map((record) => record.primaryKey);
        if (indexKeys) found.keys = records.map((record) => record.key);
        finish();
      }, fail);
    }
    // Without the options a limited reverse read takes a cursor, and so do rows that do not tell the keys of their index.
    if (!modern && ((reverse && count !== undefined) || (indexKeys && !told))) return this.walk(query, limit, null, done, fail);
    const get = (method) => (modern ? source[method]({ query, count, direction: this.direction }) : source[method](query, count));
    const requests = [];
    if (this.wantRows) requests.push(get('getAll'));
    if (wantPrimaryKeys && !told) requests.push(get('getAllKeys'));
    all(requests, (results) => {
      if (reverse && !modern) for (const result of results) result.reverse();
      if (this.wantRows) found.rows = results[0];
      if (wantPrimaryKeys) found.primaryKeys = told ? found.rows.map((row) => valuesAt(row, keyPath)) : results[results.length - 1];
      if (indexKeys) found.keys = found.rows.map((row) => valuesAt(row, source.keyPath));
      finish();
    }, fail);
  }

  // One range by cursor, at most `limit` records. From a position on, if one is given: then only as long as the key stays the
  // same.
  walk(query, limit, from, done, fail) {
    const { source, flags, wantRows } = this;
    const found = new Found();
    let moved = from === null, count = 0;
    // A cursor over unique keys cannot be moved to a primary key: it is left at the first record instead.
    const direction = from === null ? this.direction : this.reverse ? 'prev' : 'next';
    on(wantRows ? source.openCursor(query, direction) : source.openKeyCursor(query, direction), (cursor) => {
      if (cursor === null) return done(found);
      if (!moved) {
        moved = true;
        // The first record may stand before the position, at it, or behind it: only the first can be moved on from.
        const order = indexedDB.cmp(cursor.key, from.key) || indexedDB.cmp(cursor.primaryKey, from.primaryKey);
        if (order !== 0 && (order < 0) !== this.reverse) return cursor.continuePrimaryKey(from.key, from.primaryKey);
      }
      if (from !== null) {
        if (indexedDB.cmp(cursor.key, from.key) !== 0) return done(found);
        if (!from.inclusive && indexedDB.cmp(cursor.primaryKey, from.primaryKey) === 0) return cursor.continue();
      }
      if (wantRows) found.rows.push(cursor.value);
      if (flags & PRIMARY_KEYS) found.primaryKeys.push(cursor.primaryKey);
      if (flags & KEYS) found.keys.push(cursor.key);
      if (++count === limit || (from !== null && this.unique)) return done(found);
      cursor.continue();
    }, fail);
  }

  // Goes on from a record. Only its own key can have records on both sides of it, if any has: those are walked, what comes after is
  // an ordinary range.
  resume(key, primaryKey, inclusive) {
    const { reverse } = this, alone = this.isStore || this.source.unique;
    const beyond = (bounds) => {
      const [lower, lowerKind, upper, upperKind] = bounds, kind = alone && inclusive ? 1 : 2;
      return reverse ? [lower, lowerKind, key, kind] : [key, kind, upper, upperKind];
    };
    // Ranges wholly before the position are done with; the one it is in begins at it.
    const rest = [];
    let inside = false;
    for (const bounds of this.ranges) {
      const [lower, lowerKind, upper, upperKind] = bounds;
      const belowUpper = upperKind === 0 || indexedDB.cmp(key, upper) < (upperKind === 1 ? 1 : 0);
      const aboveLower = lowerKind === 0 || indexedDB.cmp(key, lower) > (lowerKind === 1 ? -1 : 0);
      if (belowUpper && aboveLower) {
        inside = true;
        const open = beyond(bounds);
        const [l, lk, u, uk] = open;
        const order = lk === 0 || uk === 0 ? -1 : indexedDB.cmp(l, u);
        if (order < 0 || (order === 0 && lk === 1 && uk === 1)) rest.push(open);
      } else if (reverse ? aboveLower === false : belowUpper === false) {
        // Behind the position in the direction of travel is what still lies ahead only on the other side.
        continue;
      } else {
        rest.push(bounds);
      }
    }
    this.ranges = rest;
    if (alone || !inside) return this.next();
    const walk = (done, fail) => this.walk(IDBKeyRange.only(key), this.left, { key, primaryKey, inclusive }, done, fail);
    // Most often the record is the only one of its key: two keys are told in one step, which takes a cursor several.
    const ties = inclusive || this.unique ? walk : (done, fail) => on(this.source.getAllKeys(IDBKeyRange.only(key), 2), (keys) => {
      const none = keys.length === 0 || (reverse ? indexedDB.cmp(keys[0], primaryKey) >= 0
        : keys.length === 1 && indexedDB.cmp(keys[0], primaryKey) <= 0);
      return none ? done(new Found()) : walk(done, fail);
    }, fail);
    // Few are wanted: what follows is not waited for, though of many records with that key too much may be read.
    if (this.ranges.length !== 1 || this.left > FIRST_ROWS) return this.inOrder([ties]);
    const { left } = this, query = range(this.ranges.pop());
    this.inOrder([ties, (done, fail) => this.fetch(query, left, done, fail)]);
  }

  // Counts its way to the range that the offset ends in, so many at once; then moves a key cursor there.
  skip(offset, width = 1) {
    const bounds = this.ranges[0];
    if (bounds === undefined) return this.next();
    const enter = () => {
      let advanced = false;
      on(this.source.openKeyCursor(range(this.ranges[0]), this.direction), (cursor) => {
        if (cursor === null) {
          this.ranges.shift();
          return this.next();
        }
        if (!advanced) {
          advanced = true;
          return cursor.advance(offset);
        }
        this.resume(cursor.key, cursor.primaryKey, true);
      }, this.fail);
    };
    if (this.ranges.length === 1 || this.unique) return enter();
    const some = this.ranges.slice(0, Math.min(width, this.ranges.length - 1));
    all(some.map((bounds) => this.source.count(range(bounds))), (counts) => {
      for (const count of counts) {
        if (count > offset) return enter();
        this.ranges.shift();
        offset -= count;
        if (offset === 0) return this.next();
      }
      this.skip(offset, Math.min(MOST_RANGES, width * 2));
    }, this.fail);
  }
}

// --- changed rows ---------------------------------------------------------------------------------------------------

const isObject = (value) => typeof value === 'object' && value !== null;
const plain = (value) => isObject(value)
  && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

function same(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Date) return b instanceof Date && Number(a) === Number(b);
  if (ArrayBuffer.isView(a)) {
    return ArrayBuffer.isView(b) && a.length === b.length && a.every((byte, i) => byte === b[i]);
  }
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((part, i) => same(part, b[i]));
  if (Array.isArray(b) || !plain(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]));
}

// Whether Rust may have read the one and written the other: but for what it does not know of, or cannot hold, they are the same. A set
// comes in another order than it is stored in.
function agree(stored, before) {
  if (same(stored, before)) return true;
  if (typeof stored === 'string') return typeof before === 'string' && wellFormed(stored) === before;
  // As an `f32`, or as a `BigInt` and not.
  if (typeof stored === 'number' && typeof before === 'number') return Math.fround(stored) === before;
  if (!isObject(stored) || !isObject(before)) return !isObject(stored) && !isObject(before) && stored == before;
  if (Array.isArray(stored)) return Array.isArray(before) && stored.length === before.length && stored.every((part, i) => agree(part, before[i]));
  if (!plain(stored) || !plain(before)) return false;
  const names = Object.keys(before), known = names.filter((name) => Object.hasOwn(stored, name));
  // What is of another type was converted.
  return (known.length > 0 || names.length === 0)
    && known.every((name) => typeof stored[name] !== typeof before[name] || agree(stored[name], before[name]));
}

// The stored row with what changed between `before` and `after`, both as Rust writes them: what Rust does not know of,
// or cannot hold (a lone surrogate), stays as it is.
function merge(stored, before, after) {
  if (Array.isArray(stored) && Array.isArray(before) && Array.isArray(after) && stored.length === before.length) {
    return same(before, after) ? stored : mergeArray(stored, before, after);
  }
  if (!plain(stored) || !plain(before) || !plain(after)) return same(before, after) ? stored : after;
  const merged = {};
  for (const name of Object.keys(stored)) {
    if (!Object.hasOwn(before, name)) {
      // Unknown to the type, or null where it would leave the property out.
      set(merged, name, Object.hasOwn(after, name) ? after[name] : stored[name]);
    } else if (Object.hasOwn(after, name)) {
      set(merged, name, merge(stored[name], before[name], after[name]));
    }
  }
  for (const name of Object.keys(after)) if (!Object.hasOwn(merged, name)) set(merged, name, after[name]);
  return merged;
}

// Elements that have stayed the same are told by their value, wherever they are now; of as many elements as before, those
// that are left over by their place. One that stands at another place than Rust has read it from is what Rust knows of it.
function mergeArray(stored, before, after) {
  const merged = new Array(after.length), length = Math.min(before.length, after.length);
  const is = (at, value) => (agree(stored[at], before[at]) ? stored[at] : value);
  let start = 0, end = 0;
  for (; start < length && same(before[start], after[start]); start++) merged[start] = is(start, after[start]);
  while (end < length - start && same(before[before.length - 1 - end], after[after.length - 1 - end])) {
    end++;
    merged[after.length - end] = is(stored.length - end, after[after.length - end]);
  }
  // Numbers and the like are no more than what Rust knows of them.
  // Of equal ones the first counts.
  const left = new Set(), changed = [], places = new Map();
  for (let i = start; i < before.length - end; i++) left.add(i);
  for (let i = before.length - end - 1; i >= start; i--) {
    const name = digest(before[i]);
    if (name !== undefined) places.set(name, { at: i, next: places.get(name) });
  }
  const find = (value) => {
    const name = digest(value);
    for (let found = places.get(name), last = null; found !== undefined; last = found, found = found.next) {
      if (!same(before[found.at], value)) continue;
      if (last === null) places.set(name, found.next);
      else last.next = found.next;
      return found.at;
    }
    return undefined;
  };
  for (let i = start; i < after.length - end; i++) {
    const at = find(after[i]);
    if (at === undefined) changed.push(i);
    else merged[i] = is(at, after[i]);
    left.delete(at);
  }
  for (const i of changed) {
    const isHere = before.length === after.length && left.has(i) && agree(stored[i], before[i]);
    merged[i] = isHere ? merge(stored[i], before[i], after[i]) : after[i];
  }
  return merged;
}

// The same for values that are the same; none for numbers and the like.
function digest(value) {
  if (typeof value === 'string') return `'${value}`;
  if (!isObject(value)) return undefined;
  return plain(value) ? Object.keys(value).sort().map((name) => `${name} ${typeof value[name] === 'object' ? '' : String(value[name])}`).join() : '';
}

// --- what has changed -----------------------------------------------------------------------------------------------

// Begins to note what an operation changes in its transaction, in its place among the others. `rows` come when it has succeeded: each
// as its key, what was there and what is there now; null where it is not known which.
function noting(transaction, store) {
  const note = { store, rows: [] };
  // An upgrade tells by itself that everything may be different.
  transaction.changes?.push(note);
  return note;
}

// What has come of requests that an operation has issued.
function changed(issued) {
  const rows = [];
  for (const { change } of issued) {
    const some = change?.() ?? null;
    if (some === null) return null;
    for (const row of some) rows.push(row);
  }
  return rows;
}

// What the keys of a store's rows are made of, as long as the browser can be asked.
function learnPaths({ pathsOf }, store) {
  if (pathsOf.has(store.name)) return;
  const keyPaths = [store.keyPath, ...Array.from(store.indexNames, (name) => store.index(name).keyPath)];
  pathsOf.set(store.name, [...new Set(keyPaths.flat())].filter((path) => path !== null));
}

// Reads what is about to be deleted, to tell of it.
function telling(store, query) {
  const rows = store.getAll(query, MOST_REPORTED + 1), keys = store.getAllKeys(query, MOST_REPORTED + 1);
  return () => (keys.result.length > MOST_REPORTED ? null : keys.result.map((key, at) => [key, rows.result[at], undefined]));
}

// A row as it is stored: with the key that the browser has given it.
function withKey(store, row, key) {
  if (typeof store.keyPath === 'string') fill(row, store.keyPath, key);
  return row;
}

// What a transaction has changed altogether, by store: of each row what was there before it and what is there now.
function altogether(changes) {
  const stores = new Map();
  for (const { store, rows } of changes) {
    if (rows !== null && rows.length === 0) continue;
    const before = stores.get(store);
    if (rows === null || before === null) stores.set(store, null);
    else if (before === undefined) stores.set(store, [rows]);
    else before.push(rows);
  }
  for (const [store, parts] of stores) if (parts !== null) stores.set(store, together(parts));
  return stores;
}

// What several operations have changed of one store's rows; null if it is too much to tell.
function together(parts) {
  if (parts.length === 1 && parts[0].length === 1) return parts[0];
  const byKey = new Map();
  for (const rows of parts) {
    for (const [key, old, now] of rows) {
      const text = keyText(key), before = byKey.get(text);
      if (before === undefined) byKey.set(text, [key, old, now]);
      else before[2] = now;
    }
    if (byKey.size > MOST_REPORTED) return null;
  }
  return [...byKey.values()];
}

// Of a row only what its keys are made of.
function keysOnly(row, paths) {
  if (row === undefined) return undefined;
  const keys = {};
  for (const path of paths) fill(keys, path, valueAt(row, path));
  return keys;
}

// --- operations ----------------------------------------------------------------------------------------------------

// The operations of a transaction, in the order in which they were asked for. One that may have to take back what it has
// written holds up those behind it: they would see what does not stay, and what they write would be taken back with it.
class Line {
  constructor() {
    this.held = false;
    this.waiting = [];
    // The savepoints that are open, each with its place in the log; and what was written since the first of them.
    this.savepoints = [];
    this.log = [];
    // What the parts of a longer write that are under way have issued, in their order; and how many rows the others have told of.
    this.parts = [];
    this.told = 0;
  }

  // Runs an operation, now if it may: returns whether it has.
  enter(run) {
    if (this.held || this.waiting.length > 0) {
      this.waiting.push(run);
      return false;
    }
    run();
    return true;
  }

  leave() {
    this.held = false;
    while (!this.held && this.waiting.length > 0) this.waiting.shift()();
  }

  // The place in the log of what is about to be written; none where nothing will have to be undone.
  entry() {
    if (this.savepoints.length === 0) return null;
    const entry = { written: [] };
    this.log.push(entry);
    return entry;
  }

  // Ends a savepoint, and those within it: returns where in the log it began. What it has written is part of what it stands in.
  release(id) {
    const at = this.savepoints.findIndex((savepoint) => savepoint.id === id);
    if (at < 0) return this.log.length;
    const { start } = this.savepoints[at];
    this.savepoints.length = at;
    if (at === 0) this.log = this.log.slice(0, start);
    return start;
  }

  // The same, but what it has written leaves the log, to be undone: returns that, in order.
  rollBack(id) {
    const { log } = this, start = this.release(id);
    this.log = log.slice(0, start);
    return log.slice(start).flatMap((entry) => entry.written);
  }
}

// One operation: its input, its transaction, and where its result goes. An operation is either part of a transaction
// that Rust holds, or alone in one of its own; then a write is settled by its commit.
class Task {
  constructor(engine, slot, connection, transaction, storeName, indexName, a, b) {
    this.engine = engine;
    this.slot = slot;
    this.connection = connection;
    this.transaction = transaction;
    this.alone = false;
    // All that it wants of its transaction is asked for.
    this.whole = false;
    this.holds = false;
    this.batch = null;
    this.adds = false;
    // Of a part: what was issued after the request that failed.
    this.part = false;
    this.later = [];
    this.storeName = storeName;
    this.indexName = indexName;
    this.numbers = null;
    this.a = a;
    this.b = b;
    this.reader = null;
    // Whether anybody waits for what it comes to.
    this.isAwaited = true;
    this.result = undefined;
    this.fail = (error) => this.failed(error, -1);
  }

  get store() {
    return this.transaction.objectStore(this.storeName);
  }

  get source() {
    return this.indexName === null ? this.store : this.store.index(this.indexName);
  }

  // The transaction that it is part of, alone or with its batch; none before there is one.
  get joined() {
    return this.batch === null ? this.transaction : this.batch.transaction;
  }

  // Whether what is written may have to be undone by a savepoint.
  get undoable() {
    return !this.alone && this.transaction.line.savepoints.length > 0;
  }

  // Whether somebody wants to hear which rows are written.
  get watched() {
    return this.connection.heard(this.storeName);
  }

  // The same, of so many: not where more are written than a commit tells of.
  tells(count) {
    return count + (this.part ? this.transaction.line.told : 0) <= MOST_REPORTED && this.watched;
  }

  // What is asked of the transaction from here on waits for the end of this.
  hold() {
    this.holds = true;
    this.transaction.line.held = true;
  }

  leave() {
    if (!this.holds) return;
    this.holds = false;
    this.transaction.line.leave();
  }

  // `result`: nothing, a number, or columns of values, the last of which may be written already.
  finish(result, stream = null) {
    this.leave();
    this.engine.settle(this.slot, { result, stream, seen: this.transaction?.number }, this.alone ? null : this.transaction);
  }

  report(failure) {
    this.leave();
    const { alone, transaction } = this;
    // One that goes on cannot wait to hear how much there is: its end tells that.
    if (!alone && transaction && failure.name === 'QuotaExceededError') transaction.full = true;
    this.engine.fail(this.slot, failure, alone, alone ? null : transaction);
  }

  failed(reason, row) {
    const { transaction } = this;
    // The request of a read says only that its transaction was aborted. Nobody here aborts those: the browser says why.
    if (this.alone && transaction?.mode === 'readonly' && failureName(reason) === 'AbortError') {
      transaction.addEventListener('abort', () => this.tell(transaction.error ?? reason, row));
    } else {
      this.tell(reason, row);
    }
  }

  tell(reason, row) {
    const error = this.engine.cause(reason, this.transaction, this.connection);
    const failure = {
      name: failureName(error), message: failureMessage(error), row, index: undefined, key: error?.key,
      usage: undefined, quota: undefined,
    };
    this.report(failure);
  }

  // A write failed at a row: which key or index it was, the browser does not say. `gone` are the primary keys of stored
  // rows that the operation had replaced or removed by then: of a put, those under its own keys. The rows of a part stay there: of them
  // those are meant that came later, whose keys are known as late. What these had replaced was there still.
  clash(error, row, rows, keys, put, gone = null) {
    if (failureName(error) !== 'ConstraintError' || row < 0) return this.failed(error, row);
    const failure = { name: 'ConstraintError', message: error.message, row, index: undefined, key: undefined };
    const report = () => this.report(failure);
    try {
      const transaction = this.alone ? this.connection.db.transaction(this.storeName, 'readonly') : this.transaction;
      if (this.alone) forgiving(transaction);
      const store = transaction.objectStore(this.storeName);
      const keyAt = (at) => (keys !== null ? keys[at] : store.keyPath === null ? undefined : primaryKeyOf(store, rows[at]));
      const asked = this.ask(store, rows[row], keyAt(row), put);
      failure.key = asked.key;
      // Rows of the same batch are not there any more: they are compared with one another, but for those that a later
      // one of them has replaced.
      const replaced = (at) => {
        for (let later = at + 1; put && later <= row; later++) if (equal(keyAt(later), keyAt(at))) return true;
        return false;
      };
      const first = this.part ? row : 0;
      gone ??= put ? rows.slice(first, row + 1).map((_, at) => keyAt(first + at)) : [];
      const keysAt = (at, index) => (index === '' ? [keyAt(at)] : keysOf(rows[at], store.index(index)));
      const among = ({ index, key }) => rows.some((_, at) => at < row && keysAt(at, index).some((other) => equal(other, key)) && !replaced(at));
      const replacedLater = ({ index, key }) => index !== '' && this.later.some(({ request, old }) => old !== undefined
        && request.error === null && keysOf(old, store.index(index)).some((other) => equal(other, key)));
      all(asked.suspects.map(({ request }) => request), () => {
        for (const { request } of this.later) if (request.error === null) gone.push(request.result);
        blame(failure, asked.suspects, (suspect) => among(suspect) || replacedLater(suspect)
          || (suspect.request.result !== undefined && !gone.some((key) => equal(key, suspect.request.result))));
        report();
      }, report);
    } catch {
      report();
    }
  }

  // The keys of a row that another one may have, each with a request for who has it. The schema's order, then what else is
  // installed.
  ask(store, row, key, put) {
    const suspects = [];
    if (!put && key !== undefined) suspects.push({ index: '', key, request: store.getKey(key) });
    const declared = this.connection.stores.find(({ name }) => name === this.storeName)?.indexes ?? [];
    for (const name of new Set([...declared, ...store.indexNames])) {
      const index = store.indexNames.contains(name) ? store.index(name) : null;
      if (!index?.unique) continue;
      for (const entry of keysOf(row, index)) suspects.push({ index: name, key: entry, request: index.getKey(entry) });
    }
    return { key, suspects, own: put ? key : undefined };
  }
}

// Names the first key that is taken. Where none is any more, because what was started next to it has deleted that row, the only one
// that could have been.
function blame(failure, suspects, taken) {
  const suspect = suspects.find(taken) ?? (suspects.length === 1 ? suspects[0] : undefined);
  if (suspect === undefined) return;
  failure.index = suspect.index;
  failure.key = suspect.key;
}

// A task issues no more requests than that, nor for longer (in milliseconds): what else is to happen on this thread gets its turn.
const SLICE_ROWS = 1024, SLICE_TIME = 8;

// Other connections generate keys too, but not so many between two rows of this one.
const FAR = 2 ** 20;
const ALL_GIVEN = 'the key generator has given all numbers of the key\'s type';

// How far the key generator of a store is, where it goes on after the last number of the keys' type.
class Numbers {
  // `last` is the type's greatest number.
  constructor(last) {
    this.last = last;
    // As far as this connection has seen: the last number that was generated, and the greatest one that a row has brought along.
    this.generated = Infinity;
    this.given = 0;
  }

  // Whether the next number may be beyond the last one: then a row is not committed before it has its key.
  get near() {
    return Math.max(this.generated, this.given) > this.last - FAR;
  }

  // Notes the key of a row that is about to be written. Returns whether it has none yet.
  take(key) {
    if (isNumber(key) && key > this.given) this.given = key;
    return key === undefined;
  }

  // Why rows that the browser has taken are refused, and which is the first; null if they are not.
  refusal(issued) {
    // They grow from row to row. A request that has failed has no result.
    const newest = issued.findLast(({ generated, request }) => generated && request.result !== undefined);
    if (newest === undefined) return null;
    this.generated = newest.request.result;
    if (this.generated <= this.last) return null;
    const row = issued.findIndex(({ generated, request }) => generated && request.result > this.last);
    return [{ name: 'DataError', message: ALL_GIVEN, key: issued[row].request.result }, row];
  }
}

// Calls `issue(row)` for so many rows, slice after slice, until it says by null that there is no going on. The next slice comes when the
// first request of the one before it is answered: the browser never runs out of them. `sliced(last, end)` hears of the last request of
// each slice and how many rows that makes, `whole()` that all are issued.
function inSlices(task, count, issue, whole, sliced = () => {}) {
  let row = 0;
  const slice = () => {
    // The clock is not for every row, nor for a few.
    const start = row, until = task.part || count - row <= 8 || task.engine.page.hidden ? Infinity : performance.now() + SLICE_TIME;
    // A part is one already.
    const most = task.part ? count : Math.min(count, start + SLICE_ROWS);
    let first = null, last = null, goesOn = true;
    while (row < most) {
      if ((row & 7) === 0 && row > start && until < Infinity && performance.now() >= until) break;
      const request = issue(row);
      goesOn = request !== null;
      if (!goesOn) break;
      first ??= request;
      last = request;
      row++;
    }
    // In this order: where the two are one, it is answered for both.
    if (goesOn && row < count) {
      task.reader.keep();
      first.addEventListener('success', slice);
    }
    if (last !== null) sliced(last, row);
    if (goesOn && row === count) whole();
  };
  slice();
}

// Issues one write per row, by `issue(row, store)`. Alone, the transaction is committed with the last of them and what
// fails undoes all; inside a transaction that goes on, rows are taken back one by one so that, whoever catches the error,
// nothing of the operation is left. `ask(store)` asks who has the keys of a single row.
function write(task, count, issue, done, failed, ask = null) {
  if (task.batch !== null) return task.batch.join({ task, issue, done, failed, ask, request: null, clashed: false, asked: null });
  const { store, numbers } = task;
  const note = noting(task.transaction, task.storeName);
  learnPaths(task.connection, store);
  if (task.alone) {
    const { transaction } = task;
    const requests = new Array(count), issued = new Array(count);
    const stored = () => {
      // Committed early: what it has got tells how far the generator is.
      if (count === 1) numbers?.refusal(issued);
      note.rows = changed(issued);
      task.engine.stored(task.connection, transaction);
      done(requests);
    };
    const giveUp = watch(transaction, requests, stored, failed);
    inSlices(task, count, (row) => {
      try {
        issued[row] = issue(row, store);
        return requests[row] = issued[row].request;
      } catch (error) {
        giveUp(error, row);
        return null;
      }
    }, () => {
      task.whole = true;
      // Firefox commits the rest when a request fails after `commit`: of several, the last one has to have succeeded. So has one that
      // may get a key beyond the last one.
      if (count < 2 && !(issued[0]?.generated && numbers.near)) return end(transaction, 'commit');
      requests[count - 1].addEventListener('success', () => {
        const refusal = numbers?.refusal(issued) ?? null;
        if (refusal === null) end(transaction, 'commit');
        else giveUp(...refusal);
      });
    });
    return;
  }
  const { line } = task.transaction, { part } = task;
  // A single row has nothing to take back, and a part is not what takes back.
  if (count > 1 && !part) task.hold();
  const entry = line.entry();
  const issued = [];
  if (part) {
    if (entry !== null) entry.written = issued;
    line.parts.push(issued);
  }
  let failure = null;
  const answered = () => {
    if (part) line.parts.shift();
    failure ??= numbers?.refusal(issued) ?? null;
    if (failure !== null && part) {
      task.later = issued.slice(failure[1] + 1).concat(...line.parts);
      return failed(...failure);
    }
    if (failure !== null) {
      const report = () => failed(...failure);
      return takeBack(task.transaction, issued, report, report);
    }
    if (entry !== null) entry.written = issued;
    note.rows = changed(issued);
    if (part) line.told += note.rows?.length ?? MOST_REPORTED + 1;
    done(issued.map(({ request }) => request));
  };
  // How many are asked for in the slices so far, and whether that is all.
  let asked = 0, whole = false;
  // They are answered in the order in which they were made: the last one of a slice tells that all are, if none was issued since.
  const over = (answers) => {
    if (issued.length !== answers || (!whole && failure === null)) return;
    try {
      answered();
    } catch (error) {
      failure ??= [error, answers - 1];
      answered();
    }
  };
  inSlices(task, count, (row) => {
    if (failure !== null) return null;
    try {
      issued.push(issue(row, store));
      const { request } = issued[row];
      onError(request, (error) => {
        failure ??= [error, row];
        if (row === asked - 1) over(asked);
      });
      return request;
    } catch (error) {
      failure = [error, row];
      return null;
    }
  }, () => { whole = true; }, (last, rows) => {
    asked = rows;
    last.addEventListener('success', () => over(rows));
  });
  if (issued.length === 0) answered();
  // What comes next is not to see a row that is refused.
  else if (count === 1 && !part && failure === null && issued[0].generated && numbers.near) task.hold();
}

function writeRows(task, put) {
  const { reader, a: count, b: flags, numbers } = task;
  task.part = (flags & PART) !== 0;
  // Read one by one, each just before it is written; but where keys follow, or where that is later, all of them.
  const rows = (flags & WITH_KEYS) !== 0 || task.batch !== null ? reader.many(count) : [];
  const keys = (flags & WITH_KEYS) !== 0 ? reader.many(count) : null;
  const careful = task.undoable || (!task.alone && count > 1 && !task.part);
  const keyAt = (at, store) => (keys !== null ? keys[at] : store.keyPath === null ? undefined : primaryKeyOf(store, rows[at]));
  // Asked for once: the browser takes its time to tell.
  let keyPath;
  write(task, count, (row, store) => {
    if (row === rows.length) rows.push(reader.row());
    const value = rows[row], key = keys === null ? undefined : keys[row];
    const watched = task.tells(count);
    if (numbers !== null && keyPath === undefined) keyPath = store.keyPath;
    const generated = numbers !== null && numbers.take(keyPath === null ? key : valueAt(value, keyPath));
    if (!put) {
      const request = keys === null ? store.add(value) : store.add(value, key);
      return {
        request,
        generated,
        undo: careful || generated ? () => [store.delete(request.result)] : undefined,
        change: watched ? () => [[request.result, undefined, withKey(store, value, request.result)]] : undefined,
      };
    }
    const known = careful || watched ? keyAt(row, store) : undefined;
    const old = known !== undefined ? store.get(known) : null;
    const request = keys === null ? store.put(value) : store.put(value, key);
    return {
      request,
      generated,
      change: watched ? () => [[request.result, old?.result, withKey(store, value, request.result)]] : undefined,
      undo: careful || generated ? () => [
        old === null || old.result === undefined ? store.delete(request.result) : restore(store, old.result, key),
      ] : undefined,
    };
  }, (requests) => {
    task.finish((flags & PRIMARY_KEYS) !== 0 ? [requests.map((request) => request.result)] : undefined);
  }, (error, row) => task.clash(error, row, rows, keys, put), (store) => task.ask(store, rows[0], keyAt(0, store), put));
}

// Writes back rows that an earlier GET has parked, with what changed in them.
function mergeRows(task) {
  const { a: count, b: parking, part, reader, store, engine } = task;
  const parked = engine.parked.get(parking);
  // Those of a part are there for the other ones, until somebody stops waiting for all of it.
  if (parked === undefined) return task.fail(new DOMException('', 'AbortError'));
  if (!part) engine.parked.delete(parking);
  const rows = [], olds = [], keys = [], moves = [];
  const read = () => {
    const old = parked[reader.row()];
    keys.push(reader.row());
    moves.push(reader.row());
    olds.push(old);
    rows.push(merge(old, reader.row(), reader.row()));
  };
  // Of a part none leaves its place: each is read just before it is written.
  if (!part) for (let i = 0; i < count; i++) read();
  const outbound = store.keyPath === null;
  const before = (row) => restore(store, olds[row], keys[row]);
  // A row whose key has changed moves, but not onto another one. All that move leave first, or they would clash with
  // themselves in unique indexes, and with one another.
  const leaving = [...keys.keys()].filter((row) => moves[row] === MOVES);
  write(task, leaving.length + count, (step) => {
    const row = step - leaving.length;
    const watched = task.tells(count);
    const telling = (key, old, now) => (watched ? () => [[key(), old, now]] : undefined);
    if (row < 0) {
      const key = keys[leaving[step]];
      return { request: store.delete(key), undo: () => [before(leaving[step])], change: telling(() => key, olds[leaving[step]], undefined) };
    }
    if (row === rows.length) read();
    const old = olds[row], change = telling(() => keys[row], old, rows[row]);
    if (outbound) return { request: store.put(rows[row], keys[row]), undo: () => [before(row)], change, old };
    if (moves[row] === STAYS) return { request: store.put(rows[row]), undo: () => [before(row)], change, old };
    task.numbers?.take(primaryKeyOf(store, rows[row]));
    const request = store.add(rows[row]);
    return { request, undo: () => [store.delete(request.result)], change: telling(() => request.result, undefined, rows[row]) };
  }, () => task.finish(undefined), (error, step) => {
    const row = step - leaving.length, gone = part ? [keys[row]] : keys.filter((_, at) => at <= row || moves[at] !== STAYS);
    task.clash(error, row, rows, outbound ? keys : null, row >= 0 && moves[row] === STAYS, gone);
  });
}

const operations = {
  [GET](task) {
    const { a: count, b: flags, reader, source } = task;
    const keys = reader.many(count);
    // Issued together, the last one to answer is the last one issued.
    all(keys.map((key) => source.get(key)), (rows) => {
      if ((flags & PARK) !== 0) task.engine.parked.set(task.slot, rows);
      task.finish([rows]);
    }, task.fail);
  },

  [SCAN](task) {
    const { a: limit, b: flags, reader } = task;
    const offset = reader.row(), after = reader.row(), ranges = reader.row();
    const scan = new Scan(task, flags, limit === 0xffffffff ? Infinity : limit, (found, stream) => {
      const columns = [];
      if ((flags & PRIMARY_KEYS) !== 0) columns.push(found.primaryKeys);
      if ((flags & KEYS) !== 0) columns.push(found.keys);
      if ((flags & ROWS) !== 0 && stream === null) columns.push(found.rows);
      if ((flags & PARK) !== 0) task.engine.parked.set(task.slot, found.rows);
      task.finish(columns, stream);
    });
    scan.run(ranges, offset, after);
  },

  [COUNT](task) {
    const { source } = task;
    all(task.reader.row().map((bounds) => source.count(range(bounds) ?? undefined)), (counts) => {
      task.finish(counts.reduce((sum, count) => sum + count, 0));
    }, task.fail);
  },

  [ADD](task) {
    writeRows(task, false);
  },

  [PUT](task) {
    writeRows(task, true);
  },

  [DELETE](task) {
    const keys = task.reader.many(task.a), { undoable } = task;
    write(task, keys.length, (row, store) => {
      const watched = keys.length <= MOST_REPORTED && task.watched;
      const old = undoable || watched ? store.get(keys[row]) : null;
      return {
        request: store.delete(keys[row]),
        change: watched ? () => (old.result === undefined ? [] : [[keys[row], old.result, undefined]]) : undefined,
        undo: undoable ? () => (old.result === undefined ? [] : [restore(store, old.result, keys[row])]) : undefined,
      };
    }, () => task.finish(undefined), (error, row) => task.failed(error, row));
  },

  [DELETE_RANGES](task) {
    const { store } = task;
    const ranges = task.reader.row().map(range);
    let removed = 0;
    // Counted in the same transaction, ahead of the deletion.
    const counts = ranges.map((query) => store.count(query ?? undefined));
    for (const count of counts) count.onsuccess = () => { removed += count.result; };
    const { undoable } = task;
    write(task, ranges.length, (at) => {
      const undo = undoable ? restoring(store, ranges[at]) : undefined, change = task.watched ? telling(store, ranges[at]) : undefined;
      return { request: ranges[at] === null ? store.clear() : store.delete(ranges[at]), undo, change };
    }, () => task.finish(removed), (error, row) => task.failed(error, row));
  },

  [MERGE](task) {
    mergeRows(task);
  },

  [MERGE_PART](task) {
    task.part = true;
    mergeRows(task);
  },

  [CLEAR](task) {
    const { undoable } = task;
    write(task, 1, (_, store) => {
      const undo = undoable ? restoring(store, null) : undefined, change = task.watched ? telling(store, null) : undefined;
      return { request: store.clear(), undo, change };
    }, () => task.finish(undefined), (error) => task.failed(error, -1));
  },

  // What a store takes over from another one, in an upgrade: rows, if they are wanted, and how far its key generator is.
  [ADOPT](task) {
    const { reader, a: withRows, transaction, store } = task;
    const from = transaction.objectStore(reader.row());
    let count = 0;
    const next = (after) => {
      const query = after === undefined ? null : IDBKeyRange.lowerBound(after, true);
      all([from.getAll(query, ADOPTED_ROWS), from.getAllKeys(query, ADOPTED_ROWS)], ([rows, keys]) => {
        if (rows.length === 0) return passGenerator(from, store, () => task.finish(count), task.fail);
        const outside = store.keyPath === null ? rows.map((_, at) => keptKey(store, keys[at])) : null;
        write(task, rows.length, (at) => {
          if (outside === null) fillKey(from, store, rows[at], keys[at]);
          const key = outside?.[at];
          const request = key === undefined ? store.add(rows[at]) : store.add(rows[at], key);
          return { request, undo: () => [store.delete(request.result)] };
        }, () => {
          count += rows.length;
          next(keys[keys.length - 1]);
        }, (error, at) => {
          if (failureName(error) !== 'DataError' || at < 0) return task.clash(error, at, rows, outside, false);
          task.report({ name: 'DataError', message: failureMessage(error), row: -1, index: undefined, key: keys[at] });
        });
      }, task.fail);
    };
    task.hold();
    if (withRows) next();
    else passGenerator(from, store, () => task.finish(0), task.fail);
  },

  [SAVEPOINT](task) {
    const { line, changes } = task.transaction;
    line.savepoints.push({ id: task.a, start: line.log.length, changes: changes?.length ?? 0 });
    task.finish(undefined);
  },

  [RELEASE](task) {
    task.transaction.line.release(task.a);
    task.finish(undefined);
  },

  [ROLLBACK](task) {
    const { transaction, store, a: id } = task;
    task.hold();
    const savepoint = transaction.line.savepoints.find((savepoint) => savepoint.id === id);
    // A request that is answered when everything that is under way has been.
    on(store.getKey(''), () => {
      if (savepoint !== undefined && transaction.changes !== undefined) transaction.changes.length = savepoint.changes;
      takeBack(transaction, transaction.line.rollBack(id), () => task.finish(undefined), task.fail);
    }, task.fail);
  },
};

// Reads what is about to be deleted; what puts it back.
function restoring(store, query) {
  const rows = store.getAll(query), keys = store.keyPath === null ? store.getAllKeys(query) : null;
  return () => rows.result.map((row, at) => restore(store, row, keys?.result[at]));
}

// --- upgrades -------------------------------------------------------------------------------------------------------

// Rows that a store takes over at a time.
const ADOPTED_ROWS = 256;

// The key that a row of another store keeps where the store's key is outside of the row: its old one, if that can be.
const keptKey = (to, key) => (!to.autoIncrement || typeof key === 'number' ? key : undefined);

// Makes the key that a row has had part of it, where nothing stands there and the key can be kept.
function fillKey(from, to, row, oldKey) {
  const { keyPath } = to;
  const key = from.keyPath === null || to.autoIncrement ? keptKey(to, oldKey) : undefined;
  if (!Array.isArray(keyPath)) fill(row, keyPath, key);
  else if (Array.isArray(key) && key.length === keyPath.length) keyPath.forEach((path, i) => fill(row, path, key[i]));
  const generated = to.autoIncrement ? valueAt(row, keyPath) : undefined;
  if (generated !== undefined && typeof generated !== 'number') throw new DOMException('what stands at the key path is no number', 'DataError');
}

function fill(row, path, value) {
  if (value === undefined || valueAt(row, path) !== undefined) return;
  const names = path.split('.'), last = names.pop();
  let at = row;
  for (const name of names) {
    if (typeof at === 'object' && at !== null && !Object.hasOwn(at, name)) set(at, name, {});
    at = at?.[name];
  }
  // Where there is no place for it, the browser says that there is no key.
  if (typeof at === 'object' && at !== null) set(at, last, value);
}

// Lets a key generator go on from where another one is, which tells that only by giving a key.
function passGenerator(from, to, done, fail) {
  if (!from.autoIncrement || !to.autoIncrement) return done();
  // One that has given its last number fails, and is as far as can be.
  on(from.add({}), (next) => {
    if (next === 1) return done();
    const last = next - 1, row = {};
    if (to.keyPath !== null) fillKey({ keyPath: null }, to, row, last);
    // A key that is there has moved it on already.
    on(to.keyPath === null ? to.add(row, last) : to.add(row), () => on(to.delete(last), done, fail), done);
  }, done);
}

// A line per store, its name, key path and whether it generates keys; then a line for each index: nothing, its name, key path
// and flags. All separated by tabs.
function described(db, transactionOver) {
  const names = [...db.objectStoreNames];
  if (names.length === 0) return '';
  const transaction = transactionOver(names), lines = [];
  for (const name of names) {
    const store = transaction.objectStore(name);
    lines.push([name, path(store.keyPath), store.autoIncrement ? '1' : '0'].join('\t'));
    for (const indexName of store.indexNames) {
      const index = store.index(indexName);
      lines.push(['', indexName, path(index.keyPath), index.unique ? '1' : '0', index.multiEntry ? '1' : '0'].join('\t'));
    }
  }
  return lines.join('\n');
}

// A store that says which version a database has, where the browser's number does not: see numbering.rs.
const MARKER = '$meta', MARKER_KEY = 'version';

function readMarker(connection, transaction, done) {
  connection.marked = -1;
  if (!transaction.objectStoreNames.contains(MARKER)) return done();
  const request = transaction.objectStore(MARKER).get(MARKER_KEY);
  request.onsuccess = () => {
    if (typeof request.result === 'number') connection.marked = request.result;
    // What this throws, aborts.
    done();
  };
  onError(request, done);
}

// --- shared transactions -------------------------------------------------------------------------------------------

// Writes of one row that stand alone and are issued in the same turn share a transaction: a batch. Neither they nor anybody
// else on this thread can tell that from a transaction for each:
// - Whatever else concerns the store closes the batch, so that it sees what was issued before it, and nothing after.
// - How a member ended is told when the whole batch is stored.
// - A row that clashes leaves nothing behind, nor does it use up a generated key: its neighbours stay.
// - Undone for another reason (a full disk, say), each member gets a transaction of its own, in their order.
// - What is written again must not be overtaken: what concerns the store of a batch is held back until the batch has ended,
//   and so is what concerns a store of something held back. So a batch that something else closes early has to be worth it:
//   fewer than MANY get a transaction each, and hold nothing back.

// A task that is spawned by another one runs a turn of the microtask queue later: so many turns are one.
const TURNS = 3;
const MANY = 8;
// How often a batch is written before its members go separate ways.
const ATTEMPTS = 3;

class Batch {
  constructor(connection, storeName, durability) {
    this.connection = connection;
    this.storeName = storeName;
    this.durability = durability;
    this.members = [];
    this.transaction = null;
    this.attempts = 0;
    this.holding = false;
    let turns = TURNS;
    const turn = () => (--turns > 0 ? queueMicrotask(turn) : this.close(false));
    queueMicrotask(turn);
  }

  join(member) {
    this.members.push(member);
  }

  begin() {
    this.transaction = transactionOver(this.connection, this.storeName, 'readwrite', this.durability);
    this.store = this.transaction.objectStore(this.storeName);
    learnPaths(this.connection, this.store);
  }

  // Nobody joins any more: the turn is over, or (`early`) something else concerns the store.
  close(early) {
    const { connection, storeName, members } = this;
    const { open } = connection.order;
    if (open.get(storeName) !== this) return;
    open.delete(storeName);
    if (members.length < (early ? MANY : 2)) {
      for (const member of members) this.alone(member, null);
      return;
    }
    connection.order.hold(connection, [storeName]);
    this.holding = true;
    this.share();
  }

  // Begun and issued in one turn: Safari takes no requests in a later one before the first is answered.
  share() {
    const { members } = this;
    try {
      this.begin();
    } catch (error) {
      this.members = [];
      for (const { task } of members) task.fail(error);
      return this.ended();
    }
    this.members = members.filter((member) => {
      try {
        member.issued = member.issue(0, this.store);
        member.request = member.issued.request;
        return true;
      } catch (error) {
        member.failed(error, 0);
        return false;
      }
    });
    if (this.members.length > 0) return this.listen();
    // Refused by the browser, all of them.
    end(this.transaction, 'abort');
    this.ended();
  }

  alone({ task, issue, done, failed }, reason) {
    task.batch = null;
    try {
      task.transaction = transactionOver(this.connection, this.storeName, 'readwrite', this.durability);
    } catch (error) {
      // The browser has closed the connection.
      if (reason === null) task.fail(error);
      else failed(reason, -1);
      return;
    }
    write(task, 1, issue, done, failed);
  }

  listen() {
    const { transaction, members } = this;
    let again = false;
    // Requests are answered in the order in which they were made: the last one tells that all are.
    const last = members[members.length - 1].request;
    last.onsuccess = last.onerror = () => {
      // With a transaction for each, only those fail whose key is beyond the last one.
      const refused = members[0].task.numbers?.refusal(members.map(({ issued }) => issued)) ?? null;
      if (refused !== null) return end(transaction, 'abort');
      const failing = members.filter(({ request }) => request.error !== null);
      const clashing = failing.filter(({ request, ask }) => ask !== null && failureName(request.error) === 'ConstraintError');
      const allClash = clashing.length === failing.length;
      if (allClash && this.explain(clashing)) return;
      for (const member of clashing) member.clashed = true;
      again = allClash && ++this.attempts < ATTEMPTS;
      end(transaction, 'abort');
    };
    transaction.oncomplete = () => {
      this.ended();
      for (const { request, issued } of members) {
        if (request.error === null) noting(transaction, this.storeName).rows = changed([issued]);
      }
      this.connection.engine.stored(this.connection, transaction);
      // Where each key was stored last.
      const places = new Map();
      members.forEach(({ request }, at) => {
        if (request.error === null && request.result !== undefined) places.set(keyText(request.result), at);
      });
      members.forEach((member, at) => {
        if (member.request.error === null) member.done([member.request]);
        else member.task.engine.fail(member.task.slot, this.clash(member, (key) => places.get(keyText(key)) > at));
      });
    };
    transaction.onabort = () => {
      if (!again || !this.again()) this.separate();
    };
  }

  // Asks who has the keys of the members that clash, and commits. Only rows that are added leave the keys of others where they
  // are: if more than that came after a member, it had to be asked ahead of him, and nothing is done.
  explain(clashing) {
    const { members, store, transaction } = this;
    const stays = ({ task, request }) => task.adds || request.error !== null;
    const after = members.findLastIndex((member) => !stays(member));
    const unclear = clashing.filter(({ asked }) => asked === null);
    if (unclear.length > 0 && members.indexOf(unclear[0]) < after) return false;
    try {
      for (const member of unclear) member.asked = { ...member.ask(store), late: true };
    } catch {
      return false;
    }
    const requests = unclear.flatMap(({ asked }) => asked.suspects.map(({ request }) => request));
    all(requests, () => end(transaction, 'commit'), () => end(transaction, 'abort'));
    return true;
  }

  // Writes all members once more, and asks ahead of those that have clashed.
  again() {
    try {
      this.begin();
      for (const member of this.members) {
        member.asked = member.clashed ? member.ask(this.store) : null;
        member.issued = member.issue(0, this.store);
        member.request = member.issued.request;
      }
    } catch {
      // The browser has closed the connection.
      end(this.transaction, 'abort');
      return false;
    }
    this.listen();
    return true;
  }

  separate() {
    const reason = this.transaction.error ?? new DOMException('', 'AbortError');
    for (const member of this.members) this.alone(member, reason);
    this.ended();
  }

  ended() {
    this.holding = false;
    this.connection.order.release(this.connection, [this.storeName]);
  }

  // Its members are told by somebody else.
  lose() {
    if (this.transaction !== null) this.transaction.oncomplete = this.transaction.onabort = null;
    if (this.holding) this.ended();
  }

  // `storedLater` tells whether a key was stored by a member behind this one.
  clash({ request: { error: { name, message } }, asked }, storedLater) {
    const failure = { name, message, row: 0, index: undefined, key: asked.key };
    blame(failure, asked.suspects, ({ request: { result } }) => result !== undefined && !equal(result, asked.own)
      && !(asked.late && storedLater(result)));
    return failure;
  }
}

// What concerns a database, on this thread, in its order. All connections to the database have one.
class Order {
  constructor(unused) {
    this.unused = unused;
    this.users = 0;
    this.writes = 0;
    // The batch that is open for a store.
    this.open = new Map();
    // How many reasons there are to hold back what concerns a store.
    this.reasons = new Map();
    this.held = [];
  }

  // Runs what concerns these stores, now if it may: returns whether it has. What joins batches says of which durability.
  enter(connection, stores, joins, run) {
    for (const store of stores) {
      const batch = this.open.get(store);
      if (batch !== undefined && (batch.durability !== joins || batch.connection !== connection)) batch.close(true);
    }
    if (stores.some((store) => this.reasons.has(store))) {
      this.hold(connection, stores);
      this.held.push({ connection, stores, joins, run });
      return false;
    }
    run();
    return true;
  }

  batch(connection, store, durability) {
    let batch = this.open.get(store);
    if (batch === undefined) {
      batch = new Batch(connection, store, durability);
      this.open.set(store, batch);
    }
    return batch;
  }

  hold(connection, stores) {
    connection.awaited++;
    for (const store of stores) this.reasons.set(store, (this.reasons.get(store) ?? 0) + 1);
  }

  // What was held back goes on, unless there is another reason.
  release(connection, stores) {
    const { held } = this, over = [{ connection, stores }, ...held];
    this.held = [];
    for (const { stores } of over) {
      for (const store of stores) {
        const left = this.reasons.get(store) - 1;
        if (left > 0) this.reasons.set(store, left);
        else this.reasons.delete(store);
      }
    }
    for (const { connection, stores, joins, run } of held) this.enter(connection, stores, joins, run);
    // A connection that is to be closed waits for no more members.
    this.closeBatches((batch) => batch.connection.closed);
    for (const { connection } of over) this.done(connection);
  }

  // A connection is closed once all of its own that was issued before has its transaction.
  leave(connection) {
    this.closeBatches((batch) => batch.connection === connection);
    this.done(connection);
  }

  closeBatches(which) {
    for (const batch of [...this.open.values()].filter(which)) batch.close(true);
  }

  done(connection) {
    if (--connection.awaited > 0) return;
    connection.db?.close();
    if (--this.users === 0) this.unused();
  }
}

// --- connections that are lost --------------------------------------------------------------------------------------

// Some privacy settings take it away.
function indexedDBHere() {
  const factory = globalThis.indexedDB;
  if (!factory) throw new DOMException('there is no IndexedDB here', 'NotSupportedError');
  return factory;
}

const LOST = { name: 'ConnectionLost', message: '' };
const LEFT = { name: 'PageLeft', message: '' };

// Chromium goes on taking transactions while it closes a connection, and says only in words why they fail.
const isClosing = (error) => failureName(error) === 'UnknownError' && failureMessage(error).startsWith('Connection is closing');

// Whether a transaction is over, though its events may be to come.
function hasEnded(transaction) {
  if (!transaction || transaction.waiting) return false;
  try {
    transaction.objectStore(transaction.objectStoreNames[0]);
    return false;
  } catch (error) {
    return failureName(error) === 'InvalidStateError';
  }
}

// Whether an upgrade was aborted by the browser, for no reason of its own.
const wasCutOff = ({ abandoned, error }) => !abandoned && (error === null || failureName(error) === 'AbortError' || isClosing(error));

// Whether the browser has closed a connection that nobody asked it to close. The event that tells comes only after
// everything that was under way has failed.
function isLost(connection) {
  if (!connection || connection.lost) return connection?.lost ?? false;
  const { db, closed } = connection;
  if (closed || db === null) return false;
  try {
    // Begun for its error only.
    db.transaction(db.objectStoreNames[0], 'readonly').abort();
    return false;
  } catch (error) {
    return failureName(error) === 'InvalidStateError';
  }
}

// A connection that refuses a transaction has been closed by the browser, if nobody else has: what is under way is lost.
function foundClosed(connection, error) {
  if (connection?.db && !connection.closed && failureName(error) === 'InvalidStateError') connection.lost = true;
}

// --- pages that are left --------------------------------------------------------------------------------------------

// For so many milliseconds after `pagehide`, in which no timer runs in a page that is gone or kept for its user's return.
const HIDING = 1000;

// No other browser has this error.
const isFirefox = () => 'InternalError' in globalThis;
const isPage = () => globalThis.document !== undefined;

// Whoever is called may panic, which is not to keep the others from being called.
function apart(action) {
  try {
    action();
  } catch (error) {
    reportError(error);
  }
}

// The page, if this thread is that of one. A user who leaves it may come back.
class Page {
  constructor(left, returned) {
    this.returned = returned;
    this.hidden = false;
    this.timer = 0;
    this.waiting = [];
    if (!isPage()) return;
    addEventListener('pagehide', () => {
      this.hidden = true;
      left();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.shown(), HIDING);
    });
    addEventListener('pageshow', () => this.shown());
  }

  shown() {
    if (!this.hidden) return;
    clearTimeout(this.timer);
    this.hidden = false;
    apart(() => this.returned());
    for (const action of this.waiting.splice(0)) apart(action);
  }

  whenShown(action) {
    if (this.hidden) this.waiting.push(action);
    else action();
  }
}

// Workers are frozen with their page, and hear nothing of it: in the middle of a transaction too, which all others wait for who want
// to write, or to open what it upgrades. But Firefox keeps no page one of whose workers holds a lock.
class Lock {
  constructor() {
    this.locks = isFirefox() && !isPage() ? globalThis.navigator?.locks : undefined;
    this.holding = 0;
    this.timer = 0;
    this.letGo = null;
  }

  // Until the transaction has ended, and for a while: the next one may follow.
  hold(transaction) {
    if (this.locks === undefined) return;
    this.holding++;
    clearTimeout(this.timer);
    if (this.letGo === null) {
      const over = new Promise((resolve) => { this.letGo = resolve; });
      this.locks.request('indexie is writing', { mode: 'shared' }, () => over).catch(() => {});
    }
    const ended = () => {
      if (--this.holding === 0) this.timer = setTimeout(() => this.release(), HIDING);
    };
    transaction.addEventListener('complete', ended);
    transaction.addEventListener('abort', ended);
  }

  release() {
    this.letGo();
    this.letGo = null;
  }
}

// --- other tabs -----------------------------------------------------------------------------------------------------

// By so many milliseconds two threads may disagree about the time, or one with itself.
const SKEW = 1000;
// What comes from others is passed on no more often, in milliseconds too; under a stream of it less often.
const PACE = 16, STREAM = 3, STREAM_PACE = 100;
// Where it makes this thread read again, it has to wait so many times as long as that has taken: whoever reads keeps others from writing.
const REST = 1;
// After so many milliseconds it counts as having read, and does not wait: it may be about something else, and without an end.
const LONGEST_READING = 2000;

// Of stores in which anything may be different.
const unknown = (stores) => Array.from(stores, (store) => ({ store, rows: null, whole: false }));

// The other threads of this origin that have the same database open, and this one's part among them. Commits are told to those who
// listen, with their rows or, of many, with their keys only; who begins to listen hears of what he may have missed by then.
class Tabs {
  constructor(name, asleep, tell, isReading) {
    this.name = name;
    this.tell = tell;
    this.isReading = isReading;
    this.sender = Math.floor(Math.random() * 2 ** 53);
    this.sequence = 0;
    this.number = 0;
    // Since when each store is listened to.
    this.watched = new Map();
    // What others listen to, and the number of the last message of each.
    this.others = new Map();
    this.sequences = new Map();
    // When each store was last written while nobody else listened, as far as was known.
    this.unheard = new Map();
    this.pending = [];
    this.timer = 0;
    this.next = 0;
    // When something was passed on that has made this thread read.
    this.readingSince = 0;
    this.asleep = asleep;
    if (!asleep) this.open();
  }

  open() {
    this.channel = this.newChannel();
    if (this.channel === undefined) return;
    this.channel.onmessage = ({ data }) => this.receive(data);
    this.post('who', {});
    if (this.watched.size > 0) this.announce();
  }

  // Not there in every browser that has IndexedDB.
  newChannel() {
    return typeof BroadcastChannel === 'function' ? new BroadcastChannel(`indexie ${this.name}`) : undefined;
  }

  hangUp() {
    this.channel?.close();
    this.channel = undefined;
  }

  close(writing = []) {
    const stores = [...this.unheard.keys()].filter((store) => this.wroteUnheard(store, Date.now()));
    this.tellLate([...new Set([...writing, ...stores])]);
    this.unheard.clear();
    clearTimeout(this.timer);
    this.timer = 0;
    this.pending = [];
    this.hangUp();
    this.others.clear();
    this.sequences.clear();
  }

  // The page is left, and may be kept for its user's return: until then it hears nothing. Nor may it hear the end of what is being
  // written to these stores: who is told already reads when that is over.
  sleep(writing) {
    this.asleep = true;
    this.post('here', { stores: [] });
    this.close(writing);
  }

  wakeUp() {
    if (!this.asleep) return;
    this.asleep = false;
    const written = [...this.unheard.keys()];
    this.open();
    this.tellLate(written);
    this.missed();
  }

  watch(id, stores) {
    this.number = id;
    const { watched } = this, now = Date.now();
    this.watched = new Map(stores.map((store) => [store, watched.get(store) ?? now]));
    this.announce();
  }

  announce() {
    this.post('here', { stores: [...this.watched] });
  }

  // Whether somebody wants to hear of the rows of a store.
  hears(store) {
    return this.watched.has(store) || this.heardElsewhere(store);
  }

  heardElsewhere(store) {
    for (const stores of this.others.values()) if (stores.has(store)) return true;
    return false;
  }

  post(kind, message) {
    try {
      this.channel?.postMessage({ kind, sender: this.sender, sequence: this.sequence, ...message });
    } catch {
      // A value that cannot be sent: whoever listens is told that he has missed something.
      this.channel?.postMessage({ kind: 'lost', sender: this.sender, sequence: this.sequence });
    }
  }

  // --- what is committed here

  stored(transaction, pathsOf) {
    const { number, begun: from } = transaction, to = Date.now();
    const stores = altogether(transaction.changes), heard = [];
    for (const [store, rows] of stores) {
      if (this.watched.has(store)) heard.push({ store, rows, whole: true });
    }
    const sent = this.toSend(stores, pathsOf);
    if (sent.length > 0) {
      this.sequence++;
      this.post('commit', { from, to, stores: sent });
    }
    if (heard.length > 0) this.tell({ watch: this.number, number, sender: 0, from, to, stores: heard });
  }

  toSend(stores, pathsOf) {
    const sent = [];
    for (const [store, rows] of stores) {
      if (!this.heardElsewhere(store)) {
        this.unheard.set(store, Date.now());
      } else if (rows === null || rows.length <= MOST_SENT) {
        sent.push({ store, rows, whole: true });
      } else {
        const paths = pathsOf.get(store) ?? [];
        sent.push({ store, rows: rows.map(([key, old, now]) => [key, keysOnly(old, paths), keysOnly(now, paths)]), whole: false });
      }
    }
    return sent;
  }

  // Nobody had said that he listens when these were written, and somebody may have been about to; or they are being written by a page
  // that is left.
  tellLate(stores) {
    if (stores.length === 0) return;
    const now = Date.now(), leaving = this.asleep && this.channel === undefined;
    if (leaving) this.channel = this.newChannel();
    this.sequence++;
    this.post('commit', { from: now, to: now, stores: unknown(stores) });
    if (leaving) this.hangUp();
  }

  // Whether a store was written so at this time or later, as far as clocks can be trusted.
  wroteUnheard(store, time) {
    return this.unheard.get(store) >= time - SKEW;
  }

  // --- what is committed elsewhere

  receive({ kind, sender, sequence, stores, from, to }) {
    const last = this.sequences.get(sender);
    this.sequences.set(sender, sequence);
    const gap = last !== undefined && last !== sequence;
    if (kind === 'who') {
      this.announce();
      if (gap) this.missed();
    } else if (kind === 'here') {
      const known = this.others.get(sender), listens = new Map(stores);
      if (stores.length > 0) this.others.set(sender, listens);
      else this.others.delete(sender);
      // He has read before he was heard of.
      this.tellLate([...listens.keys()].filter((store) => !known?.has(store) && this.wroteUnheard(store, listens.get(store))));
      // The numbers of messages that have come, or are yet to come.
      if (gap) this.missed();
    } else if (kind === 'lost' || (last !== undefined && last !== sequence - 1)) {
      this.missed();
    } else {
      const heard = stores.filter(({ store }) => this.watched.has(store));
      if (heard.length > 0) this.pass({ sender, from, to, stores: heard });
    }
  }

  // Something has not been heard of: anything may be different.
  missed() {
    if (this.watched.size === 0) return;
    const now = Date.now();
    this.pass({ sender: 0, from: now, to: now, stores: unknown(this.watched.keys()) });
  }

  pass(commit) {
    this.pending.push(commit);
    if (this.timer === 0) this.due();
  }

  // Passes on what has come, now or when it is time.
  due() {
    this.timer = 0;
    const now = performance.now();
    const reading = now - this.readingSince, isLong = reading > LONGEST_READING;
    // Who always has something under way hears of others too.
    if (this.readingSince > 0 && (isLong || !this.isReading())) {
      this.next = Math.max(this.next, isLong ? now : now + REST * reading);
      this.readingSince = 0;
    }
    const wait = this.readingSince > 0 ? PACE : this.pending.length > 0 ? this.next - now : -1;
    if (wait > 0) this.timer = setTimeout(() => this.due(), wait);
    else this.flush();
  }

  flush() {
    clearTimeout(this.timer);
    this.timer = 0;
    const pending = this.pending.splice(0);
    if (pending.length === 0) return;
    const rows = pending.flatMap(({ stores }) => stores).reduce((sum, store) => sum + (store.rows?.length ?? 0), 0);
    const now = performance.now();
    this.next = now + (pending.length > STREAM ? STREAM_PACE : PACE);
    const told = rows > MOST_REPORTED ? [this.summary(pending)] : pending;
    for (const commit of told) apart(() => this.tell({ watch: this.number, number: 0, ...commit }));
    // Who reads begins in one of the next turns.
    this.readingSince = now;
    this.timer = setTimeout(() => this.due(), PACE);
  }

  // Too much to tell one by one.
  summary(pending) {
    const stores = new Set(pending.flatMap(({ stores }) => stores.map(({ store }) => store)));
    const { from } = pending[0], { to } = pending[pending.length - 1];
    return { sender: 0, from, to, stores: unknown(stores) };
  }
}

// --- engine --------------------------------------------------------------------------------------------------------

// A read transaction may serve this many more reads, and for so many milliseconds: it keeps writers waiting.
const REUSES = 100, REUSE_TIME = 20;
// After so many milliseconds a request is blocked that waits behind a blocked one.
const PATIENCE = 500;

// Rust hears of what is thrown.
export function call(f) {
  f();
}

export class Engine {
  // `wake(event, id)` is Rust. It is called from within request callbacks, while their transaction is active.
  constructor(wake) {
    modern = typeof IDBObjectStore === 'function' && 'getAllRecords' in IDBObjectStore.prototype;
    this.wake = wake;
    this.connections = new Map();
    this.orders = new Map();
    // The event of the request that is blocked, by the name of its database.
    this.blocking = new Map();
    this.transactions = new Map();
    this.slots = new Map();
    // Those whose slot is not settled.
    this.tasks = new Map();
    this.parked = new Map();
    this.shapes = [];
    this.writer = new Writer(new Shapes());
    // What is handed over: this writer's streams, or those of one that has written as it read.
    this.handing = this.writer;
    this.streamed = null;
    // A writer that is not in use.
    this.spare = null;
    this.submitting = 0;
    this.number = 0;
    this.failure = null;
    this.lock = new Lock();
    this.tabs = new Map();
    // What is to be told of commits, in their order.
    this.commits = [];
    this.seen = 0;
    const all = (action) => { for (const [name, tabs] of this.tabs) action(tabs, name); };
    this.page = new Page(() => {
      const written = this.left();
      for (const name of written.keys()) this.tabsOf(name);
      all((tabs, name) => tabs.sleep(written.get(name) ?? []));
    }, () => {
      this.lose((_, transaction) => transaction?.left);
      this.loseForgotten();
      all((tabs) => tabs.wakeUp());
    });
    if (!isPage()) return;
    // Of a page that was frozen where it was, Chromium says so. And a tab that was killed may not have told what it had committed: its
    // user looks at another one next.
    document.addEventListener('resume', () => all((tabs) => tabs.missed()));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') all((tabs) => tabs.missed());
    });
  }

  define(names, tags) {
    const template = {};
    for (const name of names) set(template, name, undefined);
    this.shapes.push({ names, tags: Array.from(tags), template });
  }

  // --- connections

  // `layout`: a line per store, its name and those of its indexes, separated by tabs; operations use their positions.
  // `pause`: for so many milliseconds the browser is not asked yet.
  open(id, name, version, layout, pause) {
    const connection = {
      id, name, stores: parseLayout(layout), db: null, closed: false, lost: false, awaited: 1, order: this.order(name), live: null, failure: null, oldVersion: 0,
      newVersion: null, blocked: null, engine: this, pathsOf: new Map(), large: new Set(), heard: (store) => this.tabs.get(name)?.hears(store) ?? false,
    };
    this.connections.set(id, connection);
    const ask = () => this.page.whenShown(() => { if (this.connections.has(id)) this.ask(connection, version); });
    if (pause > 0) setTimeout(ask, pause);
    else ask();
  }

  ask(connection, version) {
    const { id, name } = connection;
    let request;
    try {
      request = version === 0 ? indexedDBHere().open(name) : indexedDBHere().open(name, version);
    } catch (error) {
      queueMicrotask(() => this.openFailed(connection, error));
      return;
    }
    request.onupgradeneeded = (event) => {
      connection.db = request.result;
      connection.oldVersion = event.oldVersion;
      connection.newVersion = event.newVersion;
      unblocked(connection);
      // Closed meanwhile: left alone it would become a database of this version without stores.
      if (!this.connections.has(id)) return request.transaction.abort();
      forgiving(request.transaction);
      request.transaction.connection = connection;
      request.transaction.line = new Line();
      request.transaction.number = commits;
      this.lock.hold(request.transaction);
      this.transactions.set(id, request.transaction);
      readMarker(connection, request.transaction, () => {
        try {
          this.wake(UPGRADE, id);
        } catch (error) {
          this.panicked(error, request.transaction);
        }
      });
    };
    this.listen(connection, request, name);
    request.onerror = (event) => {
      event.preventDefault();
      unblocked(connection);
      const upgrade = this.transactions.get(id);
      this.transactions.delete(id);
      connection.db = null;
      if (upgrade?.left) return this.openFailed(connection, LEFT);
      if (upgrade && wasCutOff(upgrade)) return this.openFailed(connection, LOST);
      // The request says only that its upgrade was aborted.
      this.withQuota(upgrade?.error ?? request.error, (failure) => this.openFailed(connection, failure));
    };
    request.onsuccess = () => {
      const db = request.result;
      unblocked(connection);
      this.transactions.delete(id);
      if (!this.connections.has(id)) return db.close();
      connection.db = db;
      let told = false, asked = false;
      const versionChange = () => {
        try {
          this.wake(VERSION_CHANGE, id);
        } catch (error) {
          // The app's handler has panicked. The other tab waits all the same.
          this.close(id);
          reportError(error);
        }
      };
      db.onversionchange = (event) => {
        connection.newVersion = event.newVersion;
        if (told) versionChange();
        else asked = true;
      };
      // The answer to what is asked of it right now may be forgotten.
      db.onclose = () => (told ? this.gone(connection) : this.openFailed(connection, LOST));
      const opened = () => {
        if (!this.connections.has(id)) return;
        told = true;
        try {
          connection.installed = described(db, (names) => db.transaction(names, 'readonly'));
        } catch {
          // Lost again already.
          return this.openFailed(connection, LOST);
        }
        this.wake(OPENED, id);
        if (asked && this.connections.has(id)) versionChange();
      };
      // An upgrade may have changed it.
      connection.marked = -1;
      if (!db.objectStoreNames.contains(MARKER)) return opened();
      try {
        readMarker(connection, db.transaction(MARKER, 'readonly'), opened);
      } catch {
        opened();
      }
    };
  }

  openFailed(connection, error) {
    connection.failure = error;
    this.wake(OPEN_FAILED, connection.id);
  }

  showsUnfinishedUpgrades() {
    return isFirefox();
  }

  order(name) {
    let order = this.orders.get(name);
    if (order === undefined) {
      this.orders.set(name, order = new Order(() => {
        this.orders.delete(name);
        this.unused(name);
      }));
    }
    order.users++;
    return order;
  }

  // The number of the open database.
  version(id) {
    return this.connections.get(id)?.db?.version ?? 0;
  }

  // What its marker says; negative if there is none.
  marked(id) {
    return this.connections.get(id)?.marked ?? -1;
  }

  // The browser has closed a connection: site data deleted, a disk gone, or Safari waking up. What is asked for from here on
  // gets another one.
  gone(connection) {
    if (connection.closed || connection.gone) return;
    connection.gone = connection.lost = true;
    connection.db = null;
    this.wake(CLOSED, connection.id);
    setTimeout(() => this.lose((other) => other === connection));
  }

  // Fails what was under way on such a connection, or in such a transaction. Browsers forget some of it: Firefox what was begun just
  // then, or aborted while its page was kept for the user's return, Chromium what was being committed.
  lose(isLost) {
    const tasks = [...this.tasks.values()].filter((task) => {
      const transaction = task.joined;
      // What is held back has not begun, and goes on where it finds a connection.
      return transaction && !transaction.waiting && isLost(task.connection, transaction);
    });
    for (const task of tasks) {
      task.batch?.lose();
      task.failed(LOST, -1);
    }
    for (const [id, transaction] of [...this.transactions]) {
      const { connection } = transaction;
      if (transaction.waiting || !isLost(connection, transaction)) continue;
      this.transactions.delete(id);
      if (transaction.left && id === connection.id) {
        connection.db = null;
        this.openFailed(connection, LEFT);
        continue;
      }
      this.failure = { ...LOST, row: -1 };
      this.wake(ABORTED, id);
    }
  }

  // What has ended, and nobody was told: the page was kept when it did, and Firefox has forgotten the events of that. Those of what is
  // ending right now are to come: only what has ended for a while is lost.
  loseForgotten() {
    const ended = () => {
      const transactions = new Set(this.transactions.values());
      for (const { joined } of this.tasks.values()) transactions.add(joined);
      return [...transactions].filter(hasEnded);
    };
    setTimeout(() => {
      const before = new Set(ended());
      if (before.size > 0) setTimeout(() => this.lose((_, transaction) => before.has(transaction) && hasEnded(transaction)), HIDING);
    }, HIDING);
  }

  // The user leaves the page. Firefox keeps it as it is, in case the user returns: its upgrade keeps everybody else waiting; cursors
  // end as if there was no more, so what goes from row to row is committed half done. Undone, then, is all that has not made its
  // last request. Returns which stores of which databases the rest is being written to.
  left() {
    const unfinished = [...this.transactions.values()], written = new Map();
    const writes = (transaction, { name }) => {
      if (transaction?.mode !== 'readwrite') return;
      const stores = written.get(name) ?? new Set();
      for (const store of transaction.objectStoreNames) stores.add(store);
      written.set(name, stores);
    };
    for (const { alone, whole, joined, connection, transaction } of this.tasks.values()) {
      if (alone && !whole && transaction) unfinished.push(transaction);
      else if (alone) writes(joined, connection);
    }
    for (const transaction of unfinished) {
      if (transaction.waiting) continue;
      try {
        transaction.abort();
        transaction.left = true;
      } catch {
        // Committing already.
        writes(transaction, transaction.connection);
      }
    }
    return written;
  }

  // In a page that is being left, what takes more than one turn would be committed half done: it waits, in its order, until it turns out
  // that the page is still there. What makes its last request at once may save what it can.
  putOff(connection, stores) {
    if (!this.page.hidden) return;
    connection.order.hold(connection, stores);
    this.page.whenShown(() => connection.order.release(connection, stores));
  }

  oldVersion(id) {
    return this.connections.get(id)?.oldVersion ?? 0;
  }

  // The version that another tab wants; 0 if it wants to delete the database.
  newVersion(id) {
    return this.connections.get(id)?.newVersion ?? 0;
  }

  // For how many milliseconds a connection, or a deletion, has been waiting for others to close.
  waited(id) {
    const { blocked } = this.connections.get(id) ?? {};
    return blocked ? performance.now() - blocked.since : 0;
  }

  // Hears of others that keep the database open. A request that has been given up is still in the browser's queue: those behind
  // it are blocked by the same, and the browser does not say so.
  listen(connection, request, name) {
    const ahead = this.blocking.get(name);
    const blocked = () => {
      if (this.connections.get(connection.id) === connection && this.blocking.get(name) === ahead) this.block(connection, ahead);
    };
    // It may be about to go on.
    if (ahead !== undefined) setTimeout(blocked, PATIENCE);
    request.onblocked = (event) => {
      this.blocking.set(name, event);
      const over = () => { if (this.blocking.get(name) === event) this.blocking.delete(name); };
      for (const type of ['upgradeneeded', 'success', 'error']) request.addEventListener(type, over);
      this.block(connection, event);
    };
  }

  // Others keep the database open: says so now and each second.
  block(connection, event) {
    connection.oldVersion = event.oldVersion;
    connection.newVersion = event.newVersion;
    const say = () => this.wake(BLOCKED, connection.id);
    connection.blocked ??= { since: performance.now(), timer: setInterval(say, 1000) };
    say();
  }

  // What the open database looks like.
  installed(id) {
    const connection = this.connections.get(id), upgrade = this.transactions.get(id);
    let lines = connection?.installed ?? '';
    if (upgrade) this.attempt(() => { lines = described(connection.db, () => upgrade); });
    return lines;
  }

  createStore(id, name, keyPath, autoIncrement) {
    return this.attempt(() => this.connections.get(id).db.createObjectStore(name, { keyPath: unpath(keyPath), autoIncrement }));
  }

  // What operations mean by their numbers from here on: during an upgrade, version by version.
  relayout(id, layout) {
    const connection = this.connections.get(id);
    // Closed in the middle of its upgrade.
    if (connection) connection.stores = parseLayout(layout);
  }

  deleteStore(id, name) {
    return this.attempt(() => this.connections.get(id).db.deleteObjectStore(name));
  }

  deleteIndex(id, store, name) {
    return this.attempt(() => this.transactions.get(id).objectStore(store).deleteIndex(name));
  }

  renameStore(id, name, to) {
    return this.attempt(() => { this.transactions.get(id).objectStore(name).name = to; });
  }

  renameIndex(id, store, name, to) {
    return this.attempt(() => { this.transactions.get(id).objectStore(store).index(name).name = to; });
  }

  createIndex(id, store, name, keyPath, unique, multiEntry) {
    return this.attempt(() => this.transactions.get(id).objectStore(store)
      .createIndex(name, unpath(keyPath), { unique, multiEntry }));
  }

  close(id) {
    const connection = this.connections.get(id);
    this.connections.delete(id);
    if (!connection) return;
    connection.live = null;
    connection.closed = true;
    unblocked(connection);
    connection.order.leave(connection);
  }

  // --- what stands alone

  deleteDatabase(slot, name) {
    this.slots.set(slot, null);
    const waiting = { id: slot, oldVersion: 0, newVersion: null, blocked: null };
    const over = () => {
      unblocked(waiting);
      this.connections.delete(slot);
    };
    this.connections.set(slot, waiting);
    try {
      const request = indexedDBHere().deleteDatabase(name);
      this.listen(waiting, request, name);
      on(request, () => {
        over();
        this.settle(slot, { result: undefined });
      }, (error) => {
        over();
        this.fail(slot, error);
      });
    } catch (error) {
      over();
      this.fail(slot, error);
    }
  }

  databaseNames(slot) {
    this.slots.set(slot, null);
    const list = async () => {
      const factory = indexedDBHere();
      if (!factory.databases) throw new DOMException('this browser does not list its databases', 'NotSupportedError');
      return (await factory.databases()).map(({ name }) => name);
    };
    list().then((names) => this.settle(slot, { result: [names] }), (error) => this.fail(slot, error));
  }

  // --- transactions

  begin(id, connectionId, stores, write, durability) {
    return this.attempt(() => {
      const connection = this.connections.get(connectionId);
      // Closed by who opened it, between the opening and this.
      if (!connection?.db) throw new DOMException('The connection is closed.', 'InvalidStateError');
      const names = Array.from(stores, (store) => connection.stores[store].name);
      const begin = () => {
        if (write) connection.order.writes++;
        try {
          this.begun(id, connection, transactionOver(connection, names, write ? 'readwrite' : 'readonly', durability));
        } catch (error) {
          foundClosed(connection, error);
          throw error;
        }
      };
      if (write) this.putOff(connection, names);
      // What is asked of it while it is held back.
      let waiting = null;
      const entered = connection.order.enter(connection, names, null, () => {
        if (waiting === null) return begin();
        this.transactions.delete(id);
        if (!this.attempt(begin)) this.wake(ABORTED, id);
        for (const action of waiting) action();
      });
      if (!entered) this.transactions.set(id, { connection, waiting: waiting = [] });
    });
  }

  begun(id, connection, transaction) {
    this.transactions.set(id, transaction);
    // Outlives the connection's entry: a closed connection finishes its transactions.
    transaction.connection = connection;
    transaction.line = new Line();
    transaction.oncomplete = () => {
      this.transactions.delete(id);
      this.stored(connection, transaction);
      this.wake(DONE, id);
    };
    transaction.onabort = () => {
      const error = transaction.error ?? transaction.failure ?? new DOMException('', 'AbortError');
      this.withQuota(this.cause(error, transaction, connection), (failure) => {
        this.transactions.delete(id);
        this.failure = failure;
        this.wake(ABORTED, id);
      }, true, transaction.full);
    };
  }

  commit(id) {
    try {
      const transaction = this.transactions.get(id);
      if (transaction?.waiting) return transaction.waiting.push(() => this.commit(id));
      // An upgrade commits by itself, once nothing is asked of it any more; then the request for the database succeeds.
      if (transaction?.mode !== 'versionchange') transaction?.commit();
    } catch {
      // Finished already: its events tell how.
    }
  }

  abort(id) {
    try {
      const transaction = this.transactions.get(id);
      if (transaction?.waiting) return transaction.waiting.push(() => this.abort(id));
      if (!transaction) return;
      // Throws where the browser has been first: then this is not why.
      transaction.abort();
      transaction.abandoned = true;
    } catch {
      // Finished already: its events tell how.
    }
  }

  // --- commits

  // Tells of what is committed to these stores of a database, under this number and from now on; without stores, no more.
  watch(id, name, stores) {
    if (stores.length > 0) {
      this.tabsOf(name).watch(id, stores);
    } else {
      this.tabs.get(name)?.watch(id, stores);
      this.unused(name);
    }
  }

  tabsOf(name) {
    let tabs = this.tabs.get(name);
    if (tabs === undefined) {
      this.tabs.set(name, tabs = new Tabs(name, this.page.hidden, (commit) => {
        this.commits.push(commit);
        this.wake(COMMITTED, 0);
      }, () => this.tasks.size > 0));
    }
    return tabs;
  }

  unused(name) {
    const tabs = this.tabs.get(name);
    if (tabs === undefined || tabs.watched.size > 0 || this.orders.has(name)) return;
    tabs.close();
    this.tabs.delete(name);
  }

  // A transaction is complete. Who hears of it may do anything but keep others from hearing of their own.
  stored({ name, pathsOf }, transaction) {
    if (!transaction.changes?.some(({ rows }) => rows === null || rows.length > 0)) return;
    apart(() => this.tabsOf(name).stored(transaction, pathsOf));
    // The database may have been closed while this was being stored.
    this.unused(name);
  }

  // The next commit to be told: the number of the watch, its own number (0: of another tab), that tab's number, from when and until
  // when; then of each store its name, how many rows follow (less than none: it is not known which), and whether those are whole.
  takeCommit() {
    const { watch, number, sender, from, to, stores } = this.commits.shift() ?? { watch: 0, number: 0, sender: 0, from: 0, to: 0, stores: [] };
    const { writer } = this, told = [watch, number, sender, from, to];
    this.handing = writer;
    writer.reset();
    for (const { store, rows, whole } of stores) {
      told.push(store, rows === null ? -1 : rows.length, whole);
      if (rows === null) continue;
      for (const column of [0, 1, 2]) for (const row of rows) writer.row(row[column]);
    }
    writer.finish();
    return told;
  }

  // --- operations

  // Starts an operation, in the transaction (0: alone). Returns true if it has ended before this call does; whoever calls then takes
  // the result without being woken.
  submit(slot, connectionId, transactionId, operation, store, index, a, b, durability, ints, floats, bytes, sections) {
    this.slots.set(slot, null);
    this.submitting = slot;
    const transaction = transactionId === 0 ? null : this.transactions.get(transactionId);
    const connection = transaction ? transaction.connection : this.connections.get(connectionId);
    const { name: storeName, indexes, numbers } = connection?.stores[store] ?? { name: '', indexes: [], numbers: null };
    const task = new Task(this, slot, connection, transaction, storeName, index < 0 ? null : indexes[index], a, b);
    this.tasks.set(slot, task);
    task.numbers = numbers;
    task.adds = operation === ADD;
    const joins = operation === CLEAR || (a === 1 && (operation === ADD || operation === PUT || operation === DELETE));
    const start = () => {
      task.reader = new Reader(this.shapes, ints, floats, bytes, sections);
      operations[operation](task);
    };
    const run = () => {
      try {
        if (transactionId !== 0) {
          task.transaction = this.transactions.get(transactionId);
          if (task.transaction === undefined) throw new DOMException('The transaction has finished.', 'TransactionInactiveError');
          start();
        } else if (operation > COUNT) {
          task.alone = true;
          connection.order.writes++;
          if (joins) task.batch = connection.order.batch(connection, storeName, durability);
          else task.transaction = transactionOver(connection, storeName, 'readwrite', durability);
          start();
        } else {
          this.read(connection, task, start);
        }
      } catch (error) {
        if (transactionId === 0) foundClosed(connection, error);
        if (transactionId === 0 && !connection?.db) task.failed({ name: 'InvalidStateError', message: 'The connection is closed.' }, -1);
        // What a transaction that has ended throws depends on what is asked of it.
        else if (transactionId !== 0 && failureName(error) === 'InvalidStateError') task.failed({ name: 'TransactionInactiveError', message: error.message }, -1);
        else task.fail(error);
      }
    };
    const enter = () => {
      const line = this.transactions.get(transactionId)?.line;
      return line === undefined ? run() : line.enter(run);
    };
    let held = false;
    if (transaction?.waiting) {
      held = transaction.waiting.push(enter) > 0;
    } else if (transactionId === 0 && connection) {
      const atOnce = operation === CLEAR || (a <= SLICE_ROWS && (operation === ADD || operation === PUT || operation === DELETE));
      if (operation > COUNT && !atOnce) this.putOff(connection, [storeName]);
      held = !connection.order.enter(connection, [storeName], joins ? durability : null, run);
    } else {
      held = enter() === false;
    }
    // Of Rust's memory, which is its own again after this call.
    if (held) [ints, floats, bytes, sections] = [ints, floats, bytes, sections].map((part) => part.slice());
    this.submitting = 0;
    return !this.isUnderWay(slot);
  }

  // A read of its own uses the transaction of the one before it, if that is still active and nothing was written since.
  read(connection, task, start) {
    const { live, order: { writes } } = connection;
    task.alone = true;
    if (live !== null && live.writes === writes && live.storeName === task.storeName && live.left > 0 && performance.now() < live.until) {
      live.left--;
      task.transaction = live.transaction;
      try {
        return start();
      } catch (error) {
        // `get` says that the transaction is inactive, `index` that its state is invalid.
        if (error.name !== 'TransactionInactiveError' && error.name !== 'InvalidStateError') throw error;
      }
    }
    const transaction = transactionOver(connection, task.storeName, 'readonly', 0);
    connection.live = { transaction, writes, storeName: task.storeName, left: REUSES, until: performance.now() + REUSE_TIME };
    task.transaction = transaction;
    start();
  }

  // Whether an operation has not ended.
  isUnderWay(slot) {
    return this.slots.get(slot) === null;
  }

  // An operation has ended; one of a transaction whose body, on being told, may go on.
  settle(slot, outcome, transaction = null) {
    if (!this.isUnderWay(slot)) return;
    this.slots.set(slot, outcome);
    this.tasks.delete(slot);
    if (this.submitting === slot) return;
    try {
      this.wake(SETTLED, slot);
    } catch (error) {
      if (transaction === null) throw error;
      this.panicked(error, transaction);
    }
  }

  fail(slot, error, wait = true, transaction = null) {
    this.withQuota(error, (failure) => this.settle(slot, { failure }, transaction), wait);
  }

  // A transaction's body has no request under way: it goes on, or gives up, a turn of the microtask queue later.
  later(id) {
    queueMicrotask(() => {
      try {
        this.wake(WAITED, id);
      } catch (error) {
        this.panicked(error, this.transactions.get(id));
        this.abort(id);
      }
    });
  }

  // Rust does not unwind here. Left alone, what the body had written by then would be committed.
  panicked(error, transaction) {
    if (transaction) abandon(transaction, new DOMException('its body panicked', 'AbortError'));
    this.wake(PANICKED, 0);
    reportError(error);
  }

  // Why a transaction was aborted. A connection that turns out to be lost is given up at once.
  cause(error, transaction, connection) {
    if (transaction?.left) return { ...LOST, message: failureMessage(error) };
    // While it is being upgraded a connection takes no other transaction.
    const asked = transaction?.abandoned || transaction?.mode === 'versionchange';
    const name = failureName(error);
    if (!isClosing(error) && (name !== 'AbortError' || asked || !isLost(connection))) return error;
    if (connection) this.gone(connection);
    return { ...LOST, message: failureMessage(error) };
  }

  // A quota error says how much there is, if the browser tells: later, and no transaction that goes on can wait for it.
  withQuota(error, then, wait = true, full = false) {
    const failure = {
      name: failureName(error),
      message: String((error && error.message) || ''),
      row: error?.row ?? -1,
      index: error?.index,
      key: error?.key,
      usage: error?.usage,
      quota: error?.quota,
    };
    const estimate = (full || failure.name === 'QuotaExceededError') && globalThis.navigator?.storage?.estimate;
    if (!estimate || !wait) return then(failure);
    navigator.storage.estimate().then(({ usage, quota }) => {
      failure.usage ??= usage;
      failure.quota ??= quota;
      then(failure);
    }, () => then(failure));
  }

  // Hands over what an operation came to, in these words if it fits into them. Rows are encoded only now: whoever stopped waiting pays
  // nothing.
  take(slot, words) {
    const outcome = this.slots.get(slot);
    this.slots.delete(slot);
    if (!outcome) return 0;
    const { failure, result, stream = null, seen } = outcome;
    const { writer } = this;
    this.handing = writer;
    this.streamed = stream;
    this.seen = seen ?? 0;
    if (failure !== undefined) {
      this.failure = failure;
      return FAILED;
    }
    if (result === undefined) return UNIT;
    if (typeof result === 'number') {
      this.number = result;
      return NUMBER;
    }
    const written = this.attempt(() => {
      writer.reset();
      for (const column of result) writer.column(column);
      writer.finish();
      stream?.finish();
    });
    if (!written) return FAILED;
    this.number = result.length > 0 ? result[0].length : stream.before + stream.rows;
    const fresh = writer.shapes.fresh.length > 0 ? NEW_SHAPES : 0;
    if (stream !== null) return BATCH | STREAMED | fresh;
    return BATCH | (writer.intoWords(words, this.number) ? SMALL : 0) | fresh;
  }

  // A writer for rows that are written as they are read.
  stream() {
    const writer = this.spare ?? new Writer(this.writer.shapes);
    this.spare = null;
    writer.reset();
    return writer;
  }

  // Rust takes the rows that a scan has written so far.
  handOver(slot, stream) {
    if (stream.rows === 0) return;
    stream.finish();
    this.handing = stream;
    this.number = stream.rows;
    try {
      this.wake(ARRIVED, slot);
    } catch (error) {
      this.panicked(error, null);
      throw error;
    }
    const before = stream.before + stream.rows;
    stream.reset();
    stream.before = before;
  }

  // What is handed over next is what was written by that. It is free then, unless it has become too large to keep. Returns how many
  // rows were handed over before.
  turnToStream() {
    const { streamed } = this;
    this.handing = streamed;
    this.spare = streamed.isLarge ? null : streamed;
    this.streamed = null;
    return streamed.before;
  }

  // Nobody waits for an operation any more. It goes on, unless that is for nothing.
  abandon(slot) {
    const task = this.tasks.get(slot);
    if (task !== undefined) task.isAwaited = false;
  }

  forget(slot) {
    this.slots.delete(slot);
    this.parked.delete(slot);
  }

  unpark(slot) {
    this.parked.delete(slot);
  }

  takeShapes() {
    const { shapes } = this.writer, { fresh } = shapes;
    shapes.fresh = [];
    return fresh.map(({ names, tags }) => [names, tags]);
  }

  takeInts() {
    return this.handing.ints.subarray(0, this.handing.int);
  }

  takeFloats() {
    return this.handing.floats.subarray(0, this.handing.float);
  }

  takeBytes() {
    return this.handing.bytes.subarray(0, this.handing.byte);
  }

  takeSections() {
    return Uint32Array.from(this.handing.sections);
  }

  // What went wrong last: name, message, row, index, usage and quota; the key follows as a batch of one.
  takeFailure() {
    const { name, message, row, index, key, usage, quota } = this.failure ?? { name: 'AbortError', message: '', row: -1 };
    this.failure = null;
    this.handing = this.writer;
    this.writer.reset();
    this.writer.row(key);
    this.writer.finish();
    return [name, message, row, index, usage, quota];
  }

  connectionFailure(id) {
    const error = this.connections.get(id)?.failure;
    this.failure = { name: failureName(error), message: String(error?.message ?? ''), row: -1 };
  }

  attempt(action) {
    try {
      action();
      return true;
    } catch (error) {
      this.failure = { name: failureName(error), message: String(error?.message ?? ''), row: -1 };
      return false;
    }
  }
}

function unblocked(waiting) {
  if (waiting.blocked !== null) clearInterval(waiting.blocked.timer);
  waiting.blocked = null;
}

function parseLayout(layout) {
  // An empty line is a store that an upgrade has removed: the numbers of the others stay.
  return layout.split('\n').map((line) => {
    const [name, last, ...indexes] = line.split('\t');
    return { name, indexes, numbers: last ? new Numbers(Number(last)) : null };
  });
}
