//! Answers in S3's form.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use mastic_core::Fault;
use s3s::{S3Error, S3ErrorCode};

/// What can go wrong while an answer is sent.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer.
pub type AnswerBody = UnsyncBoxBody<Bytes, BodyError>;

/// An answer.
pub type Answer = http::Response<AnswerBody>;

/// The most that is read of an error that s3s words.
const LARGEST_ERROR: usize = 64 * 1024;

/// A fault as s3s carries it; what the client sees is written by [`error_answer`].
pub(crate) fn error_of(fault: &Fault) -> S3Error {
    let code = S3ErrorCode::from_bytes(fault.code().as_bytes()).unwrap_or(S3ErrorCode::InternalError);
    let mut error = S3Error::with_message(code, fault.message().to_owned());
    error.set_status_code(StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    error
}

/// The fault that s3s itself has answered with.
pub(crate) async fn fault_of(status: StatusCode, body: s3s::Body) -> Fault {
    let limited = http_body_util::Limited::new(body, LARGEST_ERROR);
    let bytes = limited.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let code = element(&text, "Code").unwrap_or_else(|| "InternalError".to_owned());
    let message = element(&text, "Message").filter(|message| !message.is_empty());
    let message = message.unwrap_or_else(|| usual_text(&code).to_owned());
    Fault::sender(code, message).with_status(status.as_u16())
}

fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let plain =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")];
    Some(plain.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)))
}

/// What S3 says where s3s says nothing ("Error responses").
fn usual_text(code: &str) -> &'static str {
    match code {
        "AccessDenied" => "Access Denied",
        "IncompleteBody" => {
            "You did not provide the number of bytes specified by the Content-Length HTTP header."
        }
        "InternalError" => "We encountered an internal error. Please try again.",
        "InvalidAccessKeyId" => "The AWS Access Key Id you provided does not exist in our records.",
        "InvalidBucketName" => "The specified bucket is not valid.",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "KeyTooLongError" => "Your key is too long",
        "MalformedXML" => {
            "The XML you provided was not well-formed or did not validate against our published schema"
        }
        "MaxMessageLengthExceeded" => "Your request was too big.",
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "MissingRequestBodyError" => "Request Body is empty",
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided. Check your key and signing method."
        }
        _ => "The request is not valid.",
    }
}

/// What an error says of its place.
pub(crate) struct Place<'a> {
    pub(crate) bucket: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
    pub(crate) request_id: &'a str,
    pub(crate) host_id: &'a str,
    /// An answer to `HEAD` has no body.
    pub(crate) silent: bool,
}

/// The answer for a fault.
pub(crate) fn error_answer(fault: &Fault, place: &Place<'_>) -> Answer {
    let (code, message) = match fault.code() {
        "InternalFailure" => ("InternalError", usual_text("InternalError")),
        code => (code, fault.message()),
    };
    let mut body = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
    let mut put = |name: &str, text: &str| body.push_str(&format!("<{name}>{}</{name}>", escaped(text)));
    put("Code", code);
    put("Message", message);
    match (code, place.bucket, place.key) {
        ("NoSuchKey", _, Some(key)) => put("Key", key),
        ("NoSuchBucket" | "NoSuchBucketPolicy" | "NoSuchTagSet" | "BucketNotEmpty", Some(bucket), _) => {
            put("BucketName", bucket);
        }
        _ => {}
    }
    put("RequestId", place.request_id);
    put("HostId", place.host_id);
    body.push_str("</Error>");
    let body =
        if place.silent { empty() } else { Full::from(body).map_err(|never| match never {}).boxed_unsync() };
    let mut answer = http::Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    let told = [
        ("x-mastic-decision-id", fault.decision()),
        ("x-mastic-encoded-authorization-message", fault.encoded_message()),
    ];
    for (name, value) in told {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    answer
}

/// No body.
pub(crate) fn empty() -> AnswerBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Puts the ids on an answer that every answer of S3's has.
pub(crate) fn sign(answer: &mut Answer, request_id: &str, host_id: &str) {
    for (name, value) in [("x-amz-request-id", request_id), ("x-amz-id-2", host_id)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}

/// Text as XML content; characters that XML cannot hold become the replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}
