use std::io::{self, Cursor, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::ObjectStoreExt;
use orc_rust::proto::{CompressionKind, PostScript};
use orc_rust::reader::ChunkReader;
use prost::Message;
use tokio::runtime::Handle;

use crate::source::SourceFile;
use crate::source::slices::all;

/// Bytes of a file's end that are fetched at first.
const GUESS: u64 = 16 << 10;
/// The most bytes of a file's footer, or of a file that is compressed as a whole.
const MOST: u64 = 256 << 20;
/// The most bytes of a chunk without its compression.
const CHUNK: u64 = 8 << 20;
/// How many times more bytes DEFLATE can make of some.
const DEFLATE: u64 = 1032;

/// The end of a file, which tells what is in it; the whole file, if it is compressed as a whole.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    bytes: Bytes,
    /// Where in the file it begins.
    start: u64,
    /// Where in the file the stripes end.
    stripes_end: u64,
    codec: Chunks,
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy)]
struct Chunks {
    kind: CompressionKind,
    block: u64,
}

impl Tail {
    /// Reads the end of a file; the whole file, if it is compressed as a whole.
    ///
    /// # Errors
    /// The file cannot be read, or its end is not that of an ORC file.
    pub(super) async fn read(file: &SourceFile) -> Result<Self, String> {
        let size = file.meta.size;
        let (bytes, start) = if file.codec.is_some() {
            (Bytes::from(all(file, usize::try_from(MOST).unwrap_or(usize::MAX)).await?), 0)
        } else {
            let start = size.saturating_sub(GUESS);
            (get(file, start..size).await?, start)
        };
        let Ends { script, footer, length } = ends(&bytes)?;
        let size = start + bytes.len() as u64;
        if length > size || footer > MOST {
            return Err("its footer is larger than the file".to_owned());
        }
        let (bytes, start) = if length > bytes.len() as u64 {
            (get(file, size - length..size).await?, size - length)
        } else {
            (bytes, start)
        };
        let codec =
            Chunks { kind: script.compression(), block: script.compression_block_size.unwrap_or(256 << 10) };
        if codec.block > CHUNK {
            return Err(format!("its chunks have up to {} bytes: {CHUNK} are supported", codec.block));
        }
        let tail = Self { bytes, start, stripes_end: size - length, codec };
        // Footer and metadata end before the postscript; both are rows of chunks.
        let begin = tail.bytes.len() - usize::try_from(length).unwrap_or(0);
        let metadata = usize::try_from(script.metadata_length()).unwrap_or(usize::MAX);
        let sections = tail.bytes.get(begin..).unwrap_or_default();
        let (metadata, rest) = sections.split_at_checked(metadata).ok_or("its footer is broken")?;
        let footer = usize::try_from(script.footer_length()).unwrap_or(usize::MAX);
        codec.check(metadata)?;
        codec.check(rest.get(..footer).ok_or("its footer is broken")?)?;
        Ok(tail)
    }

    /// Bytes of it that are in memory.
    pub(super) fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Reads a part of the file.
    pub(super) async fn fetch(&self, file: &SourceFile, range: Range<u64>) -> Result<Bytes, String> {
        match within(&self.bytes, self.start, &range) {
            Some(bytes) => Ok(bytes),
            None => get(file, range).await,
        }
    }
}

struct Ends {
    script: PostScript,
    /// Bytes of footer and metadata.
    footer: u64,
    /// Bytes of all that is not stripes, at the file's end.
    length: u64,
}

fn ends(bytes: &[u8]) -> Result<Ends, String> {
    let none = || "it is no ORC file".to_owned();
    let (last, before) = bytes.split_last().ok_or_else(none)?;
    let start = before.len().checked_sub(usize::from(*last)).ok_or_else(none)?;
    let script = PostScript::decode(before.get(start..).unwrap_or_default()).map_err(|_| none())?;
    if script.magic() != "ORC" {
        return Err(none());
    }
    let footer = script.footer_length().checked_add(script.metadata_length()).ok_or_else(none)?;
    let length = footer.checked_add(u64::from(*last) + 1).ok_or_else(none)?;
    Ok(Ends { script, footer, length })
}

