use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Uri};
use http_body_util::Full;
use mastic_shape::{Op, Shape as _};
use mastic_sigv4::{Credentials, Payloads, Signer};
use mastic_wire::{decode_fault, decode_output, encode_input};

use crate::transport::Transport;
use crate::{ClientError, Config, S3};

/// A client of one server, region and caller. Clones share its connections and credentials.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    transport: Transport,
    config: Config,
    endpoint: Uri,
    credentials: RwLock<Arc<Credentials>>,
}

/// A successful answer, whole.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status, 200 to 399.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// A client with the usual configuration.
    ///
    /// # Errors
    /// [`ClientError::Config`] for an endpoint that is not an http or https URL.
    pub fn new(endpoint: &str, region: &str, credentials: Credentials) -> Result<Self, ClientError> {
        Self::with_config(Config::new(endpoint, region), credentials)
    }

    /// A client with a configuration of one's own.
    ///
    /// # Errors
    /// [`ClientError::Config`] for an endpoint or a CA file that cannot be used.
    pub fn with_config(config: Config, credentials: Credentials) -> Result<Self, ClientError> {
        let unusable = || ClientError::Config(format!("`{}` is not an http or https URL", config.endpoint));
        let endpoint: Uri = config.endpoint.parse().map_err(|_| unusable())?;
        let known = matches!(endpoint.scheme_str(), Some("http" | "https"));
        if !known || endpoint.authority().is_none() || endpoint.query().is_some() {
            return Err(unusable());
        }
        Ok(Self(Arc::new(Inner {
            transport: Transport::new(&config)?,
            endpoint,
            credentials: RwLock::new(Arc::new(credentials)),
            config,
        })))
    }

    /// Signs every later request with these credentials.
    pub fn set_credentials(&self, credentials: Credentials) {
        *self.0.credentials.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(credentials);
    }

    /// The credentials in use.
    #[must_use]
    pub fn credentials(&self) -> Arc<Credentials> {
        self.0.credentials.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server's URL, as configured.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.0.config.endpoint
    }

    /// The region that requests are signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.0.config.region
    }

    /// The S3 part.
    #[must_use]
    pub fn s3(&self) -> S3 {
        S3::new(self.clone())
    }

    /// Calls an operation.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn call<O: Op>(&self, input: O::Input) -> Result<O::Output, ClientError> {
        let (service, operation) = (O::service(), O::operation());
        let message = encode_input(service, operation, &input.into_value())?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(message.content_type));
        if let Some(target) = &message.target {
            headers.insert(HeaderName::from_static("x-amz-target"), value(target)?);
        }
        let body = Bytes::from(message.body);
        let method = Method::from_bytes(message.method.as_bytes()).unwrap_or(Method::POST);
        let signer = (!operation.unsigned).then_some(service.id);
        let reply = self.request(method, &message.path, headers, body, signer).await?;
        let output = decode_output(service, operation, &reply.body)?;
        O::Output::from_value(output)
            .map_err(|source| ClientError::Shape { operation: operation.name, source })
    }

    /// Makes any request: `target` is the percent-encoded path with its query, `sign` the signing name
    /// of the service (`None` sends it unsigned).
    ///
    /// # Errors
    /// See [`ClientError`]; an answer of 400 and above is [`ClientError::Service`].
    pub async fn request(
        &self,
        method: Method,
        target: &str,
        mut headers: HeaderMap,
        body: Bytes,
        sign: Option<&str>,
    ) -> Result<Reply, ClientError> {
        let uri = self.uri(target)?;
        headers.insert(HOST, value(&host(&uri))?);
        if let Some(service) = sign {
            let credentials = self.credentials();
            let signer = Signer {
                credentials: &credentials,
                // IAM is one for all regions, and its clients sign for this one.
                region: if service == "iam" { "us-east-1" } else { self.region() },
                service,
                at: self.0.config.clock.now(),
            };
            let (path, query) = (uri.path(), uri.query().unwrap_or_default());
            signer.sign(method.as_str(), path, query, &mut headers, Payloads::Body(&body)).map_err(|_| {
                ClientError::Config("the credentials hold characters that no header may".into())
            })?;
        }
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let (parts, body) = self.0.transport.send(request).await?.into_parts();
        let status = parts.status.as_u16();
        if status < 400 {
            return Ok(Reply { status, headers: parts.headers, body });
        }
        let id = ["x-amzn-requestid", "x-amz-request-id"]
            .iter()
            .find_map(|name| parts.headers.get(*name)?.to_str().ok())
            .map(str::to_owned);
        let error_type = parts.headers.get("x-amzn-errortype").and_then(|kind| kind.to_str().ok());
        let mut fault = decode_fault(error_type, &body);
        if body.is_empty() {
            // The answer to HEAD has no body to say more.
            fault.code = status.to_string();
            fault.message = parts.status.canonical_reason().unwrap_or_default().to_owned();
        }
        Err(ClientError::service(fault, status, id))
    }

    fn uri(&self, target: &str) -> Result<Uri, ClientError> {
        let mut parts = self.0.endpoint.clone().into_parts();
        let base = self.0.endpoint.path().trim_end_matches('/');
        let whole: PathAndQuery = format!("{base}{target}")
            .parse()
            .map_err(|_| ClientError::Config(format!("`{target}` is not a request target")))?;
        parts.path_and_query = Some(whole);
        Uri::from_parts(parts).map_err(|error| ClientError::Config(error.to_string()))
    }
}

/// The authority without a port that the scheme implies, as signers on both sides must agree.
fn host(uri: &Uri) -> String {
    let implied = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    match uri.port_u16() {
        Some(port) if port != implied => format!("{}:{port}", uri.host().unwrap_or_default()),
        _ => uri.host().unwrap_or_default().to_owned(),
    }
}

fn value(text: &str) -> Result<HeaderValue, ClientError> {
    HeaderValue::from_str(text).map_err(|_| ClientError::Config(format!("`{text}` is no header's value")))
}
