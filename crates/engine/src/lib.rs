//! Visual jobs as DataFusion plans: sources, transforms, sinks; and column statistics of catalog tables.
//!
//! A job's nodes become a checked [`JobGraph`]; [`run`] builds one plan per target and writes its
//! rows through the crate's own partitioned sink. Buckets come in as object stores, the catalog as a
//! [`CatalogClient`], the job's bookmark as [`Bookmarks`], databases by their connections' names ([`Connector`]): the engine knows
//! no credentials.

mod bookmark;
mod cast;
mod choice;
mod convert;
mod databases;
mod environment;
mod error;
mod error_rows;
mod exchange;
mod flow;
mod held;
mod join;
mod lake;
mod leaf;
mod location;
mod memory;
mod open;
pub mod plan;
mod run;
mod share;
mod sink;
mod source;
mod spark;
mod statistics;
mod target;
mod transform;
mod types;

pub use bookmark::{SourcePlan, plan_reading};
pub use databases::{Connector, Databases};
pub use environment::{
    Bookmarks, CatalogClient, Documents, Environment, FileMark, KnownFile, LedgerPage, Progress, ReadFile,
    Stores, Taken,
};
pub use error::{EngineError, ErrorKind, FileError, NodeError};
pub use error_rows::ErrorRows;
pub use exchange::{HandedGroup, Handles, Rows, Wanted, choices, columns};
pub use held::HeldSource;
pub use plan::JobGraph;
pub use run::{Planned, RunSummary, run};
pub use sink::{Output, WrittenFile};
pub use source::declared_columns;
pub use statistics::{Measured, StatisticsRequest, column_statistics};
