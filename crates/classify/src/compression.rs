//! Whole-file compression: recognised by the bytes, decoded as far as a sample needs.

mod hadoop;
#[cfg(test)]
pub(crate) mod tests;
mod zip;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::io::{self, ErrorKind, Read};

use crate::content::Content;
use crate::sample::{ClassifyError, Outcome, Sample};

/// How a file as a whole is compressed, as `compressionType` says it (Built-in classifiers in the AWS Glue Developer
/// Guide). What AWS does not list, zstd among it, is not recognised: such files are `UNKNOWN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, also of several members.
    Gzip,
    /// bzip2, also of several streams.
    Bzip2,
    /// A ZIP archive of a single file.
    Zip,
    /// LZ4 frames.
    Lz4,
    /// Snappy in its framing format.
    Snappy,
    /// Snappy in the blocks that Hadoop writes; to `compressionType` the same as [`Compression::Snappy`].
    HadoopSnappy,
}

impl Compression {
    /// The value of the `compressionType` parameter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Zip => "zip",
            Self::Lz4 => "lz4",
            Self::Snappy | Self::HadoopSnappy => "snappy",
        }
    }

    /// The compression that the first bytes tell of.
    pub(crate) fn detect(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            // The magic number of the first block, or of the end of a file without any.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => Self::Bzip2,
            [b'P', b'K', 3, 4, ..] => Self::Zip,
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Lz4,
            [0xff, 6, 0, 0, b's', b'N', b'a', b'P', b'p', b'Y', ..] => Self::Snappy,
            _ if hadoop::recognised(head) => Self::HadoopSnappy,
            _ => Self::None,
        }
    }
}

/// A content, or what it takes to read it.
pub(crate) enum Decoded<'a> {
    Content(Content<'a>),
    Need(Outcome),
    /// It is no compressed file after all, or one that AWS does not look into.
    Unknown,
}

/// At most `limit` bytes of what a file's beginning stands for.
///
/// # Errors
/// `Unreadable` when the compressed bytes are broken.
pub(crate) fn decode<'a>(
    compression: Compression,
    sample: &Sample<'a>,
    limit: u64,
) -> Result<Decoded<'a>, ClassifyError> {
    let head = sample.head;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let whole = head.len() as u64 >= sample.size;
    let content = |bytes: Cow<'a, [u8]>, complete, limited, consumed| {
        Decoded::Content(Content {
            bytes,
            compression,
            size: sample.size,
            complete,
            limited,
            consumed,
            text: OnceCell::new(),
        })
    };
    if compression == Compression::None {
        let bytes = head.get(..most).unwrap_or(head);
        let limited = bytes.len() < head.len();
        return Ok(content(Cow::Borrowed(bytes), whole && !limited, limited, bytes.len() as u64));
    }
    let packed = match compression {
        Compression::Zip => match zip::single_file(sample)? {
            zip::Archive::Single(packed) => packed,
            zip::Archive::Need(outcome) => return Ok(Decoded::Need(outcome)),
            zip::Archive::Other => return Ok(Decoded::Unknown),
        },
        _ => zip::Packed { bytes: head, stored: false },
    };
    let mut rest = packed.bytes;
    let mut bytes = Vec::new();
    let read = match (compression, packed.stored) {
        (Compression::None, _) | (Compression::Zip, true) => pull(&mut rest, limit, &mut bytes),
        (Compression::Zip, false) => pull(flate2::bufread::DeflateDecoder::new(&mut rest), limit, &mut bytes),
        (Compression::Gzip, _) => pull(flate2::bufread::MultiGzDecoder::new(&mut rest), limit, &mut bytes),
        (Compression::Bzip2, _) => pull(bzip2::bufread::MultiBzDecoder::new(&mut rest), limit, &mut bytes),
        (Compression::Lz4, _) => lz4(&mut rest, limit, &mut bytes),
        (Compression::Snappy, _) => pull(snap::read::FrameDecoder::new(&mut rest), limit, &mut bytes),
        (Compression::HadoopSnappy, _) => hadoop::decode(&mut rest, limit, &mut bytes),
    };
    let ended = match read {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::UnexpectedEof && !whole => false,
        Err(error) => return Err(ClassifyError::Unreadable(format!("{}: {error}", compression.name()))),
    };
    let limited = bytes.len() > most;
    bytes.truncate(most);
    let consumed = (packed.bytes.len() - rest.len()) as u64;
    Ok(content(Cow::Owned(bytes), ended && whole && !limited, limited, consumed))
}

/// A decoder of LZ4 stops at the end of a frame; there may be several.
fn lz4(rest: &mut &[u8], limit: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    while !rest.is_empty() && bytes.len() as u64 <= limit {
        let room = limit.saturating_sub(bytes.len() as u64);
        pull(lz4_flex::frame::FrameDecoder::new(&mut *rest), room, bytes)?;
    }
    Ok(())
}

/// One byte more than the limit tells that there is more.
fn pull(reader: impl Read, limit: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    reader.take(limit + 1).read_to_end(bytes).map(drop)
}
