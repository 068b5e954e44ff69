use mastic_core::{Blame, Fault};
use mastic_shape::{Protocol, Service};

use crate::Message;
use crate::json::string;
use crate::message::answer_type;
use crate::query::{Element, element, escape};

/// The answer that carries an error.
#[must_use]
pub fn encode_fault(service: &Service, fault: &Fault, request_id: &str) -> Message {
    let (error_type, body) = match service.protocol {
        protocol @ (Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1) => {
            // restJson1 has the code in a header only.
            let code = (protocol != Protocol::RestJson1).then(|| ("__type", fault.code()));
            let message = (service.message_member, fault.message());
            let mut body = Vec::with_capacity(128);
            for (name, value) in code.into_iter().chain([message]).chain(fault.members()) {
                body.push(if body.is_empty() { b'{' } else { b',' });
                string(name, &mut body);
                body.push(b':');
                string(value, &mut body);
            }
            body.push(b'}');
            (Some(fault.code().to_owned()), body)
        }
        Protocol::AwsQuery => (None, query_body(service.xml_namespace, fault, request_id).into_bytes()),
    };
    Message { status: fault.status(), error_type, body, ..Message::new(answer_type(service.protocol)) }
}

fn query_body(namespace: &str, fault: &Fault, request_id: &str) -> String {
    let blame = match fault.blame() {
        Blame::Sender => "Sender",
        Blame::Receiver => "Receiver",
    };
    let mut out = format!("<ErrorResponse xmlns=\"{namespace}\">");
    element(&mut out, "Error", |out| {
        element(out, "Type", |out| out.push_str(blame));
        element(out, "Code", |out| escape(out, fault.code()));
        element(out, "Message", |out| escape(out, fault.message()));
        for (name, value) in fault.members() {
            element(out, name, |out| escape(out, value));
        }
    });
    element(&mut out, "RequestId", |out| escape(out, request_id));
    out.push_str("</ErrorResponse>");
    out
}

/// An error as a client reads it from an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFault {
    /// AWS's error code, without the prefix some services give it.
    pub code: String,
    /// The text; empty where the answer has none.
    pub message: String,
    /// The request's id, where the body holds it.
    pub request_id: Option<String>,
}

/// Reads an error from an answer's body, JSON or XML (S3's form too), and the header `x-amzn-ErrorType`, where
/// restJson1 has the code; what cannot be read becomes the code `Unknown` with the body's beginning as the message.
#[must_use]
pub fn decode_fault(error_type: Option<&str>, body: &[u8]) -> RemoteFault {
    from_json(error_type, body).or_else(|| from_xml(body)).unwrap_or_else(|| RemoteFault {
        code: "Unknown".into(),
        message: String::from_utf8_lossy(body).chars().take(200).collect(),
        request_id: None,
    })
}

fn from_json(error_type: Option<&str>, body: &[u8]) -> Option<RemoteFault> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let text = |names: [&str; 2]| names.iter().find_map(|name| json.get(name)?.as_str());
    let header = error_type.map(|kind| kind.split(':').next().unwrap_or(kind));
    let code = text(["__type", "code"]).or(header)?;
    Some(RemoteFault {
        code: code.rsplit('#').next().unwrap_or(code).to_owned(),
        message: text(["message", "Message"]).unwrap_or_default().to_owned(),
        request_id: None,
    })
}

fn from_xml(body: &[u8]) -> Option<RemoteFault> {
    let root = Element::parse(body).ok()?;
    let error = if root.name == "Error" { &root } else { root.find("Error")? };
    let text = |element: &Element, name: &str| element.find(name).map(|found| found.text.clone());
    Some(RemoteFault {
        code: error.child("Code")?.text.clone(),
        message: error.child("Message").map(|m| m.text.clone()).unwrap_or_default(),
        request_id: text(&root, "RequestId"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(protocol: Protocol) -> Service {
        Service {
            id: "x",
            protocol,
            target_prefix: "X",
            version: "1",
            xml_namespace: "https://x.example/",
            message_member: "Message",
            operations: &[],
        }
    }

    #[test]
    fn errors_read_back() {
        let fault = Fault::sender("NoSuchEntity", "no <x> & \"y\"").with_status(404);
        for protocol in [Protocol::AwsJson11, Protocol::AwsQuery, Protocol::RestJson1] {
            let message = encode_fault(&service(protocol), &fault, "id-1");
            assert_eq!(message.status, 404);
            let read = decode_fault(message.error_type.as_deref(), &message.body);
            assert_eq!((read.code.as_str(), read.message.as_str()), ("NoSuchEntity", "no <x> & \"y\""));
        }
    }

    #[test]
    fn errors_have_aws_form() {
        let fault = Fault::sender("ValidationError", "bad");
        assert_eq!(
            String::from_utf8(encode_fault(&service(Protocol::AwsQuery), &fault, "id-1").body).unwrap(),
            "<ErrorResponse xmlns=\"https://x.example/\"><Error><Type>Sender</Type><Code>ValidationError</Code>\
             <Message>bad</Message></Error><RequestId>id-1</RequestId></ErrorResponse>"
        );
        let json = encode_fault(&service(Protocol::AwsJson11), &fault, "id-1");
        assert_eq!(json.body, br#"{"__type":"ValidationError","Message":"bad"}"#);
        assert_eq!(json.error_type.as_deref(), Some("ValidationError"));
        let rest = encode_fault(&service(Protocol::RestJson1), &fault.with_member("reason", "other"), "id-1");
        assert_eq!(rest.body, br#"{"Message":"bad","reason":"other"}"#);
        assert_eq!(rest.error_type.as_deref(), Some("ValidationError"));
    }

    #[test]
    fn foreign_errors_are_read() {
        let coral = decode_fault(None, br#"{"__type":"com.amazon.coral.service#SerializationException"}"#);
        assert_eq!((coral.code.as_str(), coral.message.as_str()), ("SerializationException", ""));
        let s3 = decode_fault(None, b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>m</Message><RequestId>r</RequestId></Error>");
        assert_eq!((s3.code.as_str(), s3.request_id.as_deref()), ("NoSuchKey", Some("r")));
        assert_eq!(decode_fault(None, b"Bad Gateway").code, "Unknown");
    }
}
