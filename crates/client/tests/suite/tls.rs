//! https with an authority of one's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use mastic_client::{Client, ClientError, Config};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::server::{Server, answer, credentials};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn acceptor() -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_file(data("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(data("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn only_a_trusted_server_is_spoken_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server =
        Server::on(listener, Some(acceptor()), |seen| answer(200, seen.headers["host"].as_bytes().to_vec()));
    let mut config = Config::new(format!("https://{}", server.address), "eu-west-1");
    let get = |config: Config| async {
        let client = Client::with_config(config, credentials("A")).unwrap();
        client.request(Method::GET, "/", HeaderMap::new(), Bytes::new(), Some("glue")).await
    };
    let stranger = get(config.clone()).await.unwrap_err();
    assert!(matches!(stranger, ClientError::Transport { unsent: true, .. }), "{stranger}");

    config.ca_file = Some(data("authority.pem"));
    assert_eq!(get(config).await.unwrap().body, server.address.to_string());
}

#[test]
fn an_unusable_authority_file_is_named() {
    let mut config = Config::new("https://127.0.0.1:1", "eu-west-1");
    config.ca_file = Some("/nowhere/ca.pem".into());
    let error = Client::with_config(config, credentials("A")).err().unwrap();
    assert!(error.to_string().contains("/nowhere/ca.pem"));
}
