//! Whole-file compression: recognised by magic numbers, decoded as far as a sample needs.

use std::io::{ErrorKind, Read};

use crate::sample::ClassifyError;

/// How a file as a whole is compressed, as `compressionType` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, also of several members.
    Gzip,
}

impl Compression {
    /// The value of the `compressionType` parameter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
        }
    }

    /// The compression that the first bytes, or failing these the key's extension, tell of.
    ///
    /// # Errors
    /// `Unsupported` for one that is recognised and cannot be decoded.
    pub(crate) fn detect(key: &str, head: &[u8]) -> Result<Self, ClassifyError> {
        const MAGIC: [(&[u8], &str); 7] = [
            (b"BZh", "bzip2"),
            (b"PK\x03\x04", "zip"),
            (b"\x28\xb5\x2f\xfd", "zstd"),
            (b"\x04\x22\x4d\x18", "lz4"),
            (b"\xff\x06\x00\x00sNaPpY", "snappy"),
            (b"\xfd7zXZ\x00", "xz"),
            (b"\x89LZO\x00\r\n\x1a\n", "lzo"),
        ];
        const EXTENSIONS: [(&str, &str); 4] =
            [(".snappy", "snappy"), (".lz4", "lz4"), (".lzo_deflate", "lzo"), (".deflate", "deflate")];
        if head.starts_with(b"\x1f\x8b") {
            return Ok(Self::Gzip);
        }
        let by_magic = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name);
        let by_name = || EXTENSIONS.iter().find(|(end, _)| key.ends_with(end)).map(|(_, name)| *name);
        match by_magic.or_else(by_name) {
            Some(name) => Err(ClassifyError::Unsupported(format!("{name} compression"))),
            None => Ok(Self::None),
        }
    }
}

/// The beginning of a file's contents, decompressed.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    /// Whether these are all bytes of the file.
    pub(crate) complete: bool,
    /// Whether more could be had from the same head under a higher limit.
    pub(crate) limited: bool,
    /// Bytes of the head that these came from.
    pub(crate) consumed: u64,
}

/// At most `limit` bytes of what `head`, the beginning of a file of `size` bytes, stands for.
///
/// # Errors
/// `Unreadable` when the compressed bytes are broken.
pub(crate) fn decode(
    compression: Compression,
    head: &[u8],
    size: u64,
    limit: usize,
) -> Result<Content, ClassifyError> {
    let whole = head.len() as u64 >= size;
    match compression {
        Compression::None => {
            let bytes = head.get(..limit).unwrap_or(head).to_vec();
            let limited = bytes.len() < head.len();
            Ok(Content { complete: whole && !limited, limited, consumed: bytes.len() as u64, bytes })
        }
        Compression::Gzip => {
            let mut rest = head;
            let mut bytes = Vec::new();
            let read = flate2::bufread::MultiGzDecoder::new(&mut rest)
                .take(limit as u64 + 1)
                .read_to_end(&mut bytes);
            let ended = match read {
                Ok(_) => true,
                Err(error) if error.kind() == ErrorKind::UnexpectedEof && !whole => false,
                Err(error) => return Err(ClassifyError::Unreadable(format!("gzip: {error}"))),
            };
            let limited = bytes.len() > limit;
            bytes.truncate(limit);
            let consumed = (head.len() - rest.len()) as u64;
            Ok(Content { complete: ended && whole && !limited, limited, consumed, bytes })
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use super::{Compression, decode};

    pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn recognised_and_not_decoded() {
        for (head, name) in
            [(&b"BZh91AY"[..], "bzip2"), (b"PK\x03\x04..", "zip"), (b"\x28\xb5\x2f\xfd", "zstd")]
        {
            let error = Compression::detect("k", head).unwrap_err();
            assert_eq!(error.to_string(), format!("{name} compression is not supported"));
        }
        assert!(Compression::detect("part-0.snappy", b"x").is_err());
        assert_eq!(Compression::detect("a.csv", b"a,b").unwrap(), Compression::None);
    }

    #[test]
    fn gzip_is_decoded_as_far_as_asked() {
        let text = b"0123456789".repeat(1000);
        let mut packed = gzip(&text);
        let size = packed.len() as u64;
        let content = decode(Compression::Gzip, &packed, size, 1 << 20).unwrap();
        assert!(content.complete && content.bytes == text && content.consumed == size);
        let content = decode(Compression::Gzip, &packed, size, 100).unwrap();
        assert!(!content.complete && content.limited && content.bytes.len() == 100);
        let half = packed.get(..packed.len() / 2).unwrap();
        assert!(!decode(Compression::Gzip, half, size, 1 << 20).unwrap().complete);
        packed.extend(gzip(&text));
        let content = decode(Compression::Gzip, &packed, packed.len() as u64, 1 << 20).unwrap();
        assert_eq!(content.bytes.len(), 2 * text.len());
        *packed.get_mut(30).unwrap() ^= 0xff;
        assert!(decode(Compression::Gzip, &packed, packed.len() as u64, 1 << 20).is_err());
    }
}
