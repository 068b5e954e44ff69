//! The keys of OpenID Connect issuers: from files that the command line names, or from the issuers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mastic_kernel::ports::Issuers as Port;
use serde::Deserialize;

use crate::thumbprint;

/// How long an issuer may take for one answer, and how long the answer may be.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: usize = 1 << 20;

/// Knows issuers by file, and asks all others.
pub struct Issuers {
    files: HashMap<String, PathBuf>,
}

#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

impl Issuers {
    /// With the key sets of some issuers in files, by URL.
    pub fn new(files: HashMap<String, PathBuf>) -> Arc<Self> {
        let files = files.into_iter().map(|(url, file)| (plain(&url).to_owned(), file)).collect();
        Arc::new(Self { files })
    }
}

fn plain(url: &str) -> &str {
    url.trim_end_matches('/')
}

#[async_trait]
impl Port for Issuers {
    async fn keys(&self, issuer: &str, thumbprints: &[String]) -> Result<String, String> {
        let issuer = plain(issuer);
        if let Some(file) = self.files.get(issuer) {
            let read = tokio::fs::read_to_string(file).await;
            return read.map_err(|error| format!("{} cannot be read: {error}", file.display()));
        }
        let found = get(&format!("{issuer}/.well-known/openid-configuration"), thumbprints).await?;
        let configuration: Configuration = serde_json::from_str(&found)
            .map_err(|error| format!("its openid-configuration cannot be read: {error}"))?;
        if plain(&configuration.issuer) != issuer {
            return Err(format!("its openid-configuration is that of {}", configuration.issuer));
        }
        // An issuer on this machine may do without TLS; nobody else, and it may not lead elsewhere without it.
        if !configuration.jwks_uri.starts_with("https://") && !issuer.starts_with("http://") {
            return Err("its keys are not served over HTTPS".to_owned());
        }
        get(&configuration.jwks_uri, thumbprints).await
    }
}

/// One document. Redirections are not followed: they could lead to who is not the issuer.
async fn get(url: &str, thumbprints: &[String]) -> Result<String, String> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(PATIENCE));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(thumbprint::client(thumbprints)?)
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector);
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(connector);
    let uri: http::Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
    let work = async {
        let answer = client.get(uri).await.map_err(|error| reason(&error))?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("it answers {}", answer.status()));
        }
        let body = Limited::new(answer.into_body(), LONGEST).collect().await;
        let bytes = body.map_err(|error| error.to_string())?.to_bytes();
        String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())
    };
    let answer = tokio::time::timeout(PATIENCE, work).await;
    answer
        .unwrap_or_else(|_| Err("it does not answer in time".to_owned()))
        .map_err(|why| format!("{url}: {why}"))
}

/// An error with what caused it: the outermost one tells little.
fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
