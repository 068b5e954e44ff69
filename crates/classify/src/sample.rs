//! One file's bytes to what it holds: compression first, then the built-in classifiers in AWS's
//! order (Adding classifiers to a crawler in the AWS Glue Developer Guide).

use crate::classified::Classified;
use crate::compression::{Compression, decode};
use crate::{csv, json, parquet};

/// How much of a file's beginning is usually looked at, in bytes; a good first fetch.
pub const HEAD_BYTES: u64 = MIB as u64;
/// How much of a JSON file is searched for the end of its first record, in MiB.
const JSON_MIB: usize = 10;
const MIB: usize = 1 << 20;

/// Why a file cannot be classified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassifyError {
    /// A format or compression that is recognised and not read; the text names it.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The bytes contradict the format that they claim.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
}

/// What is at hand of a file.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The object's key.
    pub key: &'a str,
    /// The object's size in bytes.
    pub size: u64,
    /// Its first bytes; all of them when `head.len() == size`.
    pub head: &'a [u8],
    /// Its last bytes, once they were asked for.
    pub tail: Option<&'a [u8]>,
}

/// What a sample gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The file is classified.
    Done(Box<Classified>),
    /// Come again with this many first bytes; more than there were, at most the file's size.
    NeedHead(u64),
    /// Come again with this many last bytes; at most the file's size.
    NeedTail(u64),
}

/// Classifies a file by its bytes, or says which bytes it takes. Reads at most the first 1,000
/// records or 1 MiB, up to 10 MiB where JSON's first record is that long, and Parquet's footer.
///
/// # Errors
/// `Unsupported` names a recognised format or compression that is not read; `Unreadable` tells of
/// bytes that contradict their format.
pub fn classify(sample: &Sample<'_>) -> Result<Outcome, ClassifyError> {
    let more = |wanted: u64| {
        let wanted = wanted.min(sample.size);
        (wanted > sample.head.len() as u64).then_some(Outcome::NeedHead(wanted))
    };
    if sample.head.starts_with(b"PAR1") {
        return parquet::classify(sample);
    }
    if let Some(need) = more(HEAD_BYTES) {
        return Ok(need);
    }
    let compression = Compression::detect(sample.key, sample.head)?;
    let mut content = decode(compression, sample.head, sample.size, MIB)?;
    refuse_binary(&content.bytes)?;
    let found = match json::classify(&content, compression, sample.size) {
        json::Verdict::Unfinished if content.limited => {
            content = decode(compression, sample.head, sample.size, JSON_MIB * MIB)?;
            json::classify(&content, compression, sample.size)
        }
        verdict => verdict,
    };
    let classified = match found {
        json::Verdict::Json(classified) => Some(classified),
        json::Verdict::Unfinished => {
            let wanted = (sample.head.len() as u64 + HEAD_BYTES).min(JSON_MIB as u64 * HEAD_BYTES);
            if let Some(need) = more(wanted) {
                return Ok(need);
            }
            None
        }
        json::Verdict::NotJson => {
            refuse_markup(&content.bytes)?;
            csv::classify(&content, compression, sample.size)
        }
    };
    Ok(Outcome::Done(Box::new(classified.unwrap_or_else(|| Classified::unknown(compression)))))
}

/// Formats known by their first bytes that are not read yet.
fn refuse_binary(bytes: &[u8]) -> Result<(), ClassifyError> {
    const MAGIC: [(&[u8], &str); 5] = [
        (b"Obj\x01", "the avro format"),
        (b"ORC", "the orc format"),
        (b"PAR1", "parquet inside whole-file compression"),
        (b"PARE", "parquet with an encrypted footer"),
        (b"\xe0\x01\x00\xea", "the ion format"),
    ];
    match MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, name)) => Err(ClassifyError::Unsupported((*name).to_owned())),
        None => Ok(()),
    }
}

fn refuse_markup(bytes: &[u8]) -> Result<(), ClassifyError> {
    let text = without_mark(bytes).trim_ascii_start();
    match text {
        [b'<', b'?' | b'!' | b'a'..=b'z' | b'A'..=b'Z', ..] => {
            Err(ClassifyError::Unsupported("the xml format".to_owned()))
        }
        _ => Ok(()),
    }
}

/// A text without the byte order mark of UTF-8.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}
