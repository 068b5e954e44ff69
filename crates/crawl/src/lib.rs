//! What a crawl makes of the files it found and the catalog it met: which tables and partitions it writes, and what
//! its log says. Nothing is read or written here: the runner lists and reads files, and does to the catalog
//! what [`update`] asks of it.

mod adapt;
mod classifiers;
mod database;
mod describe;
mod diff;
mod draft;
pub mod incremental;
pub mod lake;
pub mod log;
pub mod named;
mod partitions;
mod plan;
mod target;
mod update;
pub mod walk;

pub use classifiers::classifiers;
pub use database::{DatabaseColumn, DatabaseInclude, DatabaseTable};
pub use describe::{Crawl, Found, Lake};
pub use draft::Draft;
pub use plan::{Change, Rules};
pub use target::{Choice, Include, TargetError, split};
pub use update::{Catalog, CrawlError, Gathered, Step, refresh, update};
