//! JSON: one or more top-level objects or arrays, on a line each or not.

mod shape;
#[cfg(test)]
pub(crate) mod tests;

use mastic_hive::{Format, HiveType, stored_name};

use crate::classified::{Classified, Column, RecordCounts};
use crate::compression::{Compression, Content};
use crate::sample::without_mark;
use shape::{Record, Shape};

/// How many records are looked at.
const MAX_RECORDS: u64 = 1000;
/// The one column that AWS's built-in classifier makes of top-level arrays.
const ARRAY_COLUMN: &str = "array";

/// Whether a content is JSON.
pub(crate) enum Verdict {
    Json(Classified),
    /// It may be, but its first record does not end within the bytes at hand.
    Unfinished,
    NotJson,
}

pub(crate) fn classify(content: &Content, compression: Compression, size: u64) -> Verdict {
    let text = without_mark(&content.bytes);
    match text.trim_ascii_start().first() {
        Some(b'{') => classify_objects(text, content, compression, size),
        Some(b'[') => classify_array(text, content, compression, size),
        _ => Verdict::NotJson,
    }
}

fn classify_objects(text: &[u8], content: &Content, compression: Compression, size: u64) -> Verdict {
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
            Some(_) => return Verdict::NotJson,
        }
    }
    if seen == 0 {
        return Verdict::Unfinished;
    }
    let json_paths = shape.field_names();
    let columns = match shape.into_type() {
        HiveType::Struct(fields) => fields
            .into_iter()
            .map(|field| Column { name: stored_name(&field.name), ty: field.ty.without_void() })
            .collect(),
        _ => Vec::new(),
    };
    let counts = counts(content, size, seen, end);
    Verdict::Json(classified(compression, columns, json_paths, counts))
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
fn classify_array(text: &[u8], content: &Content, compression: Compression, size: u64) -> Verdict {
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
            Some(Err(error)) if !error.is_eof() => return Verdict::NotJson,
            Some(Err(_)) | None => break,
        }
        seen += 1;
        rest = rest.get(elements.byte_offset()..).unwrap_or_default().trim_ascii_start();
        match rest.split_first() {
            Some((b',', after)) => rest = after,
            Some((b']', after)) => (closed, rest) = (true, after),
            Some(_) => return Verdict::NotJson,
            None => break,
        }
    }
    if closed && !rest.trim_ascii().is_empty() {
        return Verdict::NotJson;
    }
    if !closed && seen < MAX_RECORDS {
        if content.complete {
            return Verdict::NotJson;
        }
        if seen == 0 {
            return Verdict::Unfinished;
        }
    }
    let ty = HiveType::Array(Box::new(shape.into_type())).without_void();
    let columns = vec![Column { name: ARRAY_COLUMN.to_owned(), ty }];
    let counts = RecordCounts { records: 1, average_size: uncompressed_size(content, size) };
    Verdict::Json(classified(compression, columns, vec![ARRAY_COLUMN.to_owned()], counts))
}

fn classified(
    compression: Compression,
    columns: Vec<Column>,
    json_paths: Vec<String>,
    counts: RecordCounts,
) -> Classified {
    Classified { format: Some(Format::Json), compression, columns, csv: None, json_paths, counts }
}

/// The size of the file before compression: known, or supposed from the ratio seen.
pub(crate) fn uncompressed_size(content: &Content, size: u64) -> u64 {
    let bytes = content.bytes.len() as u128;
    if content.complete {
        return content.bytes.len() as u64;
    }
    let supposed = bytes.saturating_mul(u128::from(size)).checked_div(u128::from(content.consumed));
    supposed.and_then(|supposed| u64::try_from(supposed).ok()).unwrap_or(size)
}

/// Counts for `seen` records in the first `end` bytes of the content.
pub(crate) fn counts(content: &Content, size: u64, seen: u64, end: usize) -> RecordCounts {
    RecordCounts::estimate(uncompressed_size(content, size), seen, end as u64)
}
