//! Databases as JDBC connections of the Data Catalog name them: [`Settings`] reads a connection's properties,
//! [`connect`] goes to the database in [`Step`]s of which each has its own error, and [`Connection::tables`] tells which
//! tables and views are there, with columns whose types are also told as Glue's.
//!
//! Rows come as streams of [`Value`]s in bounded memory ([`Connection::rows`]) and go in bulk ([`Connection::insert`]).
//!
//! There is no JDBC here, only its URLs and the names of its settings.

mod calendar;
mod connection;
mod dialect;
mod error;
mod insert;
mod mysql;
mod mysql_rows;
mod mysql_types;
mod mysql_values;
mod net;
mod postgres;
mod postgres_rows;
mod postgres_types;
mod postgres_values;
mod properties;
mod rows;
mod settings;
mod statements;
mod table;
mod tls;
mod url;
mod value;

pub use connection::{Connection, connect};
pub use error::{ConnectError, Passed, QueryError, Step};
pub use insert::Insert;
pub use rows::{Column, Rows};
pub use settings::{Settings, SettingsError};
pub use table::{ColumnFound, TableFound, TableKind};
pub use tls::{TlsMode, TrustError, check_authority};
pub use url::{Engine, JdbcUrl};
pub use value::{Row, Value};
