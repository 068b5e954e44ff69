use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use mastic_core::RequestId;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::auth::Origin;
use crate::body::Answer;
use crate::calls::{Calls, plain};
use crate::route::Route;

/// What is known of a request besides itself.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The client's address.
    pub ip: IpAddr,
    /// Whether it came over TLS.
    pub secure: bool,
    /// The id given to it.
    pub request_id: RequestId,
}

/// Serves what is neither awsJson, awsQuery nor restJson1.
pub type Fallback = Arc<dyn Fn(http::Request<Incoming>, Arrival) -> BoxFuture<'static, Answer> + Send + Sync>;

/// How much a client may ask of the door.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a request's head.
    pub head: usize,
    /// How long the head of a request may take, and an idle connection may stay.
    pub head_time: Duration,
    /// How long open requests may take once the server shuts down.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: 64 * 1024, head_time: Duration::from_secs(75), shutdown: Duration::from_secs(10) }
    }
}

/// How long a server that stops still takes connections that are queued already.
const LAST_CALL: Duration = Duration::from_millis(20);

/// The door cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// The door: a listener with what it serves.
pub struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    house: Arc<House>,
}

struct House {
    calls: Calls,
    fallback: Fallback,
    limits: Limits,
}

impl Server {
    /// Opens the port; it serves once [`Server::run`] is polled.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn bind(
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
        calls: Calls,
        fallback: Fallback,
        limits: Limits,
    ) -> Result<Self, ServerError> {
        let listener =
            TcpListener::bind(address).await.map_err(|source| ServerError::Listen { address, source })?;
        Ok(Self { listener, tls, house: Arc::new(House { calls, fallback, limits }) })
    }

    /// The address listened on, with the real port where port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))
    }

    /// Serves until `stop` ends, then lets open requests finish.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let serve = |stream, peer| {
            let (house, tls, watcher) = (Arc::clone(&self.house), self.tls.clone(), graceful.watcher());
            tokio::spawn(house.connection(stream, peer, tls, watcher));
        };
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => serve(stream, peer),
                    Err(error) => {
                        // Out of file descriptors, or a client that is gone: the next accept may work.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::task::yield_now().await;
                    }
                },
                () = &mut stop => break,
            }
        }
        // Who had connected when the word came is still served.
        let queued = async {
            while let Ok((stream, peer)) = self.listener.accept().await {
                serve(stream, peer);
            }
        };
        // The time is up, or nobody is left; both are the end of it.
        let _ = tokio::time::timeout(LAST_CALL, queued).await;
        drop(self.listener);
        if tokio::time::timeout(self.house.limits.shutdown, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still open at the end of the shutdown");
        }
    }
}

impl House {
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        tls: Option<TlsAcceptor>,
        watcher: Watcher,
    ) {
        // A small answer must leave at once: with Nagle's algorithm it would wait for the client's ACK.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let origin = Origin { ip: peer.ip().to_canonical(), secure: tls.is_some() };
        match tls {
            None => self.http(stream, origin, watcher).await,
            Some(acceptor) => match acceptor.accept(stream).await {
                Ok(stream) => self.http(stream, origin, watcher).await,
                Err(error) => tracing::debug!(%error, %peer, "TLS handshake failed"),
            },
        }
    }

    async fn http<S>(self: Arc<Self>, stream: S, origin: Origin, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = self.limits;
        let service = service_fn(move |request| {
            let house = Arc::clone(&self);
            async move { Ok::<_, Infallible>(house.answer(request, origin).await) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(limits.head.max(8192))
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    async fn answer(&self, request: http::Request<Incoming>, origin: Origin) -> Answer {
        let (parts, body) = request.into_parts();
        match self.calls.route(&parts) {
            Route::Health => plain(200, "ok"),
            Route::Json(service, operation) | Route::Rest(service, operation) => {
                self.calls.known(service, operation, parts, body, origin).await
            }
            Route::UnknownPath(service) => self.calls.unknown_path(service, &parts, body, origin).await,
            Route::UnknownTarget(target) => self.calls.unknown_target(&target, &parts, body, origin).await,
            Route::Query => self.calls.query(parts, body, origin).await,
            Route::Other => {
                let request_id = self.calls.request_id();
                let arrival = Arrival { ip: origin.ip, secure: origin.secure, request_id };
                (self.fallback)(http::Request::from_parts(parts, body), arrival).await
            }
        }
    }
}
