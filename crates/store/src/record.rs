//! Stored values: an envelope with a version around named MessagePack.
//!
//! Fields are stored by name, so adding one that is an `Option` or has `#[serde(default)]` is no
//! new version. A change that old bytes cannot meet is one: `VERSION` goes up, the old type stays
//! beside the new one, and `upgrade` leads from it.
//!
//! ```
//! use mastic_store::record::{self, Record, RecordError};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct TableV1 { owner: String }
//! impl Record for TableV1 { const VERSION: u16 = 1; }
//!
//! #[derive(Serialize, Deserialize)]
//! struct Table { owners: Vec<String> }
//! impl From<TableV1> for Table {
//!     fn from(old: TableV1) -> Self { Self { owners: vec![old.owner] } }
//! }
//! impl Record for Table {
//!     const VERSION: u16 = 2;
//!     fn upgrade(version: u16, content: &[u8]) -> Result<Self, RecordError> {
//!         record::from_previous::<TableV1, Self>(version, content)
//!     }
//! }
//!
//! let old = record::encode(&TableV1 { owner: "ann".into() })?;
//! assert_eq!(record::decode::<Table>(&old)?.owners, ["ann"]);
//! # Ok::<(), RecordError>(())
//! ```

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The first byte of a value: named MessagePack follows the version.
const MESSAGE_PACK: u8 = 1;

/// Why a value cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The value cannot be encoded.
    #[error("the record does not encode: {0}")]
    Encode(Arc<str>),
    /// The bytes are not an encoded record of this type.
    #[error("the record does not decode: {0}")]
    Decode(Arc<str>),
    /// The first byte tells of no known encoding.
    #[error("the record's encoding {0} is not known")]
    Encoding(u8),
    /// A later version of Mastic wrote it.
    #[error("the record is of version {found}, newer than {known}: a later version of Mastic wrote it")]
    Newer {
        /// The version found.
        found: u16,
        /// The newest that is known.
        known: u16,
    },
    /// No path leads from this version.
    #[error("the record is of version {found}, which can no longer be upgraded to {known}")]
    Older {
        /// The version found.
        found: u16,
        /// The version wanted.
        known: u16,
    },
}

/// A type that is stored.
pub trait Record: Serialize + DeserializeOwned {
    /// The version that this type writes, from 1 on.
    const VERSION: u16;

    /// Reads the content of an older version; see [`from_previous`].
    ///
    /// # Errors
    /// If no path leads from that version, or the content is not of it.
    fn upgrade(version: u16, _content: &[u8]) -> Result<Self, RecordError> {
        Err(RecordError::Older { found: version, known: Self::VERSION })
    }
}

/// One step of an upgrade: reads the content as `P`, which may itself come from an older
/// version, and converts it.
///
/// # Errors
/// As [`Record::upgrade`].
pub fn from_previous<P: Record, R: From<P>>(version: u16, content: &[u8]) -> Result<R, RecordError> {
    open::<P>(version, content).map(R::from)
}

/// The bytes of a value.
///
/// # Errors
/// If one of its parts has no MessagePack form.
pub fn encode<R: Record>(record: &R) -> Result<Vec<u8>, RecordError> {
    let [high, low] = R::VERSION.to_be_bytes();
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(&[MESSAGE_PACK, high, low]);
    rmp_serde::encode::write_named(&mut bytes, record)
        .map_err(|error| RecordError::Encode(error.to_string().into()))?;
    Ok(bytes)
}

/// The value of stored bytes, upgraded where an older version wrote them.
///
/// # Errors
/// If a later version wrote them, or they are not a record of this type.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, RecordError> {
    match bytes {
        [MESSAGE_PACK, high, low, content @ ..] => open(u16::from_be_bytes([*high, *low]), content),
        [encoding, ..] if *encoding != MESSAGE_PACK => Err(RecordError::Encoding(*encoding)),
        _ => Err(RecordError::Decode("it is cut short".into())),
    }
}

fn open<R: Record>(version: u16, content: &[u8]) -> Result<R, RecordError> {
    match version.cmp(&R::VERSION) {
        std::cmp::Ordering::Less => R::upgrade(version, content),
        std::cmp::Ordering::Equal => {
            rmp_serde::from_slice(content).map_err(|error| RecordError::Decode(error.to_string().into()))
        }
        std::cmp::Ordering::Greater => Err(RecordError::Newer { found: version, known: R::VERSION }),
    }
}
