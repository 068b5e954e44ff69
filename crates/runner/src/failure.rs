use mastic_client::ClientError;

/// Why a run fails: one text with the root cause, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The same, said of something: a file, a table.
    pub(crate) fn at(self, what: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self(match error {
            ClientError::Service { code, message, request_id, .. } => {
                sentence(&code, &message, request_id.as_deref())
            }
            other => other.to_string(),
        })
    }
}

/// What the server said, with the id by which it can be asked for more.
fn sentence(code: &str, message: &str, request_id: Option<&str>) -> String {
    // A denial's own text says all: who, which action, which resource, and why.
    let denied = code.starts_with("AccessDenied");
    let mut text = match (denied && message.len() > "Access Denied".len(), message.is_empty()) {
        (true, _) => message.to_owned(),
        (false, true) => code.to_owned(),
        (false, false) => format!("{code}: {message}"),
    };
    if let Some(id) = request_id {
        text.push_str(&format!(" (request id {id})"));
    }
    text
}

/// A text of the engine's with the answers of S3 in it told in words: the object store's own text
/// shows the request's URL, its duration and the whole XML of the answer.
pub(crate) fn readable(text: &str) -> String {
    let (Some(start), Some(end)) = (text.find("<Error>"), text.find("</Error>")) else {
        return text.to_owned();
    };
    let Some(xml) = text.get(start..end) else { return text.to_owned() };
    let said = sentence(
        &element(xml, "Code").unwrap_or_default(),
        &element(xml, "Message").unwrap_or_default(),
        element(xml, "RequestId").as_deref(),
    );
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end + "</Error>".len()..).unwrap_or_default();
    let kept = BEGINNINGS.iter().filter_map(|beginning| before.find(beginning)).min();
    let kept = before.get(..kept.unwrap_or(before.len())).unwrap_or_default();
    // The server may end its sentence, the store goes on with its own.
    format!("{kept}{said}{}", after.trim_end())
}

/// How the object store's errors begin.
const BEGINNINGS: [&str; 10] = [
    "Generic S3 error",
    "Object at location",
    "Operation not supported",
    "The operation lacked",
    "Request precondition failure",
    "Error performing",
    "Error after",
    "Server returned",
    "Object already exists",
    "<?xml",
];

fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let mut plain = text.to_owned();
    for (escaped, character) in [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ] {
        plain = plain.replace(escaped, character);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: &str = "User: arn:aws:sts::444455556666:assumed-role/etl/GlueJobRunnerSession is not authorized to \
        perform: s3:GetObject on resource: \"arn:aws:s3:::b/k.csv\" because no resource-based policy allows the \
        s3:GetObject action";

    #[test]
    fn the_server_is_heard_through_the_object_store() {
        let escaped = DENIED.replace('"', "&quot;");
        let text = format!(
            "node `Flights`: `s3://b/k.csv`: The operation lacked the necessary privileges to complete for path k.csv: \
             Error performing GET http://127.0.0.1:1/b/k.csv in 3.2ms - Server returned non-2xx status code: 403 \
             Forbidden: <?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code><Message>{escaped}\
             </Message><RequestId>R1</RequestId></Error>"
        );
        assert_eq!(readable(&text), format!("node `Flights`: `s3://b/k.csv`: {DENIED} (request id R1)"));
        assert_eq!(readable("node `x`: broken"), "node `x`: broken");
    }

    #[test]
    fn faults_keep_their_code_unless_they_are_denials() {
        let error = |code: &str, message: &str| {
            let (code, message) = (code.to_owned(), message.to_owned());
            ClientError::Service { code, message, status: 400, request_id: Some("R2".to_owned()) }
        };
        let text = |code, message| Failure::from(error(code, message)).at("table d.t").to_string();
        assert_eq!(
            text("EntityNotFoundException", "Entity Not Found"),
            "table d.t: EntityNotFoundException: Entity Not Found (request id R2)"
        );
        assert_eq!(text("AccessDeniedException", DENIED), format!("table d.t: {DENIED} (request id R2)"));
        assert_eq!(text("404", ""), "table d.t: 404 (request id R2)");
        assert_eq!(
            text("AccessDenied", "Access Denied"),
            "table d.t: AccessDenied: Access Denied (request id R2)"
        );
    }
}
