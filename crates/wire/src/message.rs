use mastic_shape::{Http, Operation, Protocol, Schema, Service, Value};

use crate::query::Form;
use crate::{WireError, json, query, rest};

/// A body with what must be said of it in headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The HTTP status of an answer; 200 for a request.
    pub status: u16,
    /// The HTTP method of a request.
    pub method: &'static str,
    /// The path of a request with its query string, percent-encoded.
    pub path: String,
    /// The `Content-Type` header.
    pub content_type: &'static str,
    /// `X-Amz-Target` of an awsJson request.
    pub target: Option<String>,
    /// `x-amzn-ErrorType` of an awsJson error.
    pub error_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Message {
    /// An empty one: a `POST` to `/`, or an answer of 200.
    pub(crate) fn new(content_type: &'static str) -> Self {
        Self {
            status: 200,
            method: "POST",
            path: "/".to_owned(),
            content_type,
            target: None,
            error_type: None,
            body: Vec::new(),
        }
    }
}

/// A request as it came, as far as it holds input.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The path, percent-encoded (restJson1).
    pub path: &'a str,
    /// The query string, percent-encoded (restJson1).
    pub query: &'a str,
    /// The body; for awsQuery by GET the query string.
    pub body: &'a [u8],
}

impl<'a> Received<'a> {
    /// A request to `/` of which only the body counts.
    #[must_use]
    pub const fn body(body: &'a [u8]) -> Self {
        Self { path: "/", query: "", body }
    }
}

/// The content type of a protocol's answers.
pub(crate) fn answer_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::AwsJson10 => "application/x-amz-json-1.0",
        Protocol::AwsJson11 => "application/x-amz-json-1.1",
        Protocol::AwsQuery => "text/xml",
        Protocol::RestJson1 => "application/json",
    }
}

fn shapes(operation: &Operation) -> Result<(&'static Schema, &'static Schema), WireError> {
    operation.shapes.ok_or(WireError::NoShapes(operation.name))
}

fn http(operation: &Operation) -> Result<Http, WireError> {
    operation.http.ok_or(WireError::NoShapes(operation.name))
}

/// Reads an operation's input from a request.
///
/// # Errors
/// See [`WireError`].
pub fn decode_input(
    service: &Service,
    operation: &Operation,
    request: Received<'_>,
) -> Result<Value, WireError> {
    let (schema, _) = shapes(operation)?;
    match service.protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => json::decode(request.body, schema),
        Protocol::AwsQuery => query::decode(&Form::parse(request.body)?, schema),
        Protocol::RestJson1 => {
            rest::decode(&http(operation)?, schema, (request.path, request.query, request.body))
        }
    }
}

/// The answer that carries an operation's output.
///
/// # Errors
/// [`WireError::NoShapes`].
pub fn encode_output(
    service: &Service,
    operation: &Operation,
    output: &Value,
    request_id: &str,
) -> Result<Message, WireError> {
    let (_, schema) = shapes(operation)?;
    let body = match service.protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1 => {
            let mut out = Vec::with_capacity(1024);
            // A JSON operation without an output shape answers with no body at all.
            if schema.name != "Empty" {
                json::encode(output, schema, &mut out);
            }
            out
        }
        Protocol::AwsQuery => {
            query::write(operation.name, service.xml_namespace, output, schema, request_id).into_bytes()
        }
    };
    let content_type = answer_type(service.protocol);
    Ok(Message { body, ..Message::new(content_type) })
}

/// The request that carries an operation's input, for a client.
///
/// # Errors
/// [`WireError::NoShapes`].
pub fn encode_input(service: &Service, operation: &Operation, input: &Value) -> Result<Message, WireError> {
    let (schema, _) = shapes(operation)?;
    Ok(match service.protocol {
        protocol @ (Protocol::AwsJson10 | Protocol::AwsJson11) => {
            let mut body = Vec::with_capacity(256);
            json::encode(input, schema, &mut body);
            let target = Some(format!("{}.{}", service.target_prefix, operation.name));
            Message { target, body, ..Message::new(answer_type(protocol)) }
        }
        Protocol::AwsQuery => {
            let form = query::encode(operation.name, service.version, input, schema);
            let body = form.encode().into_bytes();
            Message { body, ..Message::new("application/x-www-form-urlencoded; charset=utf-8") }
        }
        protocol @ Protocol::RestJson1 => {
            let http = http(operation)?;
            let (path, body) = rest::encode(&http, input, schema);
            Message { method: http.method, path, body, ..Message::new(answer_type(protocol)) }
        }
    })
}

/// Reads an operation's output from an answer's body, for a client.
///
/// # Errors
/// See [`WireError`].
pub fn decode_output(service: &Service, operation: &Operation, body: &[u8]) -> Result<Value, WireError> {
    let (_, schema) = shapes(operation)?;
    match service.protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1 => json::decode(body, schema),
        Protocol::AwsQuery => query::read(body, operation.name, schema),
    }
}
