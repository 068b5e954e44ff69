//! A connection's properties as what is needed to connect ("ConnectionInput" and "AWS Glue connection properties", AWS Glue
//! Developer Guide).

use std::collections::BTreeMap;
use std::time::Duration;

use mastic_core::Secret;

use crate::properties::{Parameters, flag};
use crate::tls::TlsMode;
use crate::url::{Engine, JdbcUrl};

/// A connection that cannot be used as it is given. No text has a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Another type than those whose databases can be reached.
    #[error(
        "Connections of type {0} cannot be connected to: Mastic reaches databases (JDBC, POSTGRESQL and MYSQL)."
    )]
    Type(String),
    /// A kind of database that cannot be reached.
    #[error(
        "Databases of kind {0} cannot be connected to: Mastic reaches PostgreSQL, MySQL, MariaDB and Redshift."
    )]
    Engine(String),
    /// The URL cannot be read.
    #[error(
        "JDBC_CONNECTION_URL cannot be used: {0}. It is written jdbc:postgresql://host:port/database or \
             jdbc:mysql://host:port/database."
    )]
    Url(&'static str),
    /// The URL has a user or password in it.
    #[error(
        "JDBC_CONNECTION_URL has credentials: they belong into USERNAME and PASSWORD, which are kept secret."
    )]
    Credentials,
    /// A parameter of the URL that nothing here knows.
    #[error("The parameter {0} of JDBC_CONNECTION_URL is not supported.")]
    Parameter(String),
    /// A setting whose value cannot be used.
    #[error("{0} cannot be used: {1}.")]
    Value(String, String),
    /// Something is missing.
    #[error("{0} is missing.")]
    Missing(&'static str),
    /// The credentials are kept elsewhere.
    #[error(
        "The connection's credentials are the secret {0} of Secrets Manager, which Mastic does not have: set USERNAME and \
             PASSWORD."
    )]
    SecretsManager(String),
    /// The password was encrypted, and nothing can decrypt it.
    #[error(
        "The connection's password is encrypted (ENCRYPTED_PASSWORD) and cannot be decrypted: the catalog's encryption \
             settings return passwords encrypted, and there are no keys yet."
    )]
    Encrypted,
}

/// What is needed to connect to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The kind of database.
    pub engine: Engine,
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database to log in to, if one is named.
    pub database: Option<String>,
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret<String>,
    /// Whether and how the connection is encrypted.
    pub tls: TlsMode,
    /// An S3 path (`CUSTOM_JDBC_CERT`) with the authority that is trusted instead of the system's.
    pub authority: Option<String>,
    /// Whether that authority's algorithms are checked ([`crate::check_authority`]).
    pub check_authority: bool,
    /// The name that the server's certificate is for, where it is not the host's (`CUSTOM_JDBC_CERT_STRING`).
    pub certificate_name: Option<String>,
    /// How long a step may take.
    pub patience: Duration,
    /// Whether MySQL's `tinyint(1)` is a boolean.
    pub tiny_is_boolean: bool,
    /// Whether a date of zeros is null (`zeroDateTimeBehavior`).
    pub zero_is_null: bool,
}

/// How long a step may take, unless the URL says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn port(text: &str) -> Result<u16, SettingsError> {
    let port = text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    port.ok_or_else(|| {
        SettingsError::Value("The port".to_owned(), "it is a number from 1 to 65535".to_owned())
    })
}

