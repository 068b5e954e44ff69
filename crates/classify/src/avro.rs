//! Avro container files: the schema in the header, and what the blocks at hand say of themselves (Object Container
//! Files in Avro's specification).

mod schema;
#[cfg(test)]
mod tests;

use mastic_hive::Format;

use crate::classified::{Classified, Details, RecordCounts};
use crate::content::Content;
use crate::found::Found;

const MAGIC: &[u8] = b"Obj\x01";
/// The length of the mark between blocks, in bytes.
const SYNC: usize = 16;
/// How many entries a header may have.
const MAX_ENTRIES: usize = 10_000;

pub(crate) fn classify(content: &Content<'_>) -> Found {
    if !content.bytes.starts_with(MAGIC) {
        return Found::No;
    }
    let mut reader = Reader { rest: content.bytes.get(MAGIC.len()..).unwrap_or_default() };
    let schema = match reader.header() {
        Ok(schema) => schema,
        Err(Stop::Early) => return Found::Unfinished,
        Err(Stop::Broken) => return Found::No,
    };
    let Some(columns) = schema::columns(&schema) else { return Found::No };
    let header = content.bytes.len() - reader.rest.len();
    let (records, bytes) = reader.blocks();
    let counts = match records {
        0 => RecordCounts::default(),
        // The blocks that were seen tell how many records the rest has.
        _ => {
            let data = content.uncompressed_size().saturating_sub(header as u64);
            let all = u128::from(records) * u128::from(data) / u128::from(bytes.max(1));
            let all = if content.complete { records } else { u64::try_from(all).unwrap_or(records) };
            RecordCounts { records: all, average_size: (bytes / records).max(1) }
        }
    };
    Found::Yes(Classified {
        columns,
        details: Details::Avro { schema },
        counts,
        ..Classified::new(Format::Avro, content.compression)
    })
}

/// Why reading ended.
enum Stop {
    /// There are no more bytes.
    Early,
    /// The bytes contradict the format.
    Broken,
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Stop::Early)?;
        self.rest = rest;
        Ok(taken)
    }

    fn long(&mut self) -> Result<i64, Stop> {
        let mut raw = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(Stop::Early)?;
            self.rest = rest;
            raw |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed());
            }
        }
        Err(Stop::Broken)
    }

    fn bytes(&mut self) -> Result<&'a [u8], Stop> {
        let length = usize::try_from(self.long()?).map_err(|_| Stop::Broken)?;
        self.take(length)
    }

    /// The schema among the header's entries.
    fn header(&mut self) -> Result<String, Stop> {
        let (mut schema, mut entries) = (None, 0usize);
        loop {
            let mut count = self.long()?;
            if count == 0 {
                break;
            }
            if count < 0 {
                // The size of the block follows, for those who skip it.
                self.long()?;
                count = count.checked_neg().ok_or(Stop::Broken)?;
            }
            for _ in 0..count {
                entries += 1;
                if entries > MAX_ENTRIES {
                    return Err(Stop::Broken);
                }
                let (key, value) = (self.bytes()?, self.bytes()?);
                if key == b"avro.schema" {
                    schema = Some(String::from_utf8(value.to_vec()).map_err(|_| Stop::Broken)?);
                }
            }
        }
        self.take(SYNC)?;
        schema.ok_or(Stop::Broken)
    }

    /// Records and bytes of the blocks whose beginning is at hand.
    fn blocks(&mut self) -> (u64, u64) {
        let (mut records, mut bytes) = (0u64, 0u64);
        while let (Ok(count), Ok(size)) = (self.long(), self.long()) {
            let (Ok(count), Ok(size)) = (u64::try_from(count), usize::try_from(size)) else { break };
            records = records.saturating_add(count);
            bytes = bytes.saturating_add(size as u64);
            if size.checked_add(SYNC).is_none_or(|size| self.take(size).is_err()) {
                break;
            }
        }
        (records, bytes)
    }
}
