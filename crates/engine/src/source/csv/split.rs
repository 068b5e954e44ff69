//! Finding the fields of CSV text.

use memchr::memchr2;

use super::finds::Finds;
use crate::plan::{CsvFormat, QUILLEMET};

/// Where a field is in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    length: u32,
}

/// Marks a length whose text holds doubled quotes or escapes.
const RAW: u32 = 1 << 31;
/// The longest text that spans can point into.
pub(super) const LONGEST: usize = (1 << 30) - 1;

impl Span {
    /// A field that its record does not have.
    pub(super) const MISSING: Self = Self { start: u32::MAX, length: 0 };

    #[inline]
    fn new(start: usize, end: usize, raw: bool) -> Self {
        // No text is longer than `LONGEST`.
        let length = end.saturating_sub(start) as u32;
        Self { start: start as u32, length: if raw { length | RAW } else { length } }
    }

    /// The field's bytes as they stand in `text`; nothing if it is missing.
    #[inline]
    pub(super) fn of(self, text: &str) -> Option<&str> {
        let start = self.start as usize;
        text.get(start..start + (self.length & !RAW) as usize)
    }

    /// Whether quotes and escapes are still in the text.
    pub(super) fn is_raw(self) -> bool {
        self.length & RAW != 0
    }
}

/// The text that a raw field means.
pub(super) fn unescape(raw: &str, format: &CsvFormat) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let byte = u8::try_from(c).ok();
        let escape = byte.is_some() && byte == format.escape;
        let doubled = byte.is_some() && byte == format.quote && chars.peek() == Some(&c);
        let meant = if escape || doubled { chars.next() } else { Some(c) };
        out.extend(meant.map(|meant| match meant {
            'n' if escape && format.letters => '\n',
            'r' if escape && format.letters => '\r',
            't' if escape && format.letters => '\t',
            '0' if escape && format.letters => '\0',
            QUOTE_STAND_IN if format.quillemet => QUILLEMET_TEXT,
            meant => meant,
        }));
    }
    out
}

/// The quote that has two bytes, and what stands for it in texts: fields are cut at bytes.
pub(super) const QUILLEMET_TEXT: char = '«';
pub(super) const QUOTE_STAND_IN: char = QUILLEMET as char;

/// The text with one byte for each `«`, if that is the quote.
pub(super) fn stood_in(text: String, format: &CsvFormat) -> String {
    if format.quillemet { text.replace(QUILLEMET_TEXT, STAND_IN_TEXT) } else { text }
}

/// The text as it stood in its file.
pub(super) fn original(text: &str) -> String {
    text.replace(QUOTE_STAND_IN, "«")
}

const STAND_IN_TEXT: &str = "\u{1c}";

/// The cells of one line.
pub(super) fn cells(line: &str, format: &CsvFormat) -> Vec<String> {
    let mut record = Record::default();
    Splitter::new(format, usize::MAX).split(line, 0, line.len(), 1, &mut record);
    let cell = |span: &Span| {
        let text = span.of(line).unwrap_or_default();
        if span.is_raw() { unescape(text, format) } else { text.to_owned() }
    };
    record.fields.iter().map(cell).collect()
}

/// What takes up the fields that are found.
pub(super) trait Fields {
    /// A field, with its number in its record.
    fn field(&mut self, number: usize, span: Span);

    /// The end of a record that had this many of the fields that are wanted.
    fn end(&mut self, fields: usize);
}

/// The fields of one record.
#[derive(Default)]
pub(super) struct Record {
    pub(super) fields: Vec<Span>,
    /// Whether there was one.
    pub(super) found: bool,
}

impl Fields for Record {
    fn field(&mut self, _: usize, span: Span) {
        self.fields.push(span);
    }

    fn end(&mut self, _: usize) {
        self.found = true;
    }
}

/// Cuts records into fields.
pub(super) struct Splitter {
    separator: u8,
    quote: Option<u8>,
    quillemet: bool,
    escape: Option<u8>,
    multiline: bool,
    width: usize,
    /// Whether a quote was never closed.
    broken: bool,
}

impl Splitter {
    /// One for records of which the first `width` fields are wanted.
    pub(super) fn new(format: &CsvFormat, width: usize) -> Self {
        Self {
            separator: format.separator,
            quote: format.quote,
            quillemet: format.quillemet,
            escape: format.escape,
            multiline: format.multiline,
            width,
            broken: false,
        }
    }

