//! `Batch`: the streams, and a reader that walks them.

use std::rc::Rc;

use super::{ROWS_PER_SECTION, tag};

/// Values, one after the other. Read in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub ints: Vec<u32>,
    pub floats: Vec<f64>,
    /// For each section its ASCII text and then its other text (UTF-8), and after the last section all binary.
    pub bytes: Vec<u8>,
    /// Byte lengths: ASCII and other text of each section, in pairs.
    pub sections: Vec<u32>,
    ascii: Vec<u8>,
    wide: Vec<u8>,
    binary: Vec<u8>,
    /// How many rows the last section has.
    rows: u32,
    /// How many lists and records are around what is being written.
    pub depth: u32,
}

/// Holding the same values, bit for bit: NaN is the same as itself, and -0 is not the same as 0.
impl PartialEq for Batch {
    fn eq(&self, other: &Self) -> bool {
        self.ints == other.ints
            && self.floats.len() == other.floats.len()
            && self.floats.iter().zip(&other.floats).all(|(a, b)| a.to_bits() == b.to_bits())
            && [&self.bytes, &self.ascii, &self.wide, &self.binary]
                == [&other.bytes, &other.ascii, &other.wide, &other.binary]
            && self.sections == other.sections
    }
}

impl Batch {
    /// One that came from JavaScript.
    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the other end is a browser"))]
    pub fn received(ints: Vec<u32>, floats: Vec<f64>, bytes: Vec<u8>, sections: Vec<u32>) -> Self {
        Self { ints, floats, bytes, sections, ..Self::default() }
    }

    pub fn int(&mut self, value: u32) {
        self.ints.push(value);
    }

    pub fn float(&mut self, value: f64) {
        self.floats.push(value);
    }

    /// Appends text; its length is written in UTF-16 units, the lowest bit saying in which stream it stands.
    #[allow(clippy::cast_possible_truncation, reason = "wasm memory ends at 2^32")]
    pub fn text(&mut self, text: &str) {
        if text.is_ascii() {
            self.ints.push((text.len() as u32) << 1);
            self.ascii.extend_from_slice(text.as_bytes());
        } else {
            self.ints.push((text.encode_utf16().count() as u32) << 1 | 1);
            self.wide.extend_from_slice(text.as_bytes());
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "wasm memory ends at 2^32")]
    pub fn binary(&mut self, bytes: &[u8]) {
        self.ints.push(bytes.len() as u32);
        self.binary.extend_from_slice(bytes);
    }

    /// About how many bytes have been written.
    pub fn size(&self) -> usize {
        let text = self.bytes.len() + self.ascii.len() + self.wide.len();
        4 * self.ints.len() + 8 * self.floats.len() + text + self.binary.len()
    }

    /// Where the streams end now, to come back to if what follows turns out not to be wanted.
    pub fn position(&self) -> Position {
        Position { ints: self.ints.len(), ascii: self.ascii.len(), wide: self.wide.len() }
    }

    /// Takes back the integers and the text since then, within the same row.
    pub fn rewind(&mut self, to: Position) {
        self.ints.truncate(to.ints);
        self.ascii.truncate(to.ascii);
        self.wide.truncate(to.wide);
    }

    /// Marks the end of a row.
    pub fn end_row(&mut self) {
        self.rows += 1;
        if self.rows as usize == ROWS_PER_SECTION {
            self.end_section();
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "wasm memory ends at 2^32")]
    fn end_section(&mut self) {
        self.sections.extend([self.ascii.len() as u32, self.wide.len() as u32]);
        self.bytes.append(&mut self.ascii);
        self.bytes.append(&mut self.wide);
        self.rows = 0;
    }

    /// Appends another batch's only row.
    pub fn append_row(&mut self, row: &Self) {
        self.ints.extend_from_slice(&row.ints);
        self.floats.extend_from_slice(&row.floats);
        self.ascii.extend_from_slice(&row.ascii);
        self.wide.extend_from_slice(&row.wide);
        self.binary.extend_from_slice(&row.binary);
        self.end_row();
    }

    /// Closes the streams; nothing can be written any more.
    pub fn finish(self) -> Finished {
        Finished(Rc::new(self.sealed()))
    }

    /// The same, for one owner.
    pub fn sealed(mut self) -> Self {
        if self.rows > 0 || !self.ascii.is_empty() || !self.wide.is_empty() {
            self.end_section();
        }
        self.bytes.append(&mut self.binary);
        self
    }

