//! Parquet: the footer's schema and counts. No page is read.

mod schema;
#[cfg(test)]
mod tests;

use mastic_hive::Format;

use crate::classified::{Classified, RecordCounts};
use crate::compression::Compression;
use crate::sample::{ClassifyError, Outcome, Sample, is_binary};
use crate::thrift::{Malformed, Reader};

/// The first guess at a footer's length, in bytes.
const FIRST_TAIL: u64 = 64 << 10;
/// The longest footer that is read, in bytes.
const MAX_FOOTER: u64 = 64 << 20;
/// The footer's length and the magic number behind it.
const TRAILER: u64 = 8;

const MAGIC: &[u8] = b"PAR1";

/// Classifies a file that begins as Parquet does; nothing when it is a text after all.
pub(crate) fn classify(sample: &Sample<'_>) -> Result<Option<Outcome>, ClassifyError> {
    if !sample.head.starts_with(MAGIC) {
        return Ok(None);
    }
    let first_tail = FIRST_TAIL.min(sample.size);
    let Some(tail) = sample.tail() else { return Ok(Some(Outcome::NeedTail(first_tail))) };
    match tail {
        [rest @ .., a, b, c, d, b'P', b'A', b'R', b'1'] => {
            read(sample, rest, u32::from_le_bytes([*a, *b, *c, *d])).map(Some)
        }
        [.., b'P', b'A', b'R', b'E'] => Err(unreadable("its footer is encrypted")),
        _ if (tail.len() as u64) < TRAILER.min(sample.size) => Ok(Some(Outcome::NeedTail(first_tail))),
        _ if is_binary(tail) => Err(unreadable("it does not end in PAR1")),
        _ => Ok(None),
    }
}

/// Reads the footer, which ends `rest`.
fn read(sample: &Sample<'_>, rest: &[u8], length: u32) -> Result<Outcome, ClassifyError> {
    let length = u64::from(length);
    if length > MAX_FOOTER || length + TRAILER > sample.size {
        return Err(unreadable(&format!("a footer of {length} bytes in a file of {}", sample.size)));
    }
    let footer =
        usize::try_from(length).ok().and_then(|n| rest.len().checked_sub(n)).and_then(|n| rest.get(n..));
    let Some(footer) = footer else { return Ok(Outcome::NeedTail(length + TRAILER)) };
    let metadata = read_footer(footer).map_err(|Malformed| unreadable("its footer is broken"))?;
    let records = u64::try_from(metadata.rows).unwrap_or_default();
    let bytes = if metadata.bytes == 0 { sample.size } else { metadata.bytes };
    Ok(Outcome::Done(Box::new(Classified {
        columns: schema::columns(&metadata.schema).ok_or_else(|| unreadable("its schema is not a tree"))?,
        counts: RecordCounts::exact(bytes, records),
        ..Classified::new(Format::Parquet, Compression::None)
    })))
}

fn unreadable(why: &str) -> ClassifyError {
    ClassifyError::Unreadable(format!("parquet: {why}"))
}

/// What is used of Parquet's `FileMetaData`.
#[derive(Debug, Default)]
struct FileMetadata {
    schema: Vec<schema::Element>,
    rows: i64,
    /// Bytes of all row groups before compression.
    bytes: u64,
}

fn read_footer(footer: &[u8]) -> Result<FileMetadata, Malformed> {
    let mut metadata = FileMetadata::default();
    Reader::new(footer).fields(|reader, id, _| {
        match id {
            2 => {
                let (length, _) = reader.list()?;
                for _ in 0..length {
                    metadata.schema.push(schema::Element::read(reader)?);
                }
            }
            3 => metadata.rows = reader.int()?,
            4 => {
                let (length, _) = reader.list()?;
                for _ in 0..length {
                    metadata.bytes = metadata.bytes.saturating_add(row_group_bytes(reader)?);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(metadata)
}

fn row_group_bytes(reader: &mut Reader<'_>) -> Result<u64, Malformed> {
    let mut bytes = 0;
    reader.fields(|reader, id, _| {
        if id == 2 {
            bytes = u64::try_from(reader.int()?).unwrap_or_default();
        }
        Ok(id == 2)
    })?;
    Ok(bytes)
}
