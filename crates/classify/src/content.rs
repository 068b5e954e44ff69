//! The beginning of a file's contents, decompressed.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::classified::RecordCounts;
use crate::compression::Compression;

/// How many records a classifier looks at.
pub(crate) const MAX_RECORDS: usize = 1000;

/// The beginning of a file's contents.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) compression: Compression,
    /// The size of the file itself, in bytes.
    pub(crate) size: u64,
    /// Whether these are all bytes of the file.
    pub(crate) complete: bool,
    /// Whether more could be had from the same head under a higher limit.
    pub(crate) limited: bool,
    /// Bytes of the file that these came from.
    pub(crate) consumed: u64,
    /// Whether the bytes look like text, once a classifier asked.
    pub(crate) text: OnceCell<bool>,
}

impl Content<'_> {
    /// The bytes without the byte order mark of UTF-8.
    pub(crate) fn text(&self) -> &[u8] {
        self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes)
    }

    /// Whether the bytes look like text at all: no control characters but those of CSV and logs.
    pub(crate) fn is_text(&self) -> bool {
        let control = |byte: &u8| {
            byte.is_ascii_control() && !matches!(byte, 1 | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1b)
        };
        *self.text.get_or_init(|| !self.bytes.is_empty() && !self.bytes.iter().any(control))
    }

    /// The size of the file before compression: known, or supposed from the ratio seen.
    pub(crate) fn uncompressed_size(&self) -> u64 {
        let bytes = self.bytes.len() as u128;
        if self.complete {
            return self.bytes.len() as u64;
        }
        let supposed = bytes.saturating_mul(u128::from(self.size)).checked_div(u128::from(self.consumed));
        supposed.and_then(|supposed| u64::try_from(supposed).ok()).unwrap_or(self.size)
    }

    /// Counts for `seen` records in the first `end` bytes of the content.
    pub(crate) fn counts(&self, seen: u64, end: usize) -> RecordCounts {
        RecordCounts::estimate(self.uncompressed_size(), seen, end as u64)
    }

    /// The lines that are whole, at most as many as are looked at, without blank ones and line feeds.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.text();
        let end = if self.complete {
            text.len()
        } else {
            text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
        };
        let lines = text.get(..end).unwrap_or_default().split(|byte| *byte == b'\n');
        lines.filter(|line| !line.trim_ascii().is_empty()).take(MAX_RECORDS)
    }
}
