//! JSON: one or more top-level objects or arrays, on a line each or not; or, by a custom classifier's path, what is
//! inside of them.

mod path;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use mastic_hive::{Format, HiveType};

use crate::classified::{Classified, Column, Details, RecordCounts};
use crate::content::{Content, MAX_RECORDS};
use crate::found::Found;
use crate::shape::{Record, Shape};

pub(crate) use path::classify_path;

/// The one column that AWS makes of records that are arrays.
const ARRAY_COLUMN: &str = "array";

pub(crate) fn classify(content: &Content<'_>) -> Found {
    let text = content.text();
    match text.trim_ascii_start().first() {
        Some(b'{') => classify_objects(text, content),
        Some(b'[') => classify_array(text, content),
        _ => Found::No,
    }
}

fn classify_objects(text: &[u8], content: &Content<'_>) -> Found {
    let mut records = serde_json::Deserializer::from_slice(text).into_iter::<Record>();
    let (mut shape, mut seen, mut end) = (Shape::default(), 0, 0);
    while seen < MAX_RECORDS {
        match records.next() {
            Some(Ok(record)) if record.is_object() => {
                shape.absorb(record.into_shape());
                seen += 1;
                end = end_of_line(text, records.byte_offset());
            }
            Some(Err(error)) if error.is_eof() && !content.complete => break,
            None => break,
            Some(_) => return Found::No,
        }
    }
    if seen == 0 {
        return Found::Unfinished;
    }
    Found::Yes(classified(content, shape, None, content.counts(seen as u64, end)))
}

/// Where a record that ends at `end` ends with its line.
fn end_of_line(text: &[u8], end: usize) -> usize {
    match text.get(end..) {
        Some([b'\n', ..]) => end + 1,
        Some([b'\r', b'\n', ..]) => end + 2,
        _ => end,
    }
}

/// A top-level array is one record with one column, as AWS's classifier has it.
fn classify_array(text: &[u8], content: &Content<'_>) -> Found {
    let mut rest = text.trim_ascii_start().get(1..).unwrap_or_default();
    let (mut shape, mut seen) = (Shape::default(), 0);
    let mut closed = false;
    if let Some((b']', after)) = rest.trim_ascii_start().split_first() {
        (closed, rest) = (true, after);
    }
    while !closed && seen < MAX_RECORDS {
        let mut elements = serde_json::Deserializer::from_slice(rest).into_iter::<Record>();
        match elements.next() {
            Some(Ok(record)) => shape.absorb(record.into_shape()),
            Some(Err(error)) if !error.is_eof() => return Found::No,
            Some(Err(_)) | None => break,
        }
        seen += 1;
        rest = rest.get(elements.byte_offset()..).unwrap_or_default().trim_ascii_start();
        match rest.split_first() {
            Some((b',', after)) => rest = after,
            Some((b']', after)) => (closed, rest) = (true, after),
            Some(_) => return Found::No,
            None => break,
        }
    }
    if closed && !rest.trim_ascii().is_empty() {
        return Found::No;
    }
    if !closed && seen < MAX_RECORDS {
        if content.complete {
            return Found::No;
        }
        if seen == 0 {
            return Found::Unfinished;
        }
    }
    let counts = RecordCounts { records: 1, average_size: content.uncompressed_size() };
    Found::Yes(classified(content, Shape::Array(Box::new(shape)), None, counts))
}

/// What the records' shape makes of a file. Records that are no objects make one column.
fn classified(
    content: &Content<'_>,
    shape: Shape,
    path: Option<&Arc<str>>,
    counts: RecordCounts,
) -> Classified {
    let mut fields = shape.field_names();
    let single = |ty: HiveType, name: &str| vec![Column { name: name.to_owned(), ty: ty.without_void() }];
    let columns = match shape.into_type() {
        HiveType::Struct(fields) => fields.into_iter().map(Column::of_field).collect(),
        ty @ HiveType::Array(_) => single(ty, ARRAY_COLUMN),
        ty => single(ty, path::RECORD_COLUMN),
    };
    if let ([only], true) = (columns.as_slice(), fields.is_empty()) {
        fields.push(only.name.clone());
    }
    Classified {
        columns,
        details: Details::Json { fields, path: path.cloned() },
        counts,
        ..Classified::new(Format::Json, content.compression)
    }
}
