//! BSON: documents one behind the other, as MongoDB dumps them (BSON's specification, version 1.1).

#[cfg(test)]
mod tests;

use mastic_hive::{Format, HiveType};

use crate::classified::{Classified, Column};
use crate::content::{Content, MAX_RECORDS};
use crate::found::Found;
use crate::shape::{Object, Shape};

/// How long a document may be, in bytes. MongoDB's have 16 MiB at most.
const MAX_DOCUMENT: usize = 64 << 20;
/// The length of an empty document, in bytes.
const MIN_DOCUMENT: usize = 5;
/// How deep documents may nest, as in MongoDB.
const MAX_DEPTH: usize = 100;

pub(crate) fn classify(content: &Content<'_>) -> Found {
    let mut reader = Reader { rest: &content.bytes };
    let (mut shape, mut seen) = (Shape::default(), 0usize);
    while seen < MAX_RECORDS && !reader.rest.is_empty() {
        let Some(length) = reader.peek_length() else { break };
        if !(MIN_DOCUMENT..=MAX_DOCUMENT).contains(&length) {
            return Found::No;
        }
        if length > reader.rest.len() {
            break;
        }
        match reader.document(MAX_DEPTH) {
            Some(document) => shape.absorb(Shape::Object(document)),
            None => return Found::No,
        }
        seen += 1;
    }
    let stopped = seen == MAX_RECORDS || reader.rest.is_empty();
    if !stopped && content.complete {
        return Found::No;
    }
    let end = content.bytes.len() - reader.rest.len();
    if seen == 0 {
        return if reader.plausible() { Found::Unfinished } else { Found::No };
    }
    let columns = match shape.into_type() {
        HiveType::Struct(fields) => fields.into_iter().map(Column::of_field).collect(),
        _ => Vec::new(),
    };
    let counts = content.counts(seen as u64, end);
    Found::Yes(Classified { columns, counts, ..Classified::new(Format::Bson, content.compression) })
}

/// Reads nothing beyond its bytes; what contradicts the format is nothing.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn peek_length(&self) -> Option<usize> {
        let four = self.rest.first_chunk::<4>()?;
        // A negative length is a text's first letters, or worse.
        Some(usize::try_from(i32::from_le_bytes(*four)).unwrap_or(usize::MAX))
    }

    /// Whether the beginning of a document that is not whole looks like one: a type and a name come first.
    fn plausible(&self) -> bool {
        matches!(self.rest.get(4..64), Some([1..=0x13 | 0x7f | 0xff, name @ ..]) if name.contains(&0))
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == 0)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(text)
    }

    /// Bytes behind their length, which counts `more` besides.
    fn counted(&mut self, more: usize) -> Option<&'a [u8]> {
        let length = self.peek_length()?.checked_add(more)?;
        self.take(4)?;
        self.take(length)
    }

    fn document(&mut self, depth: usize) -> Option<Object> {
        let depth = depth.checked_sub(1)?;
        let length = self.peek_length()?;
        let whole = self.take(length)?;
        let mut inner = Reader { rest: whole.get(4..)? };
        let mut document = Object::default();
        loop {
            let [kind] = inner.take(1)? else { return None };
            if *kind == 0 {
                break;
            }
            let name = String::from_utf8_lossy(inner.text()?).into_owned();
            document.absorb(name, inner.value(*kind, depth)?);
        }
        inner.rest.is_empty().then_some(document)
    }

    fn value(&mut self, kind: u8, depth: usize) -> Option<Shape> {
        let scalar = |ty| Some(Shape::Scalar(ty));
        match kind {
            0x01 => self.take(8).and_then(|_| scalar(HiveType::Double)),
            // Text, code and symbols.
            0x02 | 0x0d | 0x0e => {
                self.counted(0).filter(|text| text.ends_with(&[0])).and_then(|_| scalar(HiveType::String))
            }
            0x03 => self.document(depth).map(Shape::Object),
            0x04 => {
                let mut elements = Shape::default();
                for element in self.document(depth)?.into_shapes() {
                    elements.absorb(element);
                }
                Some(Shape::Array(Box::new(elements)))
            }
            0x05 => self.counted(1).and_then(|_| scalar(HiveType::Binary)),
            0x07 => self.take(12).and_then(|_| scalar(HiveType::String)),
            0x08 => {
                self.take(1).filter(|truth| matches!(truth, [0 | 1])).and_then(|_| scalar(HiveType::Boolean))
            }
            0x09 => self.take(8).and_then(|_| scalar(HiveType::Timestamp)),
            // Undefined, null, and the least and greatest of keys.
            0x06 | 0x0a | 0x7f | 0xff => Some(Shape::Empty),
            0x0b => {
                self.text()?;
                self.text()?;
                scalar(HiveType::String)
            }
            0x0c => {
                self.counted(0)?;
                self.take(12)?;
                scalar(HiveType::String)
            }
            0x0f => {
                let length = self.peek_length()?;
                self.take(length)?;
                scalar(HiveType::String)
            }
            0x10 => self.take(4).and_then(|_| scalar(HiveType::Int)),
            0x11 | 0x12 => self.take(8).and_then(|_| scalar(HiveType::BigInt)),
            0x13 => self.take(16).and_then(|_| scalar(HiveType::String)),
            _ => None,
        }
    }
}
