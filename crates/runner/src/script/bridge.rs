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
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::failure::Failure;
use crate::session::Session;

use super::paths;

/// A server of the run's own; it ends with the process.
pub(super) struct Bridge {
    address: SocketAddr,
    token: String,
}

impl Bridge {
    pub(super) async fn open(session: Arc<Session>) -> Result<Self, Failure> {
        let failed = |error| Failure::of(Category::Launch, format!("No port can be listened on: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let token = session.entropy.hex(32);
        let house = Arc::new(House { session, token: token.clone() });
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
                match self.call(path, input).await {
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
    async fn call(&self, path: &str, input: Value) -> Option<Result<Value, Failure>> {
        match path {
            "/exists" => Some(paths::missing(&self.session, input).await),
            _ => None,
        }
    }
}

fn told(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
