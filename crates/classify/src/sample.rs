//! What is at hand of a file, and what comes of it.

use crate::classified::Classified;

/// How much of a file's beginning is usually looked at, in bytes; a good first fetch.
pub const HEAD_BYTES: u64 = 1 << 20;

/// Why a file cannot be classified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassifyError {
    /// The bytes contradict the format or compression that they claim. A crawl says so and goes on: to AWS such a
    /// file is `UNKNOWN`.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
}

/// What is at hand of a file.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The object's size in bytes.
    pub size: u64,
    /// Its first bytes; all of them when `head.len() == size`.
    pub head: &'a [u8],
    /// Its last bytes, once they were asked for.
    pub tail: Option<&'a [u8]>,
}

impl<'a> Sample<'a> {
    /// The last bytes; a head that is the whole file is its own tail.
    pub(crate) fn tail(&self) -> Option<&'a [u8]> {
        if self.head.len() as u64 >= self.size { Some(self.head) } else { self.tail }
    }

    /// Asks for this many first bytes, if the file has more than are at hand.
    pub(crate) fn more(&self, wanted: u64) -> Option<Outcome> {
        let wanted = wanted.min(self.size);
        (wanted > self.head.len() as u64).then_some(Outcome::NeedHead(wanted))
    }
}

/// Whether bytes have what no text has: of what control characters are in texts, only Ctrl-A is below the tab.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| matches!(byte, 0 | 2..8))
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
