//! MySQL and MariaDB. The driver goes the whole way; how it failed tells at which step.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, DriverError, Error, IoError, OptsBuilder, Row, SslOpts};
use tokio::time::timeout;

use crate::error::{ConnectError, QueryError, Step};
use crate::mysql_types::hive_type;
use crate::mysql_values::Reading;
use crate::net;
use crate::settings::Settings;
use crate::table::{ColumnFound, TableFound, TableKind, gather, said};
use crate::tls::{self, TlsMode};

/// Tables and views that the user may see, column by column: the server shows no others.
const TABLES: &str = "
SELECT t.TABLE_NAME, t.TABLE_TYPE, t.TABLE_COMMENT,
       c.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE, c.COLUMN_KEY, c.COLUMN_COMMENT
  FROM information_schema.TABLES t
  JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME
 WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')
 ORDER BY t.TABLE_NAME, c.ORDINAL_POSITION";

/// The bytes of a packet at most, so that the server need not be asked for its own limit.
const PACKET: usize = 64 << 20;

/// Seconds for which an idle connection may stay open, so that the server need not be asked.
const IDLE: usize = 8 * 60 * 60;

pub(crate) struct MySql {
    pub(crate) connection: Conn,
    pub(crate) reading: Reading,
}

impl MySql {
    pub(crate) async fn connect(
        settings: &Settings,
        authority: Option<&[u8]>,
        addresses: &[IpAddr],
        pass: &mut (impl FnMut(Step, String) + Send),
    ) -> Result<Self, ConnectError> {
        let place = Place { settings, addresses };
        let (made, encrypted) = match settings.tls {
            TlsMode::Disable => (place.open(None).await, false),
            TlsMode::Prefer => match place.open(Some(encryption(settings, authority)?)).await {
                // A server that does not offer encryption, or cannot do it, is asked without.
                Err(error) if error.step == Step::Tls => (place.open(None).await, false),
                made => (made, true),
            },
            _ => (place.open(Some(encryption(settings, authority)?)).await, true),
        };
        let failed_at = made.as_ref().err().map_or(Step::Query, |error| error.step);
        let tls = match encrypted {
            true => tls::protection(settings.tls, settings.name_of_server()),
            false => tls::PLAIN.to_owned(),
        };
        let database = match &settings.database {
            Some(database) => format!("user {} may use the database {database}", settings.user),
            None => format!("user {} may log in", settings.user),
        };
        let connected = format!("connected to port {}", settings.port);
        for (step, outcome) in [(Step::Tcp, connected), (Step::Tls, tls), (Step::Login, database)] {
            if step < failed_at {
                pass(step, outcome);
            }
        }
        let Settings { tiny_is_boolean, zero_is_null, .. } = *settings;
        Ok(Self { connection: made?, reading: Reading { tiny_is_boolean, zero_is_null } })
    }

    pub(crate) async fn version(&mut self) -> Result<String, QueryError> {
        let row: Option<(i64, String)> = self
            .connection
            .query_first("SELECT 1, VERSION()")
            .await
            .map_err(|error| QueryError(cause(&error)))?;
        let version = row.map(|(_, version)| version).unwrap_or_default();
        Ok(if version.contains("MariaDB") { version } else { format!("MySQL {version}") })
    }

    pub(crate) async fn tables(&mut self) -> Result<Vec<TableFound>, QueryError> {
        let rows: Vec<Row> =
            self.connection.query(TABLES).await.map_err(|error| QueryError(cause(&error)))?;
        let tiny = self.reading.tiny_is_boolean;
        Ok(gather(rows.into_iter().map(|row| read(row, tiny))))
    }
}

fn read(mut row: Row, tiny_is_boolean: bool) -> (TableFound, ColumnFound) {
    let mut text = |index: usize| row.take_opt::<String, _>(index).and_then(Result::ok).unwrap_or_default();
    let view = text(1) == "VIEW";
    let table = TableFound {
        schema: None,
        name: text(0),
        kind: if view { TableKind::View } else { TableKind::Table },
        // The server's own comment on each view is VIEW.
        comment: said(Some(text(2))).filter(|_| !view),
        columns: Vec::new(),
    };
    let raw_type = text(4);
    let column = ColumnFound {
        name: text(3),
        ty: hive_type(&raw_type, tiny_is_boolean),
        raw_type,
        nullable: text(5) == "YES",
        primary_key: text(6) == "PRI",
        comment: said(Some(text(7))),
    };
    (table, column)
}

