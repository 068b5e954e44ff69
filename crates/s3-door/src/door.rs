use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use mastic_core::{Fault, Region, RequestId};
use mastic_kernel::Kernel;
use mastic_kernel::ports::Keys;
use mastic_objects::{Objects, fault};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};

use crate::access::Guard;
use crate::answer::{Answer, BodyError, Place, empty, error_answer, fault_of, sign};
use crate::gate::{Gate, Origin, Secrets};
use crate::host::Hosts;
use crate::incoming::Incoming;
use crate::refuse;
use crate::serve::Front;
use crate::slot::Slot;

/// The largest XML document taken in: a batch of 1000 deletions or 10000 parts stays far below.
const LARGEST_XML: usize = 8 * 1024 * 1024;

/// S3 over HTTP. Copies share it.
#[derive(Clone)]
pub struct S3Door {
    inner: Arc<Inner>,
}

struct Inner {
    kernel: Kernel,
    gate: Gate,
    service: S3Service,
    host_id: String,
}

impl S3Door {
    /// A door to the object service. `hosts` are the names of the server without ports, for virtual-host style
    /// (`localhost` is always one); `usual_region` is that of requests that name none (anonymous ones).
    pub fn new(
        kernel: Kernel,
        keys: Arc<dyn Keys>,
        objects: Arc<Objects>,
        hosts: &[String],
        usual_region: Region,
    ) -> Self {
        let mut builder = S3ServiceBuilder::new(Front { objects: Arc::clone(&objects) });
        builder.set_auth(Secrets(Arc::clone(&keys)));
        builder.set_access(Guard { kernel: kernel.clone(), objects });
        builder.set_host(Hosts::new(hosts.iter().cloned()));
        let mut config = S3Config::default();
        config.xml_max_body_size = LARGEST_XML;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        let host_id = kernel.entropy().hex(24);
        let gate = Gate::new(kernel.clone(), keys, usual_region, Hosts::new(hosts.iter().cloned()));
        Self { inner: Arc::new(Inner { kernel, gate, service: builder.build(), host_id }) }
    }

    /// Serves one request. `peer` is the client's address, `secure` tells whether it came over TLS.
    pub async fn handle<B>(
        &self,
        request: Request<B>,
        peer: IpAddr,
        secure: bool,
        request_id: RequestId,
    ) -> Answer
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let (mut parts, body) = request.into_parts();
        let (body, read) = Incoming::new(body);
        let id = request_id.to_string();
        let (bucket, key) = self.place(&parts);
        let place = Place {
            bucket: bucket.as_deref(),
            key: key.as_deref(),
            request_id: &id,
            host_id: &self.inner.host_id,
            silent: parts.method == Method::HEAD,
        };
        let origin = Origin { ip: peer, secure, request_id };
        for name in ["authorization", "x-amz-security-token"] {
            if let Some(value) = parts.headers.get_mut(name) {
                // s3s shows headers in its debug log.
                value.set_sensitive(true);
            }
        }
        let (call, known) = self.inner.gate.call(&mut parts, origin);
        if known.is_ok() && matches!(parts.method, Method::GET | Method::HEAD) {
            // It is checked, and there is no body that s3s would decode by it.
            parts.headers.remove(http::header::AUTHORIZATION);
        }
        let slot = Slot::new(call, log_name(&parts.method, &place));
        let refused = known
            .err()
            .or_else(|| form_upload(&parts))
            .or_else(|| refuse::unknown_operation(&parts, place.key.is_some()));
        let mut answer = match refused {
            Some(refused) => {
                slot.fail(refused.clone());
                error_answer(&refused, &place)
            }
            None => {
                parts.extensions.insert(slot.clone());
                let body = s3s::Body::http_body_unsync(body);
                self.serve(Request::from_parts(parts, body), &slot, &place).await
            }
        };
        self.audit(&slot).await;
        sign(&mut answer, &id, &self.inner.host_id);
        if !read.to_the_end() {
            // A client that waits for `100 Continue` does not send the body now: the next request must not be
            // taken for it.
            answer.headers_mut().insert(http::header::CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }

    async fn serve(&self, request: Request<s3s::Body>, slot: &Slot, place: &Place<'_>) -> Answer {
        let response = match self.inner.service.call(request).await {
            Ok(response) => response,
            Err(error) => {
                let fault = Fault::internal(BodyError::from(error));
                slot.fail(fault.clone());
                return error_answer(&fault, place);
            }
        };
        let (mut parts, body) = response.into_parts();
        if parts.status.is_client_error() || parts.status.is_server_error() {
            let fault = match slot.course().fault {
                Some(fault) => fault,
                None => fault_of(parts.status, body).await,
            };
            slot.fail(fault.clone());
            if let Some(cause) = fault.cause() {
                tracing::error!(request_id = place.request_id, cause, "a request of S3's failed");
            }
            return error_answer(&fault, place);
        }
        if let Some(status) = slot.course().status {
            parts.status = status;
        }
        let body = if parts.status == StatusCode::NOT_MODIFIED { empty() } else { body.boxed_unsync() };
        Answer::from_parts(parts, body)
    }

    async fn audit(&self, slot: &Slot) {
        let course = slot.course();
        let outcome = match &course.fault {
            Some(fault) => Err(fault),
            None => Ok(()),
        };
        match (&course.ctx, outcome) {
            (Some(ctx), outcome) => {
                self.inner.kernel.audit(ctx, "s3", &course.operation, course.input, outcome).await;
            }
            (None, Err(fault)) => {
                self.inner.kernel.audit_refused(&course.call, "s3", &course.operation, fault).await;
            }
            // s3s serves nothing that the guard has not seen.
            (None, Ok(())) => tracing::error!("a request of S3's was served without a context"),
        }
    }

    /// Bucket and key as the address has them.
    fn place(&self, parts: &http::request::Parts) -> (Option<String>, Option<String>) {
        let path = percent_encoding::percent_decode_str(parts.uri.path()).decode_utf8_lossy();
        let path = path.strip_prefix('/').unwrap_or(&path);
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        match self.inner.gate.bucket(parts) {
            Some(bucket) => (some(bucket), some(path)),
            None => {
                let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
                (some(bucket), some(key))
            }
        }
    }
}

/// What a request is called before its operation is known, in the manner of S3's server access logs.
fn log_name(method: &Method, place: &Place<'_>) -> String {
    let resource = match (place.bucket, place.key) {
        (_, Some(_)) => "OBJECT",
        (Some(_), None) => "BUCKET",
        (None, None) => "SERVICE",
    };
    format!("REST.{method}.{resource}")
}

/// Browser uploads are not served, and s3s would gather them in memory.
fn form_upload(parts: &http::request::Parts) -> Option<Fault> {
    let content = parts.headers.get(http::header::CONTENT_TYPE)?.to_str().ok()?;
    let form = content.trim_start().to_ascii_lowercase().starts_with("multipart/form-data");
    (form && parts.method == Method::POST)
        .then(|| fault::not_implemented("the operation PostObject (browser form upload)"))
}
