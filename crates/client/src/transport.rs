//! Connections: HTTP/1.1 with keep-alive, TLS with the system's authorities and one's own.

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::{ClientError, Config};

type Http = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

pub(crate) struct Transport {
    http: Http,
    endpoint: String,
    patience: Duration,
    timeout: Duration,
}

/// Where distributions keep the certificate authorities.
const SYSTEM_CAS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

impl Transport {
    pub(crate) fn new(config: &Config) -> Result<Self, ClientError> {
        let mut connector = HttpConnector::new();
        // Without this a small request waits for the acknowledgement of the one before it.
        connector.set_nodelay(true);
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(Duration::from_secs(10)));
        let secure = config.endpoint.starts_with("https:");
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::Config(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(authorities(secure, config.ca_file.as_deref())?)
        .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Ok(Self {
            http: Client::builder(TokioExecutor::new()).build(connector),
            endpoint: config.endpoint.clone(),
            patience: config.patience,
            timeout: config.timeout,
        })
    }

    /// Sends a request and reads the whole answer. A refused connection is tried again until the
    /// patience is at its end: nothing was sent, so nothing can happen twice.
    pub(crate) async fn send(
        &self,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<Bytes>, ClientError> {
        let exchange = async {
            let mut pause = Duration::from_millis(5);
            let mut waited = Duration::ZERO;
            loop {
                match self.http.request(request.clone()).await {
                    Ok(answer) => {
                        let (parts, body) = answer.into_parts();
                        let body = body.collect().await.map_err(|error| self.broken(&error, false))?;
                        return Ok(http::Response::from_parts(parts, body.to_bytes()));
                    }
                    Err(error) if refused(&error) && waited < self.patience => {
                        tokio::time::sleep(pause).await;
                        waited += pause;
                        pause = (pause * 2).min(Duration::from_millis(200));
                    }
                    Err(error) => return Err(self.broken(&error, error.is_connect())),
                }
            }
        };
        tokio::time::timeout(self.timeout, exchange).await.unwrap_or_else(|_| {
            Err(ClientError::Timeout { endpoint: self.endpoint.clone(), seconds: self.timeout.as_secs() })
        })
    }

    fn broken(&self, error: &(dyn std::error::Error + 'static), unsent: bool) -> ClientError {
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            reason = format!("{reason}: {inner}");
            source = inner.source();
        }
        ClientError::Transport { endpoint: self.endpoint.clone(), reason, unsent }
    }
}

fn refused(error: &Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::ConnectionRefused
        {
            return true;
        }
        source = inner.source();
    }
    false
}

fn authorities(secure: bool, own: Option<&Path>) -> Result<RootCertStore, ClientError> {
    let mut store = RootCertStore::empty();
    if secure && let Some(system) = SYSTEM_CAS.iter().map(Path::new).find(|path| path.exists()) {
        // A system bundle may hold a certificate that rustls does not take; the others still count.
        store.add_parsable_certificates(certificates(system)?);
    }
    if let Some(path) = own {
        for certificate in certificates(path)? {
            store.add(certificate).map_err(|error| unusable(path, &error))?;
        }
    }
    Ok(store)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> ClientError {
    ClientError::Config(format!("the certificates of `{}` cannot be used: {error}", path.display()))
}