fn encryption(settings: &Settings, authority: Option<&[u8]>) -> Result<SslOpts, ConnectError> {
    let options =
        SslOpts::default().with_danger_tls_hostname_override(Some(settings.name_of_server().to_owned()));
    if !settings.tls.verifies() {
        return Ok(options.with_danger_accept_invalid_certs(true));
    }
    let trusted = tls::trusted(authority).map_err(|error| ConnectError::new(Step::Tls, error.to_string()))?;
    let roots = trusted.into_iter().map(|certificate| certificate.as_ref().to_vec().into()).collect();
    Ok(options.with_root_certs(roots).with_disable_built_in_roots(true))
}

/// Where to connect to.
struct Place<'a> {
    settings: &'a Settings,
    addresses: &'a [IpAddr],
}

impl Place<'_> {
    async fn open(&self, encryption: Option<SslOpts>) -> Result<Conn, ConnectError> {
        let Settings { host, port, user, password, database, patience, .. } = self.settings;
        let encrypted = encryption.is_some();
        let options = OptsBuilder::default()
            .ip_or_hostname(host)
            .resolved_ips(Some(self.addresses))
            .tcp_port(*port)
            .user(Some(user))
            .pass(Some(password.reveal()))
            .db_name(database.as_deref())
            .ssl_opts(encryption)
            .max_allowed_packet(Some(PACKET))
            .wait_timeout(Some(IDLE))
            .prefer_socket(false);
        // The steps share their time: each of the addresses, TLS and the login.
        let rounds = u32::try_from(self.addresses.len()).unwrap_or(u32::MAX).saturating_add(2);
        let all = patience.saturating_mul(rounds);
        match timeout(all, Conn::new(options)).await {
            Ok(made) => made.map_err(|error| self.explain(error, encrypted)),
            Err(_) => Err(self.late(*patience).await),
        }
    }

    fn explain(&self, error: Error, encrypted: bool) -> ConnectError {
        let name = self.settings.name_of_server();
        match &error {
            Error::Driver(DriverError::NoClientSslFlagFromServer) => {
                ConnectError::new(Step::Tls, "the server does not offer encryption (have_ssl is off)")
            }
            Error::Io(IoError::Tls(tls)) => {
                let inner =
                    std::error::Error::source(tls).and_then(|inner| inner.downcast_ref::<rustls::Error>());
                let text = inner.map_or_else(|| tls.to_string(), |inner| tls::explain(inner, name));
                ConnectError::new(Step::Tls, text)
            }
            Error::Io(IoError::Io(io)) => {
                if let Some(inner) = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                    return ConnectError::new(Step::Tls, tls::explain(inner, name));
                }
                let places: Vec<String> = self
                    .addresses
                    .iter()
                    .map(|ip| SocketAddr::new(*ip, self.settings.port).to_string())
                    .collect();
                match io.kind() {
                    std::io::ErrorKind::ConnectionRefused
                    | std::io::ErrorKind::HostUnreachable
                    | std::io::ErrorKind::NetworkUnreachable
                    | std::io::ErrorKind::TimedOut
                    | std::io::ErrorKind::AddrNotAvailable => {
                        ConnectError::new(Step::Tcp, format!("{}: {io}", places.join(", ")))
                    }
                    _ => broke_off(&error, encrypted),
                }
            }
            Error::Server(_) => ConnectError::new(Step::Login, cause(&error)),
            _ => broke_off(&error, encrypted),
        }
    }

    /// Where it hangs: only now, as a server counts every connection that says nothing as an attack.
    async fn late(&self, patience: Duration) -> ConnectError {
        match net::connect(self.settings, self.addresses).await {
            Ok(_) => net::late(patience, Step::Login),
            Err(error) => error,
        }
    }
}

/// The server took the connection and did not go on.
fn broke_off(error: &Error, encrypted: bool) -> ConnectError {
    let step = if encrypted { Step::Tls } else { Step::Login };
    ConnectError::new(step, format!("the server broke off: {}; is it MySQL?", cause(error)))
}

/// What the server said, or what happened to the connection.
pub(crate) fn cause(error: &Error) -> String {
    match error {
        Error::Server(said) => format!("{} (error {}, SQLSTATE {})", said.message, said.code, said.state),
        Error::Io(IoError::Io(io)) => io.to_string(),
        Error::Driver(driver) => driver.to_string(),
        other => other.to_string(),
    }
}
