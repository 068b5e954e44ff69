//! ORC: the footer's schema and counts. No stripe is read (ORC's specification, version 1).

mod protobuf;
mod schema;
#[cfg(test)]
mod tests;

use std::io::Read;

use mastic_hive::Format;

use crate::classified::{Classified, RecordCounts};
use crate::compression::Compression;
use crate::sample::{ClassifyError, Outcome, Sample, is_binary};
use protobuf::{Malformed, Message, Value};

const MAGIC: &[u8] = b"ORC";
/// The first guess at the length of footer and postscript, in bytes.
const FIRST_TAIL: u64 = 64 << 10;
/// The longest footer that is read, compressed or not, in bytes.
const MAX_FOOTER: usize = 64 << 20;

/// Classifies a file that begins as ORC does; nothing when it is no such file.
pub(crate) fn classify(sample: &Sample<'_>) -> Result<Option<Outcome>, ClassifyError> {
    if !sample.head.starts_with(MAGIC) {
        return Ok(None);
    }
    let Some(tail) = sample.tail() else { return Ok(Some(Outcome::NeedTail(FIRST_TAIL.min(sample.size)))) };
    let Some((postscript, rest)) = postscript(tail) else { return Ok(None) };
    let postscript = match Postscript::read(postscript) {
        Ok(postscript) if postscript.magic => postscript,
        _ if is_binary(tail) => return Err(unreadable("its postscript is broken")),
        _ => return Ok(None),
    };
    if postscript.footer > MAX_FOOTER as u64 || postscript.footer > sample.size {
        return Err(unreadable(&format!(
            "a footer of {} bytes in a file of {}",
            postscript.footer, sample.size
        )));
    }
    let length = usize::try_from(postscript.footer).unwrap_or(usize::MAX);
    let footer = rest.len().checked_sub(length).and_then(|start| rest.get(start..));
    let Some(footer) = footer else {
        if tail.len() as u64 >= sample.size {
            return Err(unreadable("its footer is not whole"));
        }
        let wanted = postscript.footer + (tail.len() - rest.len()) as u64;
        return Ok(Some(Outcome::NeedTail(wanted.min(sample.size))));
    };
    let footer = decompress(footer, &postscript)?;
    let footer = Footer::read(&footer).map_err(|Malformed| unreadable("its footer is broken"))?;
    let columns = schema::columns(&footer.types).ok_or_else(|| unreadable("its types are not a tree"))?;
    Ok(Some(Outcome::Done(Box::new(Classified {
        columns,
        counts: RecordCounts::exact(sample.size, footer.rows),
        ..Classified::new(Format::Orc, Compression::None)
    }))))
}

fn unreadable(why: &str) -> ClassifyError {
    ClassifyError::Unreadable(format!("orc: {why}"))
}

/// The postscript, whose length is in the last byte, and what is before it.
fn postscript(tail: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = tail.split_last()?;
    let start = rest.len().checked_sub(usize::from(*length))?;
    let (rest, postscript) = rest.split_at_checked(start)?;
    Some((postscript, rest))
}

/// What is used of ORC's `PostScript`.
#[derive(Debug, Default)]
struct Postscript {
    /// The footer's length in bytes.
    footer: u64,
    compression: u64,
    /// The longest that a block may be before compression, in bytes.
    block: u64,
    magic: bool,
}

impl Postscript {
    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        Message::new(bytes).fields(|field, value| {
            match (field, value) {
                (1, Value::Number(length)) => found.footer = length,
                (2, Value::Number(kind)) => found.compression = kind,
                (3, Value::Number(size)) => found.block = size,
                (8000, Value::Bytes(magic)) => found.magic = magic == MAGIC,
                _ => {}
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// What is used of ORC's `Footer`.
#[derive(Debug, Default)]
struct Footer {
    types: Vec<schema::Type>,
    rows: u64,
}

impl Footer {
    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        Message::new(bytes).fields(|field, value| {
            match (field, value) {
                (4, Value::Bytes(ty)) => found.types.push(schema::Type::read(ty)?),
                (6, Value::Number(rows)) => found.rows = rows,
                _ => {}
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// The footer's blocks, each behind three bytes with its length and whether it is as it was.
fn decompress(packed: &[u8], postscript: &Postscript) -> Result<Vec<u8>, ClassifyError> {
    if postscript.compression == 0 {
        return Ok(packed.to_vec());
    }
    let block = usize::try_from(postscript.block).unwrap_or(usize::MAX).min(MAX_FOOTER);
    let early = || unreadable("its footer ends early");
    let (mut rest, mut footer) = (packed, Vec::new());
    while !rest.is_empty() {
        let ([a, b, c], after) = rest.split_first_chunk::<3>().ok_or_else(early)?;
        let header = u32::from_le_bytes([*a, *b, *c, 0]);
        let length = usize::try_from(header >> 1).unwrap_or(usize::MAX);
        let (chunk, after) = after.split_at_checked(length).ok_or_else(early)?;
        rest = after;
        if header & 1 == 1 {
            footer.extend_from_slice(chunk);
        } else {
            unpack(chunk, postscript.compression, block, &mut footer)?;
        }
        if footer.len() > MAX_FOOTER {
            return Err(unreadable("its footer is too long"));
        }
    }
    Ok(footer)
}

fn unpack(chunk: &[u8], compression: u64, block: usize, footer: &mut Vec<u8>) -> Result<(), ClassifyError> {
    let broken =
        |error: &dyn std::fmt::Display| unreadable(&format!("its footer cannot be decompressed: {error}"));
    let before = footer.len();
    let limit = block as u64 + 1;
    match compression {
        1 => {
            let read = flate2::bufread::DeflateDecoder::new(chunk).take(limit).read_to_end(footer);
            read.map_err(|error| broken(&error))?;
        }
        2 => {
            let length = snap::raw::decompress_len(chunk).map_err(|error| broken(&error))?;
            if length <= block {
                let unpacked =
                    snap::raw::Decoder::new().decompress_vec(chunk).map_err(|error| broken(&error))?;
                footer.extend_from_slice(&unpacked);
            } else {
                return Err(broken(&"a block is too long"));
            }
        }
        4 => {
            // A byte of LZ4 stands for 255 at most.
            let room = block.min(chunk.len().saturating_mul(256));
            let unpacked = lz4_flex::block::decompress(chunk, room).map_err(|error| broken(&error))?;
            footer.extend_from_slice(&unpacked);
        }
        5 => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(chunk).map_err(|error| broken(&error))?;
            decoder.take(limit).read_to_end(footer).map_err(|error| broken(&error))?;
        }
        other => {
            let name = if other == 3 { "lzo".to_owned() } else { format!("number {other}") };
            return Err(unreadable(&format!("the compression {name} is not supported")));
        }
    }
    if footer.len() - before > block { Err(broken(&"a block is too long")) } else { Ok(()) }
}