impl Settings {
    /// Reads a connection's type and properties. `secret` is the ARN of its credentials, if it has any
    /// (`AuthenticationConfiguration.SecretArn`).
    ///
    /// # Errors
    /// What is missing, and what cannot be used.
    pub fn new(
        connection_type: &str,
        properties: &BTreeMap<String, String>,
        secret: Option<&str>,
    ) -> Result<Self, SettingsError> {
        let get = |name: &str| properties.get(name).map(String::as_str).filter(|text| !text.is_empty());
        let url = match (connection_type, get("JDBC_CONNECTION_URL")) {
            ("JDBC", Some(url)) => url.parse()?,
            ("JDBC", None) => {
                parts(&get, get("JDBC_ENGINE").ok_or(SettingsError::Missing("JDBC_CONNECTION_URL"))?)?
            }
            ("POSTGRESQL" | "MYSQL", _) => parts(&get, connection_type)?,
            _ => return Err(SettingsError::Type(connection_type.to_owned())),
        };
        let (user, password) = match (get("USERNAME"), get("PASSWORD")) {
            (Some(user), Some(password)) => (user, password),
            (Some(_), None) if get("ENCRYPTED_PASSWORD").is_some() => return Err(SettingsError::Encrypted),
            (user, _) => {
                return Err(match get("SECRET_ID").or(secret) {
                    Some(secret) => SettingsError::SecretsManager(secret.to_owned()),
                    None if user.is_some() => SettingsError::Missing("PASSWORD"),
                    None => SettingsError::Missing("USERNAME"),
                });
            }
        };
        let enforced = flag("JDBC_ENFORCE_SSL", get("JDBC_ENFORCE_SSL"))?;
        let parameters = Parameters::read(url.engine, &url.parameters)?;
        let tls = if enforced { TlsMode::VerifyFull } else { parameters.tls.unwrap_or_default() };
        let skips = flag("SKIP_CUSTOM_JDBC_CERT_VALIDATION", get("SKIP_CUSTOM_JDBC_CERT_VALIDATION"))?;
        Ok(Self {
            engine: url.engine,
            host: url.host,
            port: url.port,
            database: url.database,
            user: user.to_owned(),
            password: Secret::new(password.to_owned()),
            tls,
            authority: get("CUSTOM_JDBC_CERT").filter(|_| tls.verifies()).map(str::to_owned),
            check_authority: !skips,
            certificate_name: get("CUSTOM_JDBC_CERT_STRING").map(str::to_owned),
            patience: parameters.patience.unwrap_or(PATIENCE),
            tiny_is_boolean: parameters.tiny_is_boolean,
            zero_is_null: parameters.zero_is_null,
        })
    }

    /// The name that the server's certificate has to be for.
    pub(crate) fn name_of_server(&self) -> &str {
        self.certificate_name.as_deref().unwrap_or(&self.host)
    }
}

