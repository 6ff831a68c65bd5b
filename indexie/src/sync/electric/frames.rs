//! `Frames`: the events of a `text/event-stream`, out of the bytes as they come. Pure.
//!
//! The format is that of the HTML standard (server-sent events); of its fields only `data` is of interest here.

/// Splits a stream of bytes into what its events carry.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// The bytes of the line that has not ended yet.
    line: Vec<u8>,
    /// The data of the event that has not ended yet, each line with its end.
    data: Vec<u8>,
    has_data: bool,
    /// The last byte was a carriage return: a line feed that follows belongs to it.
    after_return: bool,
    begun: bool,
}

impl Frames {
    /// Takes bytes, and gives the data of each event that they complete.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        let mut rest = bytes;
        if std::mem::take(&mut self.after_return) && rest.first() == Some(&b'\n') {
            rest = &rest[1..];
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line.extend_from_slice(&rest[..end]);
            let line = std::mem::take(&mut self.line);
            self.end_line(&line, &mut each);
            let returned = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if returned {
                match rest.first() {
                    Some(b'\n') => rest = &rest[1..],
                    Some(_) => {}
                    None => self.after_return = true,
                }
            }
        }
        self.line.extend_from_slice(rest);
    }

    /// Whether an event has begun that has not ended.
    pub fn is_torn(&self) -> bool {
        !self.line.is_empty() || self.has_data
    }

    fn end_line(&mut self, line: &[u8], each: &mut impl FnMut(&[u8])) {
        let mut line = line;
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                // Without the end of its last line.
                self.data.pop();
                each(&self.data);
                self.data.clear();
            }
            return;
        }
        let value = match line.strip_prefix(b"data") {
            Some([]) => &[][..],
            Some([b':', b' ', value @ ..] | [b':', value @ ..]) => value,
            _ => return,
        };
        self.data.extend_from_slice(value);
        self.data.push(b'\n');
        self.has_data = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of the text, given in pieces of this size.
    fn read(text: &str, size: usize) -> (Vec<String>, bool) {
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        for piece in text.as_bytes().chunks(size) {
            frames.push(piece, |data| found.push(String::from_utf8(data.to_vec()).expect("UTF-8")));
        }
        (found, frames.is_torn())
    }

    #[test]
    fn events_are_the_same_however_the_bytes_come() {
        let text = "data: {\"a\":1}\n\ndata: é😀\n\n: keep-alive\n\ndata:no space\r\n\r\ndata: one\ndata: two\n\nid: 7\nevent: x\ndata\n\n";
        for size in 1..=text.len() {
            let (found, torn) = read(text, size);
            assert_eq!(found, ["{\"a\":1}", "é😀", "no space", "one\ntwo", ""], "in pieces of {size}");
            assert!(!torn);
        }
    }

    #[test]
    fn a_return_alone_ends_a_line_too() {
        for size in 1..4 {
            assert_eq!(read("data: a\r\rdata: b\r\n\r\n", size).0, ["a", "b"]);
        }
    }

    #[test]
    fn what_is_cut_off_is_not_an_event() {
        assert_eq!(read("data: a\n\ndata: {\"key\":\"\\\"publ", 5), (vec!["a".to_owned()], true));
        assert_eq!(read("data: a\n", 5), (vec![], true));
        assert_eq!(read(": keep-alive\n\n", 5), (vec![], false));
    }

    #[test]
    fn a_mark_of_byte_order_is_passed_over() {
        assert_eq!(read("\u{feff}data: a\n\n", 2).0, ["a"]);
    }
}