    /// Whether a record had a quote that was never closed.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Cuts at most `rows` records that lie between `start` and `end`; blank lines are none. Answers where it stopped.
    pub(super) fn split(
        &mut self,
        text: &str,
        start: usize,
        end: usize,
        rows: usize,
        out: &mut impl Fields,
    ) -> usize {
        let bytes = text.as_bytes().get(..end).unwrap_or_default();
        // Without quotes the third needle is the separator again.
        let quote = self.quote.unwrap_or(self.separator);
        let (mut begin, mut number, mut done) = (start, 0, 0);
        let mut quoted: Option<Span> = None;
        let mut escapes = false;
        let mut finds = Finds::new(bytes, start, [self.separator, b'\n', quote]);
        while let Some((here, byte)) = finds.next() {
            if byte == b'\n' {
                if self.multiline && self.escaped(bytes, begin, here) {
                    continue;
                }
                let last = if here > begin && bytes.get(here - 1) == Some(&b'\r') { here - 1 } else { here };
                if number > 0 || last > begin || quoted.is_some() {
                    if number < self.width {
                        out.field(number, quoted.unwrap_or_else(|| self.span(bytes, begin, last, escapes)));
                    }
                    out.end((number + 1).min(self.width));
                    done += 1;
                }
                (begin, number, quoted, escapes) = (here + 1, 0, None, false);
                if done == rows {
                    return begin;
                }
            } else if byte == self.separator {
                if self.escape.is_some() && quoted.is_none() && self.escaped(bytes, begin, here) {
                    escapes = true;
                    continue;
                }
                if number < self.width {
                    out.field(number, quoted.unwrap_or_else(|| self.span(bytes, begin, here, escapes)));
                }
                (begin, quoted, escapes) = (here + 1, None, false);
                number += 1;
            } else if here == begin && quoted.is_none() {
                if let Some((end, after)) = self.closed(bytes, &finds, quote) {
                    quoted = Some(Span::new(here + 1, end, false));
                    finds = after;
                } else {
                    let (span, after) = self.quoted(bytes, here + 1, quote);
                    quoted = Some(span);
                    finds.skip_to(after);
                }
            }
        }
        if begin < end || number > 0 || quoted.is_some() {
            let last = if end > begin && bytes.last() == Some(&b'\r') { end - 1 } else { end };
            if number < self.width {
                out.field(number, quoted.unwrap_or_else(|| self.span(bytes, begin, last, escapes)));
            }
            out.end((number + 1).min(self.width));
        }
        end
    }

    #[inline]
    fn span(&self, bytes: &[u8], start: usize, end: usize, escapes: bool) -> Span {
        let has = |byte: u8| bytes.get(start..end).unwrap_or_default().contains(&byte);
        let raw = escapes || self.escape.is_some_and(has) || (self.quillemet && has(QUILLEMET));
        Span::new(start, end, raw)
    }

    fn escaped(&self, bytes: &[u8], start: usize, at: usize) -> bool {
        let Some(escape) = self.escape else { return false };
        let before = bytes.get(start..at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == escape).count() % 2 == 1
    }

    /// Where a field within quotes ends and the search goes on, unless there is more to its quotes than the last.
    #[inline]
    fn closed<'a>(&self, bytes: &[u8], finds: &Finds<'a>, quote: u8) -> Option<(usize, Finds<'a>)> {
        if self.escape.is_some() {
            return None;
        }
        let mut ahead = finds.clone();
        let end = loop {
            match ahead.next() {
                Some((at, byte)) if byte == quote => break at,
                Some((_, b'\n')) if !self.multiline => return None,
                Some(_) => {}
                None => return None,
            }
        };
        (bytes.get(end + 1) != Some(&quote)).then_some((end, ahead))
    }

    /// The field within quotes that begins at `start`, and where the search goes on.
    fn quoted(&mut self, bytes: &[u8], start: usize, quote: u8) -> (Span, usize) {
        let escape = self.escape.unwrap_or(quote);
        let (mut at, mut raw) = (start, false);
        let line = if self.multiline {
            bytes.len()
        } else {
            let rest = bytes.get(start..).unwrap_or_default();
            memchr::memchr(b'\n', rest).map_or(bytes.len(), |found| start + found)
        };
        let inside = bytes.get(..line).unwrap_or_default();
        while let Some(found) = inside.get(at..).and_then(|rest| memchr2(quote, escape, rest)) {
            let here = at + found;
            let next = inside.get(here + 1);
            let is_quote = inside.get(here) == Some(&quote);
            if (is_quote && next == Some(&quote)) || (!is_quote && next.is_some()) {
                raw = true;
                at = here + 2;
            } else if is_quote {
                return (Span::new(start, here, raw), here + 1);
            } else {
                break;
            }
        }
        // Never closed: the field ends with its line.
        self.broken = true;
        let end = if line > start && inside.last() == Some(&b'\r') { line - 1 } else { line };
        (Span::new(start, end, raw), line)
    }
}
