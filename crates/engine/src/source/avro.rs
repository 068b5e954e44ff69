//! Avro object container files.
//!
//! Blocks are taken out of their compression here, where what comes out is bounded, looked through, and handed to Arrow's
//! reader plain.

use std::io::{Cursor, Read};
use std::sync::Arc;

use arrow_avro::reader::ReaderBuilder;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use futures::stream::{self, StreamExt, TryStreamExt};

mod cursor;
mod walk;

use cursor::Bytes;
use walk::Records;

use super::SourceFile;
use super::own::{adapted, apart, own_table, streamed, united_columns};
use super::scan::{Batches, FileFormat, FileTable, Work};
use super::slices::{Framing, Pieces, Slice, read};
use crate::error::FileError;

const MAGIC: &[u8] = b"Obj\x01";
/// The most bytes of a header, or of a block taken out of its compression.
const MOST: usize = 256 << 20;
/// Files whose beginnings are read side by side.
const HEADS: usize = 16;
/// Plain bytes that are decoded at a time.
const GROUP: usize = 4 << 20;

/// A table over Avro files.
pub(crate) fn avro_table(
    node: &str,
    files: Vec<SourceFile>,
    columns: &[(String, DataType)],
    partitions: &[(String, DataType)],
) -> FileTable {
    own_table(node, files, columns, partitions, Arc::new(Avro))
}

/// The columns that the files themselves tell.
///
/// # Errors
/// Names the file that is none.
pub(crate) async fn avro_columns(
    node: &str,
    files: &[SourceFile],
) -> Result<Vec<(String, DataType)>, FileError> {
    let schemas: Vec<SchemaRef> = stream::iter(files)
        .map(
            |file| async move { schema(file).await.map_err(|cause| FileError::new(node, file.url(), cause)) },
        )
        .buffered(HEADS)
        .try_collect()
        .await?;
    Ok(united_columns(schemas))
}

async fn schema(file: &SourceFile) -> Result<SchemaRef, String> {
    let pieces = read(Slice { file: 0, range: None }, Arc::new(file.clone()), Framing::Any).await;
    let mut reading = Reading { pieces, held: Vec::new(), at: 0, done: false, header: None, blocks: 0 };
    let header = reading.header().await?;
    apart(move || {
        let reader = ReaderBuilder::new().build(Cursor::new(header.plain.clone()));
        reader.map(|reader| reader.schema()).map_err(|error| error.to_string())
    })
    .await
}

#[derive(Debug)]
struct Avro;

impl FileFormat for Avro {
    fn framing(&self, _: usize) -> Framing {
        Framing::Any
    }

    fn decode(&self, work: Work) -> Batches {
        let Work { pieces, schema, rows, .. } = work;
        let state = Reading { pieces, held: Vec::new(), at: 0, done: false, header: None, blocks: 0 };
        stream::try_unfold(state, |mut state| async move {
            Ok::<_, String>(state.group().await?.map(|group| (group, state)))
        })
        .map_ok(move |group| decoded(group, Arc::clone(&schema), rows))
        .try_flatten()
        .boxed()
    }
}

fn decoded(group: Vec<u8>, schema: SchemaRef, rows: usize) -> Batches {
    streamed(move |put| {
        let reader = ReaderBuilder::new().with_batch_size(rows).build(Cursor::new(group));
        for batch in reader.map_err(|error| error.to_string())? {
            if !put(adapted(&batch.map_err(|error| error.to_string())?, &schema)?) {
                break;
            }
        }
        Ok(())
    })
}

/// What a file begins with.
struct Header {
    /// The same without compression.
    plain: Vec<u8>,
    records: Records,
    codec: Codec,
    sync: [u8; 16],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Null,
    Deflate,
    Snappy,
    Bzip2,
    Xz,
    Zstandard,
}

struct Reading {
    pieces: Pieces,
    held: Vec<u8>,
    at: usize,
    done: bool,
    header: Option<Arc<Header>>,
    /// How many blocks were read.
    blocks: u64,
}

impl Reading {
    /// Some blocks as a file of their own, without compression.
    async fn group(&mut self) -> Result<Option<Vec<u8>>, String> {
        let header = self.header().await?;
        let mut group = header.plain.clone();
        let start = group.len();
        while group.len() - start < GROUP {
            let number = self.blocks + 1;
            let named = |error: String| format!("block {number}: {error}");
            let Some((count, block)) = self.block(&header).await.map_err(named)? else { break };
            self.blocks = number;
            let own = Arc::clone(&header);
            let checked = apart(move || {
                let plain = own.codec.plain(&block)?;
                own.records.check(&plain, count).map(|()| plain)
            });
            let plain = checked.await.map_err(named)?;
            write_long(&mut group, count);
            write_long(&mut group, i64::try_from(plain.len()).unwrap_or(i64::MAX));
            group.extend(plain);
            group.extend(header.sync);
        }
        Ok((group.len() > start).then_some(group))
    }

    async fn header(&mut self) -> Result<Arc<Header>, String> {
        if let Some(header) = &self.header {
            return Ok(Arc::clone(header));
        }
        loop {
            let mut bytes = Bytes::new(&self.held, 0);
            match header(&mut bytes)? {
                Some(header) => {
                    self.at = bytes.at;
                    return Ok(Arc::clone(self.header.insert(Arc::new(header))));
                }
                None if self.held.len() > MOST => return Err("its header has no end".to_owned()),
                None if self.more().await? => {}
                None => return Err("the file ends within its header".to_owned()),
            }
        }
    }

