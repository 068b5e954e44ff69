//! Byte ranges ("GetObject", RFC 9110 section 14).

use std::ops::Range;

use mastic_core::Fault;

use crate::fault;

/// A range as a client asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// From an offset to the end, or to another offset inclusive.
    From(u64, Option<u64>),
    /// The last so many bytes.
    Last(u64),
}

impl ByteRange {
    /// Reads `bytes=first-last`, as `x-amz-copy-source-range` has it.
    #[must_use]
    pub fn parse_closed(text: &str) -> Option<Self> {
        let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last).then_some(Self::From(first, Some(last)))
    }

    /// The offsets in an object of that size.
    ///
    /// # Errors
    /// `InvalidRange` if none of its bytes is in the range.
    pub(crate) fn within(self, size: u64) -> Result<Range<u64>, Fault> {
        match self {
            Self::From(first, _) if first >= size => Err(fault::invalid_range()),
            Self::From(first, Some(last)) => Ok(first..last.saturating_add(1).min(size)),
            Self::From(first, None) => Ok(first..size),
            Self::Last(0) => Err(fault::invalid_range()),
            Self::Last(_) if size == 0 => Err(fault::invalid_range()),
            Self::Last(length) => Ok(size.saturating_sub(length)..size),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ByteRange::{From, Last};
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        assert_eq!(From(2, Some(4)).within(10), Ok(2..5));
        assert_eq!(From(2, Some(99)).within(10), Ok(2..10));
        assert_eq!(From(9, None).within(10), Ok(9..10));
        assert_eq!(Last(3).within(10), Ok(7..10));
        assert_eq!(Last(30).within(10), Ok(0..10));
        assert!(From(10, None).within(10).is_err());
        assert!(Last(0).within(10).is_err());
        assert_eq!(ByteRange::parse_closed("bytes=0-9"), Some(From(0, Some(9))));
        assert_eq!(ByteRange::parse_closed("bytes=5-"), None);
        assert_eq!(ByteRange::parse_closed("bytes=5-4"), None);
    }
}
