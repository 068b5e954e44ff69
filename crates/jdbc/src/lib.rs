//! Databases as JDBC connections of the Data Catalog name them: [`Settings`] reads a connection's properties,
//! [`connect`] goes to the database in [`Step`]s of which each has its own error, and [`Connection::tables`] tells which
//! tables and views are there, with columns whose types are also told as Glue's.
//!
//! There is no JDBC here, only its URLs and the names of its settings.

mod connection;
mod error;
mod mysql;
mod mysql_types;
mod net;
mod postgres;
mod postgres_types;
mod properties;
mod settings;
mod table;
mod tls;
mod url;

pub use connection::{Connection, connect};
pub use error::{ConnectError, Passed, QueryError, Step};
pub use settings::{Settings, SettingsError};
pub use table::{ColumnFound, TableFound, TableKind};
pub use tls::{TlsMode, TrustError, check_authority};
pub use url::{Engine, JdbcUrl};
