use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use hyper::body::Incoming;
use mastic_core::{Clock, Fault, Region, RequestId};
use mastic_kernel::ports::Keys;
use mastic_kernel::{Call, Kernel, Registry};
use mastic_shape::{Operation, Protocol, Service, Violation, validate, violations_text};
use mastic_wire::Received;

use crate::auth::{Authenticator, Origin};
use crate::body::{self, Answer, full};
use crate::route::{self, Route};

/// Serves awsJson, awsQuery and restJson1 calls.
pub struct Calls {
    kernel: Kernel,
    registry: Registry,
    authenticator: Authenticator,
    max_body: usize,
}

impl Calls {
    /// Serves what `registry` knows. `max_body` is the longest body that is read, in bytes; `default_region`
    /// stands in the audit record of calls whose signature names none.
    pub fn new(
        kernel: Kernel,
        registry: Registry,
        keys: Arc<dyn Keys>,
        clock: Arc<dyn Clock>,
        default_region: Region,
        max_body: usize,
    ) -> Self {
        let authenticator = Authenticator::new(keys, clock, default_region);
        Self { kernel, registry, authenticator, max_body }
    }

    pub(crate) fn route(&self, parts: &Parts) -> Route {
        route::route(self.registry.services(), parts)
    }

    pub(crate) fn request_id(&self) -> RequestId {
        self.kernel.request_id()
    }

    /// Answers a call whose operation headers and path tell.
    pub(crate) async fn known(
        &self,
        service: &'static Service,
        operation: &'static Operation,
        parts: Parts,
        body: Incoming,
        origin: Origin,
    ) -> Answer {
        let call = self.authenticator.anonymous(&parts, origin, self.request_id());
        match body::collect(body, self.max_body).await {
            Ok(bytes) => self.serve(service, operation, &parts, &bytes, &bytes, call).await,
            Err(fault) => self.refuse(service, operation.name, &call, fault).await,
        }
    }

    /// Answers restJson1 whose method and path no model knows.
    pub(crate) async fn unknown_path(
        &self,
        service: &'static Service,
        parts: &Parts,
        body: Incoming,
        origin: Origin,
    ) -> Answer {
        drop(body::collect(body, self.max_body).await);
        let call = self.authenticator.anonymous(parts, origin, self.request_id());
        let text = format!("No operation of {} is {} {}.", service.id, parts.method, parts.uri.path());
        let fault = Fault::sender("UnknownOperationException", text).with_status(404);
        self.refuse(service, "unknown", &call, fault).await
    }

    /// Answers awsJson with a target that no model knows.
    pub(crate) async fn unknown_target(
        &self,
        target: &str,
        parts: &Parts,
        body: Incoming,
        origin: Origin,
    ) -> Answer {
        // Read, so that the connection can be used again; too long a body ends it.
        drop(body::collect(body, self.max_body).await);
        let call = self.authenticator.anonymous(parts, origin, self.request_id());
        let fault =
            Fault::sender("UnknownOperationException", format!("The operation {target} is not known."));
        self.kernel.audit_refused(&call, "unknown", target, &fault).await;
        let json = self.registry.services().iter().find(|s| s.protocol == Protocol::AwsJson11);
        json.map_or_else(
            || plain(400, fault.message()),
            |service| render_fault(service, &fault, &call.request_id),
        )
    }

    /// Answers awsQuery; the action is in the form.
    pub(crate) async fn query(&self, parts: Parts, body: Incoming, origin: Origin) -> Answer {
        let call = self.authenticator.anonymous(&parts, origin, self.request_id());
        let services = self.registry.services();
        let Some(any) = services.iter().find(|s| s.protocol == Protocol::AwsQuery).copied() else {
            return plain(404, "no Query service is served here");
        };
        let bytes = match body::collect(body, self.max_body).await {
            Ok(bytes) => bytes,
            Err(fault) => return self.refuse(any, "unknown", &call, fault).await,
        };
        let form = match parts.uri.query() {
            Some(query) if bytes.is_empty() => Bytes::from(query.to_owned()),
            _ => bytes.clone(),
        };
        let action = std::str::from_utf8(&form).ok().and_then(|form| route::parameter(form, "Action"));
        let Some(action) = action.map(std::borrow::Cow::into_owned) else {
            let fault =
                Fault::sender("MissingAction", "The request is missing an action or a required parameter.");
            return self.refuse(any, "unknown", &call, fault).await;
        };
        let signed_for = route::signed_for(&parts);
        match route::query_operation(services, signed_for.as_deref(), &action) {
            Some((service, operation)) => self.serve(service, operation, &parts, &bytes, &form, call).await,
            None => {
                let text = format!("Could not find operation {action} for version NO_VERSION_SPECIFIED");
                self.refuse(any, &action, &call, Fault::sender("InvalidAction", text)).await
            }
        }
    }

