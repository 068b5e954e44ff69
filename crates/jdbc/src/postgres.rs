//! PostgreSQL. The way there is gone here, step by step; the driver takes over where the login begins.

use std::collections::HashMap;
use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};
use tokio_rustls::TlsConnector;

use crate::error::{ConnectError, QueryError, Step};
use crate::net::{self, within};
use crate::postgres_types::hive_type;
use crate::settings::Settings;
use crate::table::{ColumnFound, TableFound, TableKind, gather, said};
use crate::tls::{self, TlsMode};
use crate::url::Engine;

/// `SSLRequest` ("Message Formats" in PostgreSQL's documentation).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Tables and views that the user may read, column by column. The partitions of a table are part of it.
const TABLES: &str = "
SELECT n.nspname::text, c.relname::text, c.relkind IN ('v', 'm'), obj_description(c.oid, 'pg_class'),
       a.attname::text,
       CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod)
                      ELSE format_type(a.atttypid, a.atttypmod) END,
       NOT a.attnotnull,
       EXISTS (SELECT 1 FROM pg_catalog.pg_index i
                WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey)),
       col_description(c.oid, a.attnum)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
 WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
   AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
 ORDER BY 1, 2, a.attnum";

pub(crate) struct Postgres {
    pub(crate) client: Client,
    /// Ends the connection without waiting for the server.
    pub(crate) driver: AbortHandle,
    pub(crate) engine: Engine,
    /// Those that were prepared, by their texts.
    pub(crate) statements: HashMap<String, Statement>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Postgres {
    pub(crate) async fn connect(
        settings: &Settings,
        authority: Option<&[u8]>,
        addresses: &[IpAddr],
        pass: &mut (impl FnMut(Step, String) + Send),
    ) -> Result<Self, ConnectError> {
        let tcp = net::connect(settings, addresses).await?;
        let address = tcp.peer_addr().map(|address| address.to_string()).unwrap_or_default();
        pass(Step::Tcp, format!("connected to {address}"));
        let (stream, outcome) = encrypted(settings, authority, addresses, tcp).await?;
        pass(Step::Tls, outcome);
        let database = settings.database.as_deref().unwrap_or(&settings.user);
        let mut config = Config::new();
        config
            .user(&settings.user)
            .password(settings.password.reveal())
            .dbname(database)
            .application_name("mastic")
            .ssl_mode(SslMode::Disable);
        let login = async { config.connect_raw(stream, NoTls).await.map_err(|error| cause(&error)) };
        let (client, driver) = within(settings.patience, Step::Login, login).await?;
        // The task ends with the connection; what went wrong with it, the client's calls tell.
        let driver = tokio::spawn(driver).abort_handle();
        pass(Step::Login, format!("user {} may use the database {database}", settings.user));
        Ok(Self { client, driver, engine: settings.engine, statements: HashMap::new() })
    }

    pub(crate) async fn version(&self) -> Result<String, QueryError> {
        let row = self.client.query_one("SELECT 1, current_setting('server_version')", &[]).await;
        let version: Result<String, _> = row.and_then(|row| row.try_get(1));
        Ok(format!("{} {}", self.engine, version.map_err(|error| QueryError(cause(&error)))?))
    }

    pub(crate) async fn tables(&self) -> Result<Vec<TableFound>, QueryError> {
        if self.engine == Engine::Redshift {
            return Err(QueryError("tables of Redshift are not listed".to_owned()));
        }
        let rows = self.client.query(TABLES, &[]).await.map_err(|error| QueryError(cause(&error)))?;
        let rows: Result<Vec<_>, _> = rows.iter().map(read).collect();
        Ok(gather(rows.map_err(|error| QueryError(cause(&error)))?))
    }
}

fn read(row: &Row) -> Result<(TableFound, ColumnFound), tokio_postgres::Error> {
    let table = TableFound {
        schema: Some(row.try_get(0)?),
        name: row.try_get(1)?,
        kind: if row.try_get(2)? { TableKind::View } else { TableKind::Table },
        comment: said(row.try_get(3)?),
        columns: Vec::new(),
    };
    let raw_type: String = row.try_get(5)?;
    let column = ColumnFound {
        name: row.try_get(4)?,
        ty: hive_type(&raw_type),
        raw_type,
        nullable: row.try_get(6)?,
        primary_key: row.try_get(7)?,
        comment: said(row.try_get(8)?),
    };
    Ok((table, column))
}

/// The stream over which the login goes, and how it is protected.
async fn encrypted(
    settings: &Settings,
    authority: Option<&[u8]>,
    addresses: &[IpAddr],
    tcp: TcpStream,
) -> Result<(Box<dyn Stream>, String), ConnectError> {
    let plain = tls::PLAIN.to_owned();
    if settings.tls == TlsMode::Disable {
        return Ok((Box::new(tcp), plain));
    }
    match within(settings.patience, Step::Tls, handshake(settings, authority, tcp)).await {
        Ok(Ok((stream, outcome))) => Ok((stream, outcome)),
        Ok(Err(tcp)) if settings.tls == TlsMode::Prefer => Ok((Box::new(tcp), plain)),
        Ok(Err(_)) => Err(ConnectError::new(Step::Tls, "the server does not offer encryption (ssl is off)")),
        // A server that offers encryption and cannot do it is asked without.
        Err(_) if settings.tls == TlsMode::Prefer => {
            Ok((Box::new(net::connect(settings, addresses).await?), plain))
        }
        Err(error) => Err(error),
    }
}

type Encrypted = Result<(Box<dyn Stream>, String), TcpStream>;

async fn handshake(
    settings: &Settings,
    authority: Option<&[u8]>,
    mut tcp: TcpStream,
) -> Result<Encrypted, String> {
    let broken = |error: std::io::Error| format!("the server broke off: {error}; is it PostgreSQL?");
    tcp.write_all(&SSL_REQUEST).await.map_err(broken)?;
    match tcp.read_u8().await.map_err(broken)? {
        b'S' => {}
        b'N' => return Ok(Err(tcp)),
        _ => return Err("the server does not speak PostgreSQL's protocol".to_owned()),
    }
    let name = settings.name_of_server();
    let server = rustls::pki_types::ServerName::try_from(name.to_owned())
        .map_err(|_| format!("a certificate cannot be for {name}"))?;
    let config = tls::config(settings.tls, authority).map_err(|error| error.to_string())?;
    let stream = TlsConnector::from(config).connect(server, tcp).await.map_err(|error| {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        inner.map_or_else(|| error.to_string(), |inner| tls::explain(inner, name))
    })?;
    let outcome = tls::protection(settings.tls, name);
    Ok(Ok((Box::new(stream), outcome)))
}

/// What the server said, or what happened to the connection.
pub(crate) fn cause(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        let state = said.code().code();
        return format!("{}: {} (SQLSTATE {state})", said.severity(), said.message());
    }
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
