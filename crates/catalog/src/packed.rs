use mastic_store::Record;
use mastic_store::record::{self, RecordError};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A record within a record, left encoded until it is wanted: a scan that decides by the key skips
/// over rows at the price of a copy.
#[derive(Debug, Clone)]
pub(crate) struct Packed(Vec<u8>);

impl Packed {
    pub(crate) fn new<R: Record>(record: &R) -> Result<Self, RecordError> {
        record::encode(record).map(Self)
    }

    pub(crate) fn open<R: Record>(&self) -> Result<R, RecordError> {
        record::decode(&self.0)
    }

    /// The encoded size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.0.len()
    }
}

impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_byte_buf(Bytes)
    }
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Packed;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Packed, E> {
        Ok(Packed(bytes.to_vec()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Packed, E> {
        Ok(Packed(bytes))
    }
}
