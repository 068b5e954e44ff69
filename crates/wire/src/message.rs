use mastic_shape::{Operation, Protocol, Schema, Service, Value};

use crate::query::Form;
use crate::{WireError, json, query};

/// A body with what must be said of it in headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The HTTP status of an answer; 200 for a request.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: &'static str,
    /// `X-Amz-Target` of an awsJson request.
    pub target: Option<String>,
    /// `x-amzn-ErrorType` of an awsJson error.
    pub error_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
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

/// Reads an operation's input from a request's body (for awsQuery by GET: from its query string).
///
/// # Errors
/// See [`WireError`].
pub fn decode_input(service: &Service, operation: &Operation, body: &[u8]) -> Result<Value, WireError> {
    let (schema, _) = shapes(operation)?;
    match service.protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1 => json::decode(body, schema),
        Protocol::AwsQuery => query::decode(&Form::parse(body)?, schema),
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
    Ok(Message { status: 200, content_type, target: None, error_type: None, body })
}

/// The request that carries an operation's input, for a client.
///
/// # Errors
/// [`WireError::NoShapes`].
pub fn encode_input(service: &Service, operation: &Operation, input: &Value) -> Result<Message, WireError> {
    let (schema, _) = shapes(operation)?;
    let (content_type, target, body) = match service.protocol {
        protocol @ (Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1) => {
            let mut out = Vec::with_capacity(256);
            json::encode(input, schema, &mut out);
            let target = format!("{}.{}", service.target_prefix, operation.name);
            (answer_type(protocol), Some(target), out)
        }
        Protocol::AwsQuery => {
            let form = query::encode(operation.name, service.version, input, schema);
            ("application/x-www-form-urlencoded; charset=utf-8", None, form.encode().into_bytes())
        }
    };
    Ok(Message { status: 200, content_type, target, error_type: None, body })
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
