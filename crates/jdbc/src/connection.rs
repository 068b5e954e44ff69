use std::net::IpAddr;

use crate::error::{ConnectError, Passed, QueryError, Step};
use crate::mysql::MySql;
use crate::net;
use crate::postgres::Postgres;
use crate::settings::Settings;
use crate::table::TableFound;
use crate::url::Engine;

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
        Engine::PostgreSql => {
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
}
