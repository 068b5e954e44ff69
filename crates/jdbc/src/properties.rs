//! The parameters of JDBC URLs that say something here.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::settings::SettingsError;
use crate::tls::TlsMode;
use crate::url::Engine;

/// Parameters that tell a Java driver how to work and change nothing about what is found.
const WITHOUT_EFFECT: [&str; 15] = [
    "ApplicationName",
    "allowPublicKeyRetrieval",
    "autoReconnect",
    "cachePrepStmts",
    "characterEncoding",
    "connectionTimeZone",
    "defaultRowFetchSize",
    "loginTimeout",
    "reWriteBatchedInserts",
    "rewriteBatchedStatements",
    "serverTimezone",
    "socketTimeout",
    "tcpKeepAlive",
    "useCursorFetch",
    "useUnicode",
];

const NO_AUTHORITY_ONLY: &str = "a certificate is looked at whole or not at all: set sslMode=VERIFY_IDENTITY or JDBC_ENFORCE_SSL, and in \
    CUSTOM_JDBC_CERT_STRING the name that it is for where that is not the host's";

/// What the parameters of a URL say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) tls: Option<TlsMode>,
    pub(crate) patience: Option<Duration>,
    pub(crate) tiny_is_boolean: bool,
    pub(crate) zero_is_null: bool,
}

/// `true` or `false`; what is not given is false.
pub(crate) fn flag(name: &str, given: Option<&str>) -> Result<bool, SettingsError> {
    match given.unwrap_or("false").to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong(name, "it is true or false")),
    }
}

fn wrong(name: &str, why: &str) -> SettingsError {
    SettingsError::Value(name.to_owned(), why.to_owned())
}

impl Parameters {
    pub(crate) fn read(engine: Engine, given: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let known: &[&str] = match engine {
            Engine::PostgreSql | Engine::Redshift => &["connectTimeout", "ssl", "sslmode"],
            Engine::MySql => &[
                "connectTimeout",
                "requireSSL",
                "sslMode",
                "tinyInt1isBit",
                "useSSL",
                "verifyServerCertificate",
                "zeroDateTimeBehavior",
            ],
        };
        for name in given.keys() {
            if ["user", "password"].contains(&name.as_str()) {
                return Err(SettingsError::Credentials);
            }
            if !known.contains(&name.as_str()) && !WITHOUT_EFFECT.contains(&name.as_str()) {
                return Err(SettingsError::Parameter(name.clone()));
            }
        }
        let get = |name: &str| given.get(name).map(String::as_str);
        let tls = match engine {
            Engine::PostgreSql | Engine::Redshift => postgres_tls(&get)?,
            Engine::MySql => mysql_tls(&get)?,
        };
        let patience = match get("connectTimeout") {
            None => None,
            Some(text) => {
                let number =
                    text.parse::<u64>().map_err(|_| wrong("connectTimeout", "it is a whole number"))?;
                // pgjdbc counts seconds, Connector/J milliseconds; zero is no limit in both.
                let unit = if engine == Engine::MySql { Duration::from_millis } else { Duration::from_secs };
                (number > 0).then(|| unit(number))
            }
        };
        let tiny_is_boolean =
            get("tinyInt1isBit").map_or(Ok(true), |text| flag("tinyInt1isBit", Some(text)))?;
        let zero_is_null = match get("zeroDateTimeBehavior").map(str::to_ascii_lowercase).as_deref() {
            None | Some("exception") => false,
            Some("converttonull" | "convert_to_null") => true,
            Some(_) => return Err(wrong("zeroDateTimeBehavior", "it is EXCEPTION or CONVERT_TO_NULL")),
        };
        Ok(Self { tls, patience, tiny_is_boolean, zero_is_null })
    }
}

fn postgres_tls<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> Result<Option<TlsMode>, SettingsError> {
    if let Some(mode) = get("sslmode") {
        return match mode {
            "disable" => Ok(TlsMode::Disable),
            "allow" | "prefer" => Ok(TlsMode::Prefer),
            "require" => Ok(TlsMode::Require),
            "verify-ca" => Ok(TlsMode::VerifyAuthority),
            "verify-full" => Ok(TlsMode::VerifyFull),
            _ => Err(wrong("sslmode", "it is disable, allow, prefer, require, verify-ca or verify-full")),
        }
        .map(Some);
    }
    match get("ssl") {
        // The mere word switches it on.
        Some("") => Ok(Some(TlsMode::VerifyFull)),
        given => Ok(flag("ssl", given)?.then_some(TlsMode::VerifyFull)),
    }
}

fn mysql_tls<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> Result<Option<TlsMode>, SettingsError> {
    if let Some(mode) = get("sslMode") {
        return match mode.to_ascii_uppercase().as_str() {
            "DISABLED" => Ok(TlsMode::Disable),
            "PREFERRED" => Ok(TlsMode::Prefer),
            "REQUIRED" => Ok(TlsMode::Require),
            "VERIFY_IDENTITY" => Ok(TlsMode::VerifyFull),
            // The driver's library does not do the former: it insists on the name.
            "VERIFY_CA" => Err(wrong("sslMode", NO_AUTHORITY_ONLY)),
            _ => Err(wrong("sslMode", "it is DISABLED, PREFERRED, REQUIRED or VERIFY_IDENTITY")),
        }
        .map(Some);
    }
    let verify = flag("verifyServerCertificate", get("verifyServerCertificate"))?;
    let require = flag("requireSSL", get("requireSSL"))?;
    match get("useSSL") {
        Some(used) if !flag("useSSL", Some(used))? => Ok(Some(TlsMode::Disable)),
        _ if verify => Err(wrong("verifyServerCertificate", NO_AUTHORITY_ONLY)),
        _ if require => Ok(Some(TlsMode::Require)),
        _ => Ok(None),
    }
}