async fn get(file: &SourceFile, range: Range<u64>) -> Result<Bytes, String> {
    file.store.get_range(&file.meta.location, range).await.map_err(|error| error.to_string())
}

fn within(bytes: &Bytes, start: u64, range: &Range<u64>) -> Option<Bytes> {
    let from = usize::try_from(range.start.checked_sub(start)?).ok()?;
    let to = usize::try_from(range.end.checked_sub(start)?).ok()?;
    (from <= to && to <= bytes.len()).then(|| bytes.slice(from..to))
}

impl Chunks {
    /// Refuses chunks that would take more memory without their compression than the file says.
    fn check(self, bytes: &[u8]) -> Result<(), String> {
        if self.kind == CompressionKind::None {
            return Ok(());
        }
        let mut rest = bytes;
        while let Some(([a, b, c], after)) = rest.split_first_chunk::<3>() {
            let header = u32::from_le_bytes([*a, *b, *c, 0]);
            let length = usize::try_from(header >> 1).unwrap_or(usize::MAX);
            let (chunk, after) = after.split_at_checked(length).ok_or("a chunk is cut off")?;
            if header & 1 == 0 && !self.fits(chunk) {
                return Err(format!("a chunk has more than {} bytes without its compression", self.block));
            }
            rest = after;
        }
        Ok(())
    }

    fn fits(self, chunk: &[u8]) -> bool {
        let counted = |reader: &mut dyn Read| {
            io::copy(&mut reader.take(self.block + 1), &mut io::sink()).is_ok_and(|count| count <= self.block)
        };
        match self.kind {
            CompressionKind::Snappy => {
                snap::raw::decompress_len(chunk).is_ok_and(|length| length as u64 <= self.block)
            }
            CompressionKind::Zstd => match zstd::zstd_safe::get_frame_content_size(chunk) {
                Ok(Some(length)) => length <= self.block,
                _ => zstd::Decoder::new(chunk).is_ok_and(|mut reader| counted(&mut reader)),
            },
            CompressionKind::Zlib if chunk.len() as u64 * DEFLATE > MOST => {
                counted(&mut flate2::read::DeflateDecoder::new(chunk))
            }
            _ => true,
        }
    }
}

/// A file as ORC's reader sees it, from a thread of its own.
pub(super) struct Input {
    file: Arc<SourceFile>,
    tail: Tail,
    /// A part that was fetched before, and where it begins.
    window: Option<(u64, Bytes)>,
    runtime: Handle,
}

impl Input {
    /// Must be made where the runtime is at hand.
    pub(super) fn new(file: &SourceFile, tail: &Tail, window: Option<(u64, Bytes)>) -> Self {
        Self { file: Arc::new(file.clone()), tail: tail.clone(), window, runtime: Handle::current() }
    }

    /// Bytes of the file.
    pub(super) fn size(&self) -> u64 {
        self.tail.start + self.tail.bytes.len() as u64
    }
}

impl ChunkReader for Input {
    type T = Cursor<Bytes>;

    fn len(&self) -> u64 {
        self.size()
    }

    fn get_read(&self, offset: u64) -> io::Result<Self::T> {
        self.get_bytes(offset, self.size().saturating_sub(offset)).map(Cursor::new)
    }

    fn get_bytes(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        let end = offset.checked_add(length).filter(|end| *end <= self.size());
        let range = offset..end.ok_or_else(|| io::Error::other("a part of the file lies outside of it"))?;
        let window = self.window.as_ref().and_then(|(start, bytes)| within(bytes, *start, &range));
        let bytes = match window.or_else(|| within(&self.tail.bytes, self.tail.start, &range)) {
            Some(bytes) => bytes,
            None => self.runtime.block_on(get(&self.file, range.clone())).map_err(io::Error::other)?,
        };
        // The footer was looked at before.
        if range.end <= self.tail.stripes_end {
            self.tail.codec.check(&bytes).map_err(io::Error::other)?;
        }
        Ok(bytes)
    }
}