/// A place that is told in parts and not by a URL.
fn parts<'a>(get: &impl Fn(&str) -> Option<&'a str>, engine: &str) -> Result<JdbcUrl, SettingsError> {
    Ok(JdbcUrl {
        engine: Engine::named(engine)?,
        host: get("HOST").ok_or(SettingsError::Missing("HOST"))?.to_owned(),
        port: port(get("PORT").ok_or(SettingsError::Missing("PORT"))?)?,
        database: get("DATABASE").map(str::to_owned),
        parameters: BTreeMap::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, properties: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let properties = properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Settings::new(kind, &properties, None)
    }

    const LOGIN: [(&str, &str); 2] = [("USERNAME", "u"), ("PASSWORD", "hunter2")];

    fn with(url: &str, more: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        read("JDBC", &[&[("JDBC_CONNECTION_URL", url)], &LOGIN[..], more].concat())
    }

    #[test]
    fn encryption() {
        let mode = |url: &str, more: &[(&str, &str)]| with(url, more).unwrap().tls;
        let url = "jdbc:postgresql://h/db";
        assert_eq!(mode(url, &[]), TlsMode::Prefer);
        assert_eq!(mode(url, &[("JDBC_ENFORCE_SSL", "true")]), TlsMode::VerifyFull);
        assert_eq!(mode(url, &[("JDBC_ENFORCE_SSL", "False")]), TlsMode::Prefer);
        assert_eq!(mode("jdbc:postgresql://h/db?ssl=true", &[]), TlsMode::VerifyFull);
        assert_eq!(mode("jdbc:postgresql://h/db?ssl=true&sslmode=require", &[]), TlsMode::Require);
        assert_eq!(mode("jdbc:postgresql://h/db?sslmode=disable", &[]), TlsMode::Disable);
        assert_eq!(mode("jdbc:postgresql://h/db?sslmode=verify-ca", &[]), TlsMode::VerifyAuthority);
        assert_eq!(mode("jdbc:mysql://h/db?sslMode=VERIFY_IDENTITY", &[]), TlsMode::VerifyFull);
        assert!(with("jdbc:mysql://h/db?sslMode=VERIFY_CA", &[]).is_err());
        assert_eq!(mode("jdbc:mysql://h/db?useSSL=false", &[]), TlsMode::Disable);
        assert_eq!(mode("jdbc:mysql://h/db?useSSL=true&requireSSL=true", &[]), TlsMode::Require);
        assert!(with(url, &[("JDBC_ENFORCE_SSL", "maybe")]).is_err());
    }

    #[test]
    fn authorities_are_read_where_they_count() {
        let s3 = ("CUSTOM_JDBC_CERT", "s3://b/ca.pem");
        let url = "jdbc:mysql://h/db";
        assert_eq!(with(url, &[s3]).unwrap().authority, None);
        let enforced = with(url, &[s3, ("JDBC_ENFORCE_SSL", "true")]).unwrap();
        assert_eq!((enforced.authority.as_deref(), enforced.check_authority), (Some("s3://b/ca.pem"), true));
        let skipped = with(url, &[s3, ("SKIP_CUSTOM_JDBC_CERT_VALIDATION", "true")]).unwrap();
        assert!(!skipped.check_authority);
    }

    #[test]
    fn other_forms() {
        let place = [("HOST", "h"), ("PORT", "5433"), ("DATABASE", "d")];
        let settings = read("POSTGRESQL", &[&place[..], &LOGIN].concat()).unwrap();
        assert_eq!((settings.engine, settings.port), (Engine::PostgreSql, 5433));
        let settings = read("JDBC", &[&place[..], &LOGIN, &[("JDBC_ENGINE", "mysql")]].concat()).unwrap();
        assert_eq!((settings.engine, settings.database.as_deref()), (Engine::MySql, Some("d")));
    }

    #[test]
    fn what_is_missing_or_elsewhere_is_named() {
        let text = |kind, properties: &[(&str, &str)]| read(kind, properties).unwrap_err().to_string();
        let url = ("JDBC_CONNECTION_URL", "jdbc:mysql://h/db");
        assert!(text("KAFKA", &[]).contains("KAFKA"));
        assert!(text("JDBC", &[url, ("SECRET_ID", "s1")]).contains("s1"));
        assert!(
            text("JDBC", &[url, ("USERNAME", "u"), ("ENCRYPTED_PASSWORD", "x")])
                .contains("ENCRYPTED_PASSWORD")
        );
        assert_eq!(text("JDBC", &[url]), "USERNAME is missing.");
        assert_eq!(text("JDBC", &LOGIN), "JDBC_CONNECTION_URL is missing.");
        assert_eq!(text("MYSQL", &LOGIN), "HOST is missing.");
        let secret = Settings::new(
            "MYSQL",
            &[("HOST", "h"), ("PORT", "1")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            Some("arn:s"),
        );
        assert!(secret.unwrap_err().to_string().contains("arn:s"));
        let odd = with("jdbc:mysql://h/db?allowLoadLocalInfile=true", &[]).unwrap_err();
        assert_eq!(odd, SettingsError::Parameter("allowLoadLocalInfile".to_owned()));
        assert_eq!(with("jdbc:mysql://h/db?user=x", &[]).unwrap_err(), SettingsError::Credentials);
    }

    #[test]
    fn passwords_are_not_shown() {
        let settings = with("jdbc:mysql://h/db", &[]).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
