//! The embedded store engine: SQLite in WAL mode with `synchronous=FULL`.
//!
//! An acknowledged write survives the end of the process and of the machine's power. One directory belongs to
//! one process at a time; the lock is the operating system's and goes with the process, however it ends.

mod checkpoint;
mod connection;
mod directory;
mod engine;
mod failure;

use std::path::Path;

use mastic_store::{Store, StoreError};

pub use engine::SqliteEngine;

/// What may be chosen when a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// The most bytes that the database may hold; writes beyond fail with [`StoreError::Full`].
    /// Without it the disk is the limit.
    pub max_bytes: Option<u64>,
}

/// Opens the store of a data directory, making both where they are missing.
///
/// ```
/// let directory = tempfile::tempdir()?;
/// let store = mastic_store_sqlite::open(directory.path())?;
/// assert_eq!(store.generation(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StoreError::InUse`] if another process (or another handle of this one) has the directory,
/// [`StoreError::Format`] if the file in it is of another program or a later version.
pub fn open(directory: &Path) -> Result<Store, StoreError> {
    Store::new(SqliteEngine::open(directory, Options::default())?)
}
