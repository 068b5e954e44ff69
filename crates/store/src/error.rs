use std::path::PathBuf;
use std::sync::Arc;

use mastic_core::Fault;

use crate::{KeyError, RecordError};

/// What can go wrong in the store. It can be cloned because one failed commit answers every
/// write of its group.
///
/// Unless it is [`StoreError::Uncertain`], the write it answers surely did not happen.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the size limit given to the engine, is full. Reading goes on.
    #[error("the store is full: {0}")]
    Full(Arc<str>),
    /// The engine could not read or write its files.
    #[error("the store cannot read or write its files: {0}")]
    Io(Arc<str>),
    /// The engine's files are damaged.
    #[error("the store's files are damaged: {0}")]
    Corrupt(Arc<str>),
    /// The directory belongs to something else, or to a version of Mastic that this one does not know.
    #[error("the store's files are not of a form this version reads: {0}")]
    Format(Arc<str>),
    /// Another process holds the directory.
    #[error("the data directory `{}` is in use by another server", .0.display())]
    InUse(PathBuf),
    /// The store has been shut down.
    #[error("the store is closed")]
    Closed,
    /// A write was asked for, and waited for, from inside a write.
    #[error("a write cannot wait for another write")]
    Nested,
    /// The closure of the write panicked; it was rolled back.
    #[error("a write was abandoned: {0}")]
    Abandoned(Arc<str>),
    /// A stored key does not decode.
    #[error("keyspace `{keyspace}` holds a key that does not decode")]
    Key {
        /// The keyspace.
        keyspace: Arc<str>,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A value does not encode, or a stored one does not decode.
    #[error("the record `{key}` of keyspace `{keyspace}` cannot be used")]
    Record {
        /// The keyspace.
        keyspace: Arc<str>,
        /// The key as readable text.
        key: Arc<str>,
        /// What is wrong with it.
        source: RecordError,
    },
    /// The commit failed in such a way that the write may or may not be there after a restart.
    #[error("it is not known whether the write was kept: {0}")]
    Uncertain(Arc<str>),
}

impl StoreError {
    /// Whether the write that this error answers surely did not happen.
    ///
    /// ```
    /// assert!(mastic_store::StoreError::Closed.surely_undone());
    /// ```
    #[must_use]
    pub fn surely_undone(&self) -> bool {
        !matches!(self, Self::Uncertain(_))
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let mut cause = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            cause = format!("{cause}: {inner}");
            source = inner.source();
        }
        Self::internal(cause)
    }
}