    /// A reader from a place where another one has been.
    pub fn reader_at(&self, at: Place) -> Reader<'_> {
        Reader { batch: self, at }
    }

    pub fn reader(&self) -> Reader<'_> {
        let binary = self.sections.iter().map(|length| *length as usize).sum();
        let mut reader = Reader { batch: self, at: Place { binary, ..Place::default() } };
        reader.enter_section();
        reader
    }
}

/// A [`Batch`] that is complete, and can be read. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Finished(Rc<Batch>);

impl std::ops::Deref for Finished {
    type Target = Batch;

    fn deref(&self) -> &Batch {
        &self.0
    }
}

/// Where a [`Batch`] ended at some moment.
#[derive(Clone, Copy)]
pub(crate) struct Position {
    ints: usize,
    ascii: usize,
    wide: usize,
}

/// Reads a [`Batch`] from some place on. Reading past the end gives nulls and empty text: the two ends agree, or the
/// row does not decode.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    batch: &'a Batch,
    at: Place,
}

/// Where a [`Reader`] is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    int: usize,
    float: usize,
    /// The next section, and where its text begins.
    section: usize,
    text: usize,
    rows: usize,
    ascii: usize,
    wide: usize,
    binary: usize,
}

impl<'a> Reader<'a> {
    pub fn place(&self) -> Place {
        self.at
    }

    pub fn int(&mut self) -> u32 {
        let value = self.batch.ints.get(self.at.int).copied().unwrap_or(tag::NULL);
        self.at.int += 1;
        value
    }

    pub fn float(&mut self) -> f64 {
        f64::from_bits(self.bits())
    }

    /// The next float as an integer. In the midst of its caller it would be loaded as a float, which is only to be moved (see
    /// [`crate::float`]).
    #[inline(never)]
    fn bits(&mut self) -> u64 {
        let bits = self.batch.floats.get(self.at.float).map_or(f64::NAN.to_bits(), |value| value.to_bits());
        self.at.float += 1;
        bits
    }

    pub fn text(&mut self) -> &'a str {
        let length = self.int();
        let units = (length >> 1) as usize;
        if length & 1 == 0 {
            let text = self.batch.bytes.get(self.at.ascii..self.at.ascii + units).unwrap_or_default();
            self.at.ascii += units;
            std::str::from_utf8(text).unwrap_or_default()
        } else {
            let rest = self.batch.bytes.get(self.at.wide..).unwrap_or_default();
            let length = bytes_of_units(rest, units);
            self.at.wide += length;
            std::str::from_utf8(&rest[..length]).unwrap_or_default()
        }
    }

    pub fn binary(&mut self) -> &'a [u8] {
        let length = self.int() as usize;
        let bytes = self.batch.bytes.get(self.at.binary..self.at.binary + length).unwrap_or_default();
        self.at.binary += length;
        bytes
    }

    /// So many rows from here on, if each is a number.
    pub fn numbers(&mut self, rows: usize) -> Option<&'a [f64]> {
        let Place { int, float, .. } = self.at;
        // A number has no other integer than its tag: the next one is that of the next row.
        let tags = self.batch.ints.get(int..int + rows)?;
        let numbers = self.batch.floats.get(float..float + rows).filter(|_| tags.iter().all(|tag| *tag == tag::F64))?;
        self.at.int += rows;
        self.at.float += rows;
        for _ in 0..rows {
            self.end_row();
        }
        Some(numbers)
    }

    pub fn end_row(&mut self) {
        self.at.rows += 1;
        if self.at.rows.is_multiple_of(ROWS_PER_SECTION) {
            self.enter_section();
        }
    }

    fn enter_section(&mut self) {
        let Place { section, text, .. } = self.at;
        let length = |at: usize| self.batch.sections.get(section * 2 + at).map_or(0, |length| *length as usize);
        self.at.ascii = text;
        self.at.wide = text + length(0);
        self.at.text = self.at.wide + length(1);
        self.at.section += 1;
    }
}

/// How many bytes of UTF-8 make up so many UTF-16 units.
fn bytes_of_units(text: &[u8], units: usize) -> usize {
    let (mut at, mut seen) = (0, 0);
    while seen < units && at < text.len() {
        let (width, worth) = match text[at] {
            0..0x80 => (1, 1),
            0x80..0xe0 => (2, 1),
            0xe0..0xf0 => (3, 1),
            _ => (4, 2),
        };
        at += width;
        seen += worth;
    }
    at.min(text.len())
}
