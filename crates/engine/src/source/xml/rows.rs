use memchr::memchr;
use memchr::memmem;

/// The most bytes of a record.
const LONGEST: usize = 64 << 20;

/// One record's element, with its tags.
pub(super) struct Row {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Where in the file it begins.
    pub(super) offset: u64,
}

/// Finds the elements that are records in a file that comes in pieces.
pub(super) struct Rows {
    tag: Vec<u8>,
    held: Vec<u8>,
    /// Where in the file `held` begins.
    base: u64,
    at: usize,
    /// Where the open record begins, and how many elements of its name are open.
    open: Option<(usize, usize)>,
    begun: bool,
}

/// A piece of markup, and where it ends.
enum Markup {
    Start {
        end: usize,
        empty: bool,
    },
    End {
        end: usize,
    },
    Other {
        end: usize,
    },
    /// More bytes are needed.
    Cut,
}

impl Rows {
    pub(super) fn new(tag: &str) -> Self {
        Self { tag: tag.as_bytes().to_vec(), held: Vec::new(), base: 0, at: 0, open: None, begun: false }
    }

    /// Goes on with the next bytes of the file.
    ///
    /// # Errors
    /// The file is no XML in UTF-8, or a record is too long.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), String> {
        let done = self.open.map_or(self.at, |(start, _)| start).min(self.held.len());
        self.held.drain(..done);
        self.base += done as u64;
        self.at -= done;
        self.open = self.open.map(|(start, depth)| (start - done, depth));
        if self.held.len() > LONGEST {
            return Err(format!("a record has more than {LONGEST} bytes"));
        }
        self.held.extend_from_slice(bytes);
        if !self.begun {
            if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = self.held.as_slice() {
                return Err("XML in UTF-16 is not supported".to_owned());
            }
            let text = self.held.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.held).trim_ascii_start();
            match text.first() {
                None => {}
                Some(b'<') => self.begun = true,
                Some(_) => return Err("it is no XML".to_owned()),
            }
        }
        Ok(())
    }

    /// The next record of what is held.
    pub(super) fn next(&mut self) -> Result<Option<Row>, String> {
        while let Some(found) = self.held.get(self.at..).and_then(|rest| memchr(b'<', rest)) {
            let here = self.at + found;
            self.at = here;
            match self.markup(here) {
                Markup::Cut => return Ok(None),
                Markup::Other { end } => self.at = end,
                Markup::Start { end, empty } => {
                    self.at = end;
                    match &mut self.open {
                        Some((_, depth)) if !empty => *depth += 1,
                        // A record that is an empty element has nothing in it to read.
                        None if !empty => self.open = Some((here, 1)),
                        _ => {}
                    }
                }
                Markup::End { end } => {
                    self.at = end;
                    if let Some((start, depth)) = &mut self.open {
                        *depth -= 1;
                        if *depth == 0 {
                            let row = Row {
                                bytes: self.held.get(*start..end).unwrap_or_default().to_vec(),
                                offset: self.base + *start as u64,
                            };
                            self.open = None;
                            return Ok(Some(row));
                        }
                    }
                }
            }
        }
        self.at = self.held.len();
        Ok(None)
    }

    /// The record that was open when the file ended.
    pub(super) fn unfinished(&mut self) -> Option<Row> {
        let (start, _) = self.open.take()?;
        let bytes = self.held.get(start..).unwrap_or_default().to_vec();
        self.at = self.held.len();
        Some(Row { bytes, offset: self.base + start as u64 })
    }

    fn markup(&self, here: usize) -> Markup {
        let rest = self.held.get(here..).unwrap_or_default();
        let to = |end: &[u8], from: usize| {
            let found = rest.get(from..).and_then(|rest| memmem::find(rest, end));
            found.map_or(Markup::Cut, |at| Markup::Other { end: here + from + at + end.len() })
        };
        if rest.len() < 9 && memchr(b'>', rest).is_none() {
            return Markup::Cut;
        }
        if rest.starts_with(b"<!--") {
            return to(b"-->", 4);
        }
        if rest.starts_with(b"<![CDATA[") {
            return to(b"]]>", 9);
        }
        if rest.starts_with(b"<?") {
            return to(b"?>", 2);
        }
        if rest.starts_with(b"<!") {
            return to(b">", 2);
        }
        let closes = rest.starts_with(b"</");
        let name = rest.get(1 + usize::from(closes)..).unwrap_or_default();
        let Some(end) = tag_end(rest) else { return Markup::Cut };
        let after = name.strip_prefix(self.tag.as_slice()).and_then(|after| after.first());
        let own = matches!(after, Some(b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n'));
        match (own, closes) {
            (false, _) => Markup::Other { end: here + end },
            (true, true) => Markup::End { end: here + end },
            (true, false) => {
                Markup::Start { end: here + end, empty: rest.get(end.saturating_sub(2)) == Some(&b'/') }
            }
        }
    }
}

/// Where a tag ends: after the first `>` that is not within quotes.
fn tag_end(rest: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in rest.iter().enumerate() {
        match (quote, *byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if byte == open => quote = None,
            _ => {}
        }
    }
    None
}
