//! ZIP archives: as many of the format's fields as it takes to read the only file of one.

use crate::sample::{ClassifyError, Outcome, Sample};

/// The length of a local file header without name and extra field, in bytes.
const LOCAL_HEADER: usize = 30;
/// The length of the end of the central directory without a comment, in bytes.
const END: usize = 22;
/// The longest end of the central directory, in bytes.
const MAX_END: u64 = END as u64 + 0xffff;
/// How compressed lengths say that they stand elsewhere.
const ELSEWHERE: u32 = u32::MAX;

/// The bytes of a file in an archive, as far as they are at hand.
pub(super) struct Packed<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether they are not compressed.
    pub(super) stored: bool,
}

pub(super) enum Archive<'a> {
    /// It has a single file.
    Single(Packed<'a>),
    /// It takes more bytes to tell.
    Need(Outcome),
    /// It has more files, none, or no end.
    Other,
}

pub(super) fn single_file<'a>(sample: &Sample<'a>) -> Result<Archive<'a>, ClassifyError> {
    let Some(tail) = sample.tail() else {
        return Ok(Archive::Need(Outcome::NeedTail(MAX_END.min(sample.size))));
    };
    if entries(tail) != Some(1) {
        return Ok(Archive::Other);
    }
    let head = sample.head;
    let early = || ClassifyError::Unreadable("zip: its first header is not whole".to_owned());
    let number = |at: usize| {
        head.get(at..at + 2).and_then(|pair| pair.first_chunk::<2>()).map(|pair| u16::from_le_bytes(*pair))
    };
    let (flags, method) = (number(6).ok_or_else(early)?, number(8).ok_or_else(early)?);
    let (name, extra) = (number(26).ok_or_else(early)?, number(28).ok_or_else(early)?);
    let packed =
        head.get(18..22).and_then(|four| four.first_chunk::<4>()).map(|four| u32::from_le_bytes(*four));
    let packed = packed.ok_or_else(early)?;
    if flags & 1 != 0 {
        return Err(ClassifyError::Unreadable("zip: it is encrypted".to_owned()));
    }
    let bytes = head.get(LOCAL_HEADER + usize::from(name) + usize::from(extra)..).ok_or_else(early)?;
    match method {
        8 => Ok(Archive::Single(Packed { bytes, stored: false })),
        0 if flags & 8 == 0 => {
            let length = usize::try_from(packed).ok().filter(|_| packed != ELSEWHERE);
            let bytes = length.and_then(|length| bytes.get(..length)).unwrap_or(bytes);
            Ok(Archive::Single(Packed { bytes, stored: true }))
        }
        other => {
            Err(ClassifyError::Unreadable(format!("zip: the compression method {other} is not supported")))
        }
    }
}

/// The number of files that the end of the central directory tells of.
fn entries(tail: &[u8]) -> Option<u16> {
    let last = tail.len().checked_sub(END)?;
    let first = tail.len().saturating_sub(usize::try_from(MAX_END).unwrap_or(usize::MAX));
    let end = (first..=last)
        .rev()
        .find_map(|at| tail.get(at..at + END).filter(|end| end.starts_with(b"PK\x05\x06")))?;
    end.get(10..12)?.first_chunk::<2>().map(|pair| u16::from_le_bytes(*pair))
}
