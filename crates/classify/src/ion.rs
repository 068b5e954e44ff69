//! Amazon Ion, binary and text: top-level structs as records (Ion's specification, version 1.0).

mod binary;
#[cfg(test)]
mod tests;
mod text;

use mastic_hive::{Format, HiveType};

use crate::classified::{Classified, Column};
use crate::content::{Content, MAX_RECORDS};
use crate::found::Found;
use crate::shape::Shape;

/// How deep values may nest.
const MAX_DEPTH: usize = 100;
/// What binary Ion begins with.
const MARKER: &[u8] = b"\xe0\x01\x00\xea";
/// What text Ion may begin with.
const TEXT_MARKER: &[u8] = b"$ion_1_0";

pub(crate) fn classify(content: &Content<'_>) -> Found {
    if content.bytes.starts_with(MARKER) {
        return gather(content, true, &mut binary::Reader::new(&content.bytes));
    }
    let text = content.text();
    let begins = text.trim_ascii_start();
    let marked = begins.starts_with(TEXT_MARKER);
    // Without a marker, text that has no struct in it could be anything.
    if !marked && !begins.starts_with(b"{") && !annotated(begins) || !content.is_text() {
        return Found::No;
    }
    gather(content, marked, &mut text::Reader::new(text))
}

/// Whether a text begins with an annotation: `name::`.
fn annotated(text: &[u8]) -> bool {
    let end = text.iter().position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'$'));
    end.filter(|end| *end > 0).and_then(|end| text.get(end..)).is_some_and(|rest| rest.starts_with(b"::"))
}

/// Why reading a value ended without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// There are no more bytes.
    Early,
    /// The bytes contradict the format.
    Broken,
}

/// Reads values from the top level.
trait Values {
    /// The next value; nothing at the end, and `Shape::Empty` for what is none of the data's.
    fn next(&mut self) -> Result<Option<Shape>, Stop>;

    /// How many bytes have been read.
    fn position(&self) -> usize;
}

/// The records among the values; without a marker, all must be.
fn gather(content: &Content<'_>, marked: bool, values: &mut impl Values) -> Found {
    let (mut shape, mut seen, mut end) = (Shape::default(), 0usize, 0usize);
    while seen < MAX_RECORDS {
        match values.next() {
            Ok(Some(record @ Shape::Object(_))) => {
                shape.absorb(record);
                seen += 1;
                end = values.position();
            }
            Ok(Some(Shape::Empty)) => {}
            Ok(Some(_)) if marked => {}
            Ok(None) => break,
            Err(Stop::Early) if !content.complete && seen == 0 => return Found::Unfinished,
            Err(Stop::Early) if !content.complete => break,
            Ok(Some(_)) | Err(_) => return Found::No,
        }
    }
    if seen == 0 && !marked {
        return Found::No;
    }
    let columns = match shape.into_type() {
        HiveType::Struct(fields) => fields.into_iter().map(Column::of_field).collect(),
        _ => Vec::new(),
    };
    let counts = content.counts(seen as u64, end);
    Found::Yes(Classified { columns, counts, ..Classified::new(Format::Ion, content.compression) })
}

/// Ion's decimals have no bounds; this is what Athena's own exports have for them.
fn decimal() -> Shape {
    Shape::Scalar(HiveType::Decimal { precision: 38, scale: 18 })
}
