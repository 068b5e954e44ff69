use std::marker::PhantomData;

use crate::engine::{Span, successor};
use crate::{KeyFor, KeyWriter, PrefixFor};

/// Which keys of a keyspace a scan walks; made by [`crate::Keyspace::all`],
/// [`crate::Keyspace::prefix`] and [`crate::Keyspace::prefix_text`] and narrowed from there.
///
/// ```
/// # use mastic_store::{Keyspace, Record};
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Object;
/// # impl Record for Object { const VERSION: u16 = 1; }
/// const OBJECTS: Keyspace<(String, String), Object> = Keyspace::new("s3.object");
/// // Listing `photos/` with the delimiter `/`: having seen `photos/2026/`, go on behind it.
/// let range = OBJECTS.prefix_text(("bucket",), "photos/").past_text(("bucket",), "photos/2026/");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range<K> {
    pub(crate) span: Span,
    key: PhantomData<fn() -> K>,
}

impl<K> Range<K> {
    pub(crate) fn of(span: Span) -> Self {
        Self { span, key: PhantomData }
    }

    fn starting(mut self, start: Vec<u8>) -> Self {
        if start > self.span.start {
            self.span.start = start;
        }
        self
    }

    fn ending(mut self, end: Vec<u8>) -> Self {
        if self.span.end.as_ref().is_none_or(|old| end < *old) {
            self.span.end = Some(end);
        }
        self
    }

    /// Only `key` and what follows it.
    #[must_use]
    pub fn from<Q: KeyFor<K> + ?Sized>(self, key: &Q) -> Self {
        self.starting(encoded(key))
    }

    /// Only what follows `key`: the next page after the last key of this one.
    #[must_use]
    pub fn after<Q: KeyFor<K> + ?Sized>(self, key: &Q) -> Self {
        self.after_encoded(&encoded(key))
    }

    /// Only what comes before `key`; for a page token of a reverse scan.
    #[must_use]
    pub fn before<Q: KeyFor<K> + ?Sized>(self, key: &Q) -> Self {
        self.ending(encoded(key))
    }

    /// As [`Range::after`], for a key in the form that [`crate::Keyspace::encode`] gives.
    #[must_use]
    pub fn after_encoded(self, key: &[u8]) -> Self {
        let mut start = key.to_vec();
        start.push(0);
        self.starting(start)
    }

    /// As [`Range::before`], for a key in the form that [`crate::Keyspace::encode`] gives.
    #[must_use]
    pub fn before_encoded(self, key: &[u8]) -> Self {
        self.ending(key.to_vec())
    }

    /// Only what follows all keys that begin with these parts.
    #[must_use]
    pub fn past<P: PrefixFor<K>>(self, parts: P) -> Self {
        self.past_bytes(&prefix_bytes(&parts))
    }

    /// Only what follows all keys that begin with these parts and whose next part, a text,
    /// starts with `text`.
    #[must_use]
    pub fn past_text<P: PrefixFor<K, Next = String>>(self, parts: P, text: &str) -> Self {
        self.past_bytes(&text_prefix_bytes(&parts, text))
    }

    fn past_bytes(self, prefix: &[u8]) -> Self {
        match successor(prefix) {
            Some(start) => self.starting(start),
            // Nothing follows a prefix that has no successor.
            None => self.ending(Vec::new()),
        }
    }
}

pub(crate) fn encoded<K, Q: KeyFor<K> + ?Sized>(key: &Q) -> Vec<u8> {
    let mut writer = KeyWriter::new();
    key.encode(&mut writer);
    writer.into_bytes()
}

pub(crate) fn prefix_bytes<K, P: PrefixFor<K>>(parts: &P) -> Vec<u8> {
    let mut writer = KeyWriter::new();
    parts.encode_prefix(&mut writer);
    writer.into_bytes()
}

pub(crate) fn text_prefix_bytes<K, P: PrefixFor<K, Next = String>>(parts: &P, text: &str) -> Vec<u8> {
    let mut writer = KeyWriter::new();
    parts.encode_prefix(&mut writer);
    writer.text_start(text);
    writer.into_bytes()
}