    /// `body` is what the signature is over; `form` is where the input is, which awsQuery may have in its query
    /// string instead.
    async fn serve(
        &self,
        service: &'static Service,
        operation: &'static Operation,
        parts: &Parts,
        body: &Bytes,
        form: &Bytes,
        call: Call,
    ) -> Answer {
        let checked = if operation.unsigned {
            Ok(call.clone())
        } else {
            self.authenticator.check(parts, body, service.id, service.protocol, call.clone())
        };
        let call = match checked {
            Ok(call) => call,
            Err(fault) => return self.refuse(service, operation.name, &call, fault).await,
        };
        let request_id = call.request_id.clone();
        let Some((input_schema, output_schema)) = operation.shapes else {
            // The registry words the refusal; it knows the operation by name only.
            let empty = mastic_shape::Value::empty();
            let outcome = self.registry.serve(&self.kernel, service, operation, call, empty).await;
            let fault =
                outcome.err().unwrap_or_else(|| Fault::internal("an operation without shapes was served"));
            return render_fault(service, &fault, &request_id);
        };
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or(""));
        let received = Received { path, query, body: form };
        let input = match mastic_wire::decode_input(service, operation, received) {
            Ok(input) => input,
            Err(error) => return self.refuse(service, operation.name, &call, error.fault()).await,
        };
        let violations = validate(&input, input_schema);
        if !violations.is_empty() {
            let code = validation_code(service, &violations);
            let mut fault = Fault::sender(code, violations_text(&violations));
            if service.protocol == Protocol::RestJson1 {
                fault = fault.with_member("reason", "fieldValidationFailed");
            }
            return self.refuse(service, operation.name, &call, fault).await;
        }
        match self.registry.serve(&self.kernel, service, operation, call, input).await {
            Ok(output) => {
                match mastic_wire::encode_output(service, operation, &output, request_id.as_str()) {
                    Ok(message) => answer(200, message.content_type, message.body, &request_id),
                    Err(error) => {
                        tracing::error!(%error, schema = output_schema.name, "an answer could not be encoded");
                        render_fault(service, &Fault::internal(error), &request_id)
                    }
                }
            }
            Err(fault) => render_fault(service, &fault, &request_id),
        }
    }

    async fn refuse(&self, service: &'static Service, operation: &str, call: &Call, fault: Fault) -> Answer {
        self.kernel.audit_refused(call, service.id, operation, &fault).await;
        render_fault(service, &fault, &call.request_id)
    }
}

/// The code under which a service reports that an input violates its model's constraints.
fn validation_code(service: &Service, violations: &[Violation]) -> &'static str {
    let of = |member: &str| violations.first().is_some_and(|violation| violation.path.starts_with(member));
    match (service.protocol, service.id) {
        (_, "cloudtrail") if of("maxResults") => "InvalidMaxResultsException",
        (_, "cloudtrail") if of("lookupAttributes") => "InvalidLookupAttributesException",
        (_, "cloudtrail") if of("eventCategory") => "InvalidEventCategoryException",
        (Protocol::AwsQuery, _) => "ValidationError",
        (_, "logs") => "InvalidParameterException",
        _ => "ValidationException",
    }
}

/// Query services name denials otherwise than JSON services do, and restJson1 gives them another status.
fn in_dialect(service: &Service, fault: &Fault) -> Fault {
    match (service.protocol, fault.code()) {
        (Protocol::AwsQuery, "AccessDeniedException") => {
            fault.clone().with_code("AccessDenied").with_status(403)
        }
        (
            Protocol::RestJson1,
            "AccessDeniedException"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "IncompleteSignatureException"
            | "ExpiredTokenException",
        ) => fault.clone().with_status(403),
        (Protocol::RestJson1, "InternalFailure") => fault.clone().with_code("InternalServerException"),
        (Protocol::AwsQuery, "InternalFailure") => fault.clone().with_code("ServiceFailure"),
        (_, "InternalFailure") => fault.clone().with_code("InternalServiceException"),
        _ => fault.clone(),
    }
}

fn render_fault(service: &Service, fault: &Fault, request_id: &RequestId) -> Answer {
    if fault.status() >= 500 && fault.status() != 501 {
        tracing::error!(%request_id, code = fault.code(), cause = fault.cause(), "a call failed");
    }
    let fault = in_dialect(service, fault);
    let message = mastic_wire::encode_fault(service, &fault, request_id.as_str());
    let mut answer = answer(fault.status(), message.content_type, message.body, request_id);
    if let Some(kind) = message.error_type.and_then(|kind| http::HeaderValue::from_str(&kind).ok()) {
        answer.headers_mut().insert("x-amzn-errortype", kind);
    }
    tell_decision(&fault, answer.headers_mut());
    answer
}

/// The headers by which a denied caller, or who may know more, learns why.
fn tell_decision(fault: &Fault, headers: &mut http::HeaderMap) {
    let told = [
        ("x-mastic-decision-id", fault.decision()),
        ("x-mastic-encoded-authorization-message", fault.encoded_message()),
    ];
    for (name, value) in told {
        if let Some(value) = value.and_then(|value| http::HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
}

fn answer(status: u16, content_type: &'static str, body: impl Into<Bytes>, request_id: &RequestId) -> Answer {
    let mut answer = http::Response::new(full(body));
    *answer.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    if let Ok(id) = http::HeaderValue::from_str(request_id.as_str()) {
        headers.insert("x-amzn-requestid", id);
    }
    answer
}

/// An answer for people.
pub(crate) fn plain(status: u16, text: &str) -> Answer {
    let mut answer = http::Response::new(full(format!("{text}\n")));
    *answer.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    answer
}
