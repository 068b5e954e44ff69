//! What the Python process asks of the runner, over HTTP on the loopback interface: only who knows the token is answered.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mastic_handoff::Category;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::failure::Failure;
use crate::session::Session;

use super::engine::{CommitRequest, Engine};
use super::paths;

/// A server of the run's own; it ends with the process.
pub(super) struct Bridge {
    address: SocketAddr,
    token: String,
}

impl Bridge {
    pub(super) async fn open(session: Arc<Session>, engine: Arc<Engine>) -> Result<Self, Failure> {
        let failed = |error| Failure::of(Category::Launch, format!("No port can be listened on: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let token = session.entropy.hex(32);
        let house = Arc::new(House { session, engine, token: token.clone() });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let house = Arc::clone(&house);
                tokio::spawn(async move {
                    let answer = service_fn(|request| {
                        let house = Arc::clone(&house);
                        async move { Ok::<_, Infallible>(house.answer(request).await) }
                    });
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A client that goes away has no use for the answer.
                    let _ = connection.serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
        Ok(Self { address, token })
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }
}

struct House {
    session: Arc<Session>,
    engine: Arc<Engine>,
    token: String,
}

impl House {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let known = request.headers().get(http::header::AUTHORIZATION);
        if known.is_none_or(|token| token.as_bytes() != self.token.as_bytes()) {
            return told(StatusCode::FORBIDDEN, &json!({"message": "the token is wrong"}));
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let body = match request.into_body().collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return told(StatusCode::BAD_REQUEST, &json!({"message": error.to_string()})),
        };
        match (method, path.as_str()) {
            (Method::GET, "/credentials") => told(StatusCode::OK, &self.credentials()),
            (Method::POST, path) => {
                let input = match serde_json::from_slice(&body) {
                    Ok(input) => input,
                    Err(error) => {
                        return told(StatusCode::BAD_REQUEST, &json!({"message": error.to_string()}));
                    }
                };
                match self.call(path.to_owned(), input).await {
                    Some(Ok(answer)) => told(StatusCode::OK, &answer),
                    Some(Err(failure)) => {
                        let cause = failure.cause();
                        let error = json!({"category": cause.category.as_str(), "message": cause.text});
                        told(StatusCode::UNPROCESSABLE_ENTITY, &error)
                    }
                    None => told(StatusCode::NOT_FOUND, &json!({"message": format!("there is no {path}")})),
                }
            }
            (_, path) => told(StatusCode::NOT_FOUND, &json!({"message": format!("there is no {path}")})),
        }
    }

    /// The run's credentials of now. Source: "Container credential provider" (AWS SDKs and Tools Reference Guide).
    fn credentials(&self) -> Value {
        let now = self.session.client.credentials();
        json!({
            "AccessKeyId": now.access_key_id,
            "SecretAccessKey": now.secret_access_key.reveal(),
            "Token": now.session_token.as_ref().map(|token| token.reveal()),
            "Expiration": self.session.expires().iso8601(),
        })
    }

    /// What is asked of the runner; nothing for a path that is not there.
    async fn call(&self, path: String, input: Value) -> Option<Result<Value, Failure>> {
        if path == "/exists" {
            return Some(paths::missing(&self.session, input).await);
        }
        let (engine, runtime) = (Arc::clone(&self.engine), Handle::current());
        // The engine's work is no future that any thread could go on with: it has a thread of its own.
        let done = tokio::task::spawn_blocking(move || runtime.block_on(answer(&engine, &path, input)));
        done.await.unwrap_or_else(|error| Some(Err(Failure::of(Category::Internal, error.to_string()))))
    }
}

async fn answer(engine: &Engine, path: &str, input: Value) -> Option<Result<Value, Failure>> {
    Some(match path {
        "/read" => answered(input, async |request| engine.read(request).await).await,
        "/fill" => answered(input, async |request| engine.fill(request).await).await,
        "/prepare" => answered(input, async |request| engine.prepare(request).await).await,
        "/write" => answered(input, async |request| engine.write(request).await).await,
        "/bookmark/init" => answered(input, async |request| engine.init(request).await).await,
        "/bookmark/commit" => answered(input, async |_: CommitRequest| engine.commit().await).await,
        _ => return None,
    })
}

/// Calls what answers a path.
async fn answered<I: DeserializeOwned, O: Serialize>(
    input: Value,
    call: impl AsyncFnOnce(I) -> Result<O, Failure>,
) -> Result<Value, Failure> {
    let wrong = |error: serde_json::Error| Failure::of(Category::Internal, format!("the bridge: {error}"));
    let answer = call(serde_json::from_value(input).map_err(wrong)?).await?;
    serde_json::to_value(answer).map_err(wrong)
}

fn told(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
