//! A server for one test: checks the signature, hands the request on, counts the connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mastic_client::{Client, Credentials};
use mastic_core::{Clock as _, Secret, SystemClock};
use mastic_sigv4::{Presented, RequestParts, Verifier, sha256};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the handler of a test sees: the parsed signature (`None`: anonymous) and the request.
pub(crate) struct Seen {
    pub(crate) signer: Option<Presented>,
    pub(crate) method: http::Method,
    pub(crate) target: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) type Answer = http::Response<Full<Bytes>>;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
}

pub(crate) fn credentials(id: &str) -> Credentials {
    Credentials {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(format!("secret of {id}")),
        session_token: None,
    }
}

pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    http::Response::builder().status(status).body(Full::new(body.into())).unwrap()
}

impl Server {
    pub(crate) async fn start(handle: impl Fn(Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, None, handle)
    }

    pub(crate) fn on(
        listener: TcpListener,
        tls: Option<TlsAcceptor>,
        handle: impl Fn(Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        let handle = Arc::new(handle);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let (handle, tls) = (handle.clone(), tls.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request| serve(request, handle.clone()));
                    let http = hyper::server::conn::http1::Builder::new();
                    // A client that does not trust the certificate ends the handshake.
                    match tls {
                        None => drop(http.serve_connection(TokioIo::new(stream), service).await),
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                drop(http.serve_connection(TokioIo::new(stream), service).await);
                            }
                        }
                    }
                });
            }
        });
        Self { address, connections }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.address), "eu-west-1", credentials("AKIDFIRST")).unwrap()
    }
}

async fn serve(
    request: http::Request<hyper::body::Incoming>,
    handle: Arc<impl Fn(Seen) -> Answer>,
) -> Result<Answer, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let signed = RequestParts::new(&parts.method, &parts.uri, &parts.headers);
    let signer = Presented::parse(&signed).unwrap();
    if let Some(presented) = &signer {
        let secret = credentials(&presented.access_key_id).secret_access_key;
        Verifier::new().verify(presented, &signed, Some(&sha256(&body)), &secret, SystemClock.now()).unwrap();
    }
    let target = parts.uri.path_and_query().unwrap().to_string();
    Ok(handle(Seen { signer, method: parts.method, target, headers: parts.headers, body }))
}
