//! JDBC URLs ("Adding an AWS Glue connection", AWS Glue Developer Guide; the drivers' own documentation).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::settings::SettingsError;

/// The kinds of databases that can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// PostgreSQL.
    PostgreSql,
    /// MySQL and MariaDB.
    MySql,
    /// Amazon Redshift, which speaks PostgreSQL's protocol.
    Redshift,
}

impl Engine {
    /// How Glue classifies its tables.
    #[must_use]
    pub fn classification(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql",
            Self::MySql => "mysql",
            Self::Redshift => "redshift",
        }
    }

    /// Whether its databases have schemas.
    #[must_use]
    pub fn has_schemas(self) -> bool {
        self != Self::MySql
    }

    /// The engine that JDBC URLs and `JDBC_ENGINE` call so, in any case.
    ///
    /// # Errors
    /// There is another one of the name, or none.
    pub fn named(name: &str) -> Result<Self, SettingsError> {
        match name.to_ascii_lowercase().as_str() {
            "postgresql" | "postgres" => Ok(Self::PostgreSql),
            "mysql" | "mariadb" => Ok(Self::MySql),
            "redshift" => Ok(Self::Redshift),
            _ => Err(SettingsError::Engine(name.to_owned())),
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::PostgreSql => 5432,
            Self::MySql => 3306,
            Self::Redshift => 5439,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PostgreSql => "PostgreSQL",
            Self::MySql => "MySQL",
            Self::Redshift => "Redshift",
        })
    }
}

/// A JDBC URL, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JdbcUrl {
    /// What it leads to.
    pub engine: Engine,
    /// A name or an address.
    pub host: String,
    /// The port; the engine's usual one where the URL has none.
    pub port: u16,
    /// The database, if it names one.
    pub database: Option<String>,
    /// What follows the question mark.
    pub parameters: BTreeMap<String, String>,
}

impl FromStr for JdbcUrl {
    type Err = SettingsError;

    /// No error repeats the URL: people put passwords there.
    fn from_str(url: &str) -> Result<Self, SettingsError> {
        let rest =
            url.trim().strip_prefix("jdbc:").ok_or(SettingsError::Url("it does not begin with jdbc:"))?;
        let (kind, rest) = rest.split_once(':').ok_or(SettingsError::Url("it names no kind of database"))?;
        let engine = Engine::named(kind)?;
        let rest = rest.strip_prefix("//").ok_or(SettingsError::Url("no // stands before the host"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        if authority.contains('@') {
            return Err(SettingsError::Credentials);
        }
        if authority.contains(',') {
            return Err(SettingsError::Url("it names several hosts, and one is wanted"));
        }
        let (host, port) = host_and_port(authority)?;
        if host.is_empty() {
            return Err(SettingsError::Url("it names no host"));
        }
        let port = match port {
            None => engine.port(),
            Some(port) => crate::settings::port(port)?,
        };
        let database = decoded(database)?;
        if database.contains('/') {
            return Err(SettingsError::Url("the database's name has a slash"));
        }
        let mut parameters = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.insert(decoded(name)?, decoded(value)?);
        }
        Ok(Self {
            engine,
            host: decoded(host)?,
            port,
            database: Some(database).filter(|name| !name.is_empty()),
            parameters,
        })
    }
}

/// An IPv6 address stands in brackets.
fn host_and_port(authority: &str) -> Result<(&str, Option<&str>), SettingsError> {
    match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(SettingsError::Url("a bracket is not closed"))?;
            match rest.strip_prefix(':') {
                Some(port) => Ok((host, Some(port))),
                None if rest.is_empty() => Ok((host, None)),
                None => Err(SettingsError::Url("a colon and the port belong behind the bracket")),
            }
        }
        None => Ok(match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }),
    }
}

fn decoded(text: &str) -> Result<String, SettingsError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| SettingsError::Url("it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls() {
        let url: JdbcUrl =
            "jdbc:postgresql://db.example:5433/fl%20ights?ssl=true&sslmode=verify-ca".parse().unwrap();
        assert_eq!((url.engine, url.host.as_str(), url.port), (Engine::PostgreSql, "db.example", 5433));
        assert_eq!(url.database.as_deref(), Some("fl ights"));
        assert_eq!(url.parameters.get("sslmode").map(String::as_str), Some("verify-ca"));
        let url: JdbcUrl = "jdbc:mariadb://[::1]/".parse().unwrap();
        assert_eq!(
            (url.engine, url.host.as_str(), url.port, url.database),
            (Engine::MySql, "::1", 3306, None)
        );
        let url: JdbcUrl = "jdbc:mysql://h".parse().unwrap();
        assert_eq!((url.host.as_str(), url.database), ("h", None));
    }

    #[test]
    fn what_cannot_be_used_is_named_and_secrets_are_not() {
        let refused = |url: &str| url.parse::<JdbcUrl>().unwrap_err().to_string();
        assert!(refused("jdbc:sqlserver://h:1433;databaseName=x").contains("sqlserver"));
        assert!(refused("jdbc:oracle:thin://@h:1521/orcl").contains("oracle"));
        assert!(refused("jdbc:snowflake://x").contains("snowflake"));
        let secret = refused("jdbc:mysql://u:hunter2@h/db");
        assert!(secret.contains("PASSWORD") && !secret.contains("hunter2"), "{secret}");
        for url in [
            "",
            "postgresql://h/db",
            "jdbc:mysql:h",
            "jdbc:mysql:///db",
            "jdbc:mysql://h:99999/db",
            "jdbc:mysql://h:x/db",
            "jdbc:mysql://a,b/db",
            "jdbc:postgresql://[::1/db",
            "jdbc:postgresql://[::1]5/db",
            "jdbc:postgresql://h/a%2Fb",
            "jdbc:postgresql://h/%ff",
        ] {
            assert!(url.parse::<JdbcUrl>().is_err(), "{url}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(jdbc:)?(mysql|postgresql|x)?(://)?[ -~]{0,40}") {
            let _ = text.parse::<JdbcUrl>();
        }

        #[test]
        fn what_is_written_is_read(
            mysql in any::<bool>(),
            host in "[a-z][a-z0-9.-]{0,20}",
            port in 1u16..,
            database in "[^\u{0}/]{1,20}",
            value in "[^\u{0}]{0,20}",
        ) {
            use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
            let kind = if mysql { "mysql" } else { "postgresql" };
            let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let text = format!("jdbc:{kind}://{host}:{port}/{}?a={}", encoded(&database), encoded(&value));
            let url: JdbcUrl = text.parse().unwrap();
            prop_assert_eq!(url.engine == Engine::MySql, mysql);
            prop_assert_eq!((url.host, url.port, url.database), (host, port, Some(database)));
            prop_assert_eq!(url.parameters.get("a"), Some(&value));
        }
    }
}
