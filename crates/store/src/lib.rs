//! The document store: the one place where state lives.
//!
//! Ordered byte keys, document values, range scans, and transactions: many readers on consistent
//! snapshots and one writer that commits the writes of concurrent calls together. Typed
//! [`Keyspace`]s sit on top; the engines below ([`Store::memory`] for tests, SQLite in its own
//! crate) see bytes only.
//!
//! A handle in the scope of a job run ([`Store::scoped`]) reads and writes through that run's
//! overlay: nobody else sees its writes until [`overlay::publish`] makes all of them true in one
//! transaction.
//!
//! ```
//! use mastic_store::{Keyspace, Record, Store, StoreError};
//!
//! #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
//! struct Database {
//!     description: String,
//! }
//! impl Record for Database {
//!     const VERSION: u16 = 1;
//! }
//!
//! const DATABASES: Keyspace<(String, String), Database> = Keyspace::new("glue.database").staged();
//!
//! let store = Store::memory()?;
//! store.write_blocking(|tx| {
//!     DATABASES.put(tx, &("111122223333", "sales"), &Database { description: "all of it".into() })
//! })?;
//! let names = store.read(|tx| {
//!     DATABASES.scan_prefix(tx, ("111122223333",)).map(|row| Ok(row?.0.1)).collect::<Result<Vec<_>, StoreError>>()
//! })?;
//! assert_eq!(names, ["sales"]);
//! # Ok::<(), StoreError>(())
//! ```

mod cursor;
pub mod engine;
mod error;
mod facade;
mod key;
mod keyspace;
mod layout;
mod memory;
pub mod overlay;
mod prefix;
mod range;
pub mod record;
mod tx;
mod writer;

#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "contract")]
pub mod golden;
pub use error::StoreError;
pub use facade::{Scope, Store};
pub use key::{Key, KeyError, KeyFor, KeyReader, KeyWriter};
pub use keyspace::{Keyspace, Scan, Unread};
pub use memory::MemoryEngine;
pub use prefix::PrefixFor;
pub use range::Range;
pub use record::{Record, RecordError};
pub use tx::{ReadTx, WriteTx};