    /// The next block and how many records are in it.
    async fn block(&mut self, header: &Header) -> Result<Option<(i64, Vec<u8>)>, String> {
        loop {
            let mut bytes = Bytes::new(&self.held, self.at);
            if let Some((count, size)) = bytes.sizes()? {
                if count < 0 || size > MOST {
                    return Err(format!("it says that it has {count} records in {size} bytes"));
                }
                if let Some(block) = bytes.take(size)
                    && let Some(sync) = bytes.take(16)
                {
                    if sync != header.sync {
                        return Err("it does not end with the file's marker".to_owned());
                    }
                    let block = block.to_vec();
                    self.at = bytes.at;
                    return Ok(Some((count, block)));
                }
            }
            if !self.more().await? {
                return match self.held.len() > self.at {
                    true => Err("the file ends within it".to_owned()),
                    false => Ok(None),
                };
            }
        }
    }

    async fn more(&mut self) -> Result<bool, String> {
        if self.done {
            return Ok(false);
        }
        let Some(piece) = self.pieces.try_next().await? else {
            self.done = true;
            return Ok(false);
        };
        self.held.drain(..self.at.min(self.held.len()));
        self.at = 0;
        self.held.extend_from_slice(piece.bytes.get(piece.range).unwrap_or_default());
        Ok(true)
    }
}

fn header(bytes: &mut Bytes<'_>) -> Result<Option<Header>, String> {
    let Some(magic) = bytes.take(MAGIC.len()) else { return Ok(None) };
    if magic != MAGIC {
        return Err("it is no Avro file".to_owned());
    }
    let (mut schema, mut codec) = (None, Codec::Null);
    loop {
        let Some(count) = bytes.long()? else { return Ok(None) };
        if count == 0 {
            break;
        }
        if count < 0 && bytes.long()?.is_none() {
            return Ok(None);
        }
        for _ in 0..count.unsigned_abs() {
            let (Some(key), Some(value)) = (bytes.value()?, bytes.value()?) else { return Ok(None) };
            match key {
                b"avro.schema" => schema = Some(value),
                b"avro.codec" => codec = Codec::named(value)?,
                _ => {}
            }
        }
    }
    let Some(sync) = bytes.take(16).and_then(|sync| <[u8; 16]>::try_from(sync).ok()) else { return Ok(None) };
    let schema = schema.ok_or("its header has no schema")?;
    let records = Records::of(schema)?;
    let mut plain = MAGIC.to_vec();
    write_long(&mut plain, 2);
    for text in [b"avro.schema".as_slice(), schema, b"avro.codec", b"null"] {
        write_long(&mut plain, i64::try_from(text.len()).unwrap_or(i64::MAX));
        plain.extend_from_slice(text);
    }
    write_long(&mut plain, 0);
    plain.extend(sync);
    Ok(Some(Header { plain, records, codec, sync }))
}

fn write_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    loop {
        let byte = u8::try_from(rest & 0x7f).unwrap_or(0);
        rest >>= 7;
        if rest == 0 {
            return out.push(byte);
        }
        out.push(byte | 0x80);
    }
}

impl Codec {
    fn named(name: &[u8]) -> Result<Self, String> {
        Ok(match name {
            b"null" => Self::Null,
            b"deflate" => Self::Deflate,
            b"snappy" => Self::Snappy,
            b"bzip2" => Self::Bzip2,
            b"xz" => Self::Xz,
            b"zstandard" => Self::Zstandard,
            other => {
                let other = String::from_utf8_lossy(other);
                return Err(format!("its codec `{other}` is not supported"));
            }
        })
    }

    /// What a block is without its compression.
    fn plain(self, block: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Null => Ok(block.to_vec()),
            Self::Deflate => bounded(flate2::read::DeflateDecoder::new(block)),
            Self::Bzip2 => bounded(bzip2::read::BzDecoder::new(block)),
            Self::Xz => bounded(liblzma::read::XzDecoder::new(block)),
            Self::Zstandard => bounded(zstd::Decoder::new(block).map_err(|error| error.to_string())?),
            Self::Snappy => {
                let (block, checksum) = block.split_last_chunk::<4>().ok_or("it ends before its checksum")?;
                if snap::raw::decompress_len(block).is_ok_and(|size| size > MOST) {
                    return Err(too_large());
                }
                let plain =
                    snap::raw::Decoder::new().decompress_vec(block).map_err(|error| error.to_string())?;
                let mut found = flate2::Crc::new();
                found.update(&plain);
                match found.sum() == u32::from_be_bytes(*checksum) {
                    true => Ok(plain),
                    false => Err("it does not have its checksum".to_owned()),
                }
            }
        }
    }
}

fn bounded(reader: impl Read) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    reader.take(MOST as u64 + 1).read_to_end(&mut out).map_err(|error| error.to_string())?;
    if out.len() > MOST { Err(too_large()) } else { Ok(out) }
}

fn too_large() -> String {
    format!("it has more than {MOST} bytes without its compression")
}

#[cfg(test)]
mod tests;
