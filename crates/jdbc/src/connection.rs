use std::net::IpAddr;

use tokio::sync::oneshot;

use crate::error::{ConnectError, Passed, QueryError, Step};
use crate::insert::Insert;
use crate::mysql::MySql;
use crate::net;
use crate::postgres::Postgres;
use crate::rows::{Column, Gather, Rows, select};
use crate::settings::Settings;
use crate::table::TableFound;
use crate::url::Engine;
use crate::value::Row;

/// A connection to a database.
pub struct Connection {
    inner: Inner,
}

enum Inner {
    Postgres(Box<Postgres>),
    MySql(Box<MySql>),
}

/// Connects step by step, and tells of each step that went well. `authority` is the PEM text that
/// [`Settings::authority`] names, if it names one.
///
/// # Errors
/// The step that failed, and why.
pub async fn connect(
    settings: &Settings,
    authority: Option<&[u8]>,
    mut told: impl FnMut(Passed) + Send,
) -> Result<Connection, ConnectError> {
    // The drivers' libraries may be built with several providers of cryptography: this is the one. Where a program
    // has chosen already, its choice stays.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut pass = |step: Step, outcome: String| told(Passed { step, outcome });
    let addresses = net::resolve(settings).await?;
    pass(Step::Dns, format!("{} is {}", settings.host, listed(&addresses)));
    let inner = match settings.engine {
        Engine::PostgreSql | Engine::Redshift => {
            Inner::Postgres(Box::new(Postgres::connect(settings, authority, &addresses, &mut pass).await?))
        }
        Engine::MySql => {
            Inner::MySql(Box::new(MySql::connect(settings, authority, &addresses, &mut pass).await?))
        }
    };
    let mut connection = Connection { inner };
    let version = net::within(settings.patience, Step::Query, connection.ask()).await?;
    pass(Step::Query, format!("the server answers; it is {version}"));
    Ok(connection)
}

fn listed(addresses: &[IpAddr]) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ")
}

impl Connection {
    /// Asks the server for its version.
    async fn ask(&mut self) -> Result<String, QueryError> {
        match &mut self.inner {
            Inner::Postgres(postgres) => postgres.version().await,
            Inner::MySql(mysql) => mysql.version().await,
        }
    }

    /// The tables and views of the database that the settings name which the user may read, without those of the
    /// system, by schema and name.
    ///
    /// # Errors
    /// The server's, and that the connection broke off.
    pub async fn tables(&mut self) -> Result<Vec<TableFound>, QueryError> {
        match &mut self.inner {
            Inner::Postgres(postgres) => postgres.tables().await,
            Inner::MySql(mysql) => mysql.tables().await,
        }
    }

    /// The kind of database.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match &self.inner {
            Inner::Postgres(postgres) => postgres.engine,
            Inner::MySql(_) => Engine::MySql,
        }
    }

    /// Sets the session up for rows: times are UTC's, and nothing is cut to fit.
    ///
    /// # Errors
    /// The server's, and that the connection broke off; so below too.
    pub async fn set_up(&mut self) -> Result<(), QueryError> {
        match &mut self.inner {
            Inner::Postgres(postgres) => postgres.set_up().await,
            Inner::MySql(mysql) => mysql.set_up().await,
        }
    }

    /// The columns of a relation, which is what may stand behind `FROM`.
    ///
    /// # Errors
    /// The server's.
    pub async fn columns(&mut self, relation: &str) -> Result<Vec<Column>, QueryError> {
        match &mut self.inner {
            Inner::Postgres(postgres) => postgres.columns(relation).await,
            Inner::MySql(mysql) => mysql.columns(relation).await,
        }
    }

    /// The columns of a table; none if it is not there, which does not end a transaction.
    ///
    /// # Errors
    /// The server's.
    pub async fn table_columns(&mut self, table: &str) -> Result<Option<Vec<Column>>, QueryError> {
        match &mut self.inner {
            Inner::Postgres(postgres) => postgres.table_columns(table).await,
            Inner::MySql(mysql) => mysql.table_columns(table).await,
        }
    }

    /// The columns of a table's primary key, in its order.
    ///
    /// # Errors
    /// The server's.
    pub async fn primary_key(&mut self, table: &str) -> Result<Vec<String>, QueryError> {
        match &mut self.inner {
            Inner::Postgres(postgres) => postgres.primary_key(table).await,
            Inner::MySql(mysql) => mysql.primary_key(table).await,
        }
    }

    /// The storage engine of a table, if it is one that cannot take rows back.
    ///
    /// # Errors
    /// The server's.
    pub async fn without_transactions(&mut self, table: &str) -> Result<Option<String>, QueryError> {
        match &mut self.inner {
            Inner::Postgres(_) => Ok(None),
            Inner::MySql(mysql) => mysql.without_transactions(table).await,
        }
    }

    /// Reads these columns of the rows of a relation that meet all conditions. The rows give the connection back
    /// ([`Rows::into_connection`]).
    #[must_use]
    pub fn rows(self, relation: &str, columns: Vec<Column>, conditions: &[String]) -> Rows {
        let statement = select(relation, &columns, conditions);
        let (gather, batches) = Gather::new(columns);
        let (back, connection) = oneshot::channel();
        tokio::spawn(async move {
            let inner = match self.inner {
                Inner::Postgres(postgres) => postgres.read(statement, gather).await.map(Inner::Postgres),
                Inner::MySql(mysql) => mysql.read(statement, gather).await.map(Inner::MySql),
            };
            if let Some(inner) = inner {
                // Who does not want it any more has it closed.
                drop(back.send(Self { inner }));
            }
        });
        Rows { batches, connection }
    }

    /// Runs a statement; several at once where that is not MySQL.
    ///
    /// # Errors
    /// The server's.
    pub async fn execute(&mut self, statement: &str) -> Result<(), QueryError> {
        match &mut self.inner {
            Inner::Postgres(postgres) => postgres.execute(statement).await,
            Inner::MySql(mysql) => mysql.execute(statement).await,
        }
    }

    /// Adds rows to a table. `first` is the number of the first of them among all, from 1.
    ///
    /// # Errors
    /// The server's, with the number of the row that is bad where that is known.
    pub async fn insert(&mut self, insert: &Insert, rows: &[Row], first: u64) -> Result<(), QueryError> {
        match &mut self.inner {
            Inner::Postgres(postgres) => postgres.insert(insert, rows, first).await,
            Inner::MySql(mysql) => mysql.insert(insert, rows, first).await,
        }
    }
}
