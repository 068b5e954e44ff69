use mastic_client::ClientError;
use mastic_engine::{EngineError, ErrorKind, NodeError};
use mastic_handoff::{Category, Cause};

/// Why a run fails: one text with the root cause, for people, and its sort.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(Cause);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::of(Category::Unclassified, text)
    }

    pub(crate) fn of(category: Category, text: impl Into<String>) -> Self {
        Self(Cause::new(category, text))
    }

    /// What the engine says.
    pub(crate) fn of_engine(kind: ErrorKind, text: &str) -> Self {
        let (code, text) = readable(text);
        match kind {
            ErrorKind::Memory => Self::of(Category::OutOfMemory, text),
            ErrorKind::Disk => Self::of(Category::DiskNoSpace, text),
            // Spark's name of it, which people look for.
            ErrorKind::Query => Self::of(Category::Query, format!("AnalysisException: {text}")),
            ErrorKind::Unsupported => Self::of(Category::UnsupportedOperation, text),
            ErrorKind::Other => {
                let category = code.map_or(Category::Unclassified, |code| category_of(&code));
                let told = MARKS.iter().find(|(mark, _)| text.contains(mark)).map(|(_, category)| *category);
                Self::of(told.unwrap_or(category), text)
            }
        }
    }

    /// What a library said of its own accord: the server's answers in it are told in words.
    pub(crate) fn of_text(text: &str) -> Self {
        Self::of_engine(ErrorKind::Other, text)
    }

    /// The same of a sort that is known better.
    pub(crate) fn or(self, category: Option<Category>) -> Self {
        match (self.0.category, category) {
            (Category::Unclassified, Some(category)) => Self::of(category, self.0.text),
            _ => self,
        }
    }

    /// The same, said of something: a file, a table.
    pub(crate) fn at(self, what: impl std::fmt::Display) -> Self {
        Self::of(self.0.category, format!("{what}: {}", self.0.text))
    }

    /// The same sort, in other words.
    pub(crate) fn told_as(self, text: String) -> Self {
        Self::of(self.0.category, text)
    }

    pub(crate) fn cause(self) -> Cause {
        self.0
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Service { code, message, request_id, .. } => {
                Self::of(category_of(&code), sentence(&code, &message, request_id.as_deref()))
            }
            other => Self::of(Category::Connection, other.to_string()),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::of_engine(error.kind(), &error.to_string())
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::of(Category::InvalidArgument, error.to_string())
    }
}

/// What tells the sort of a failure that reached the engine as text: from the catalog, for example.
const MARKS: [(&str, Category); 8] = [
    ("is not authorized to perform", Category::Permission),
    ("EntityNotFoundException", Category::ResourceNotFound),
    ("[PATH_NOT_FOUND]", Category::ResourceNotFound),
    ("there are no files to read", Category::ResourceNotFound),
    ("it was not found", Category::ResourceNotFound),
    ("Object at location", Category::ResourceNotFound),
    ("not supported", Category::UnsupportedOperation),
    ("` failed: ", Category::Connection),
];

/// The sort of an answer that is an error.
fn category_of(code: &str) -> Category {
    match code {
        _ if code.starts_with("AccessDenied") => Category::Permission,
        "EntityNotFoundException" | "NoSuchBucket" | "NoSuchKey" | "404" => Category::ResourceNotFound,
        "InvalidInputException" | "ValidationException" => Category::InvalidArgument,
        _ => Category::Unclassified,
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
/// shows the request's URL, its duration and the whole XML of the answer. With S3's code, if there is one.
fn readable(text: &str) -> (Option<String>, String) {
    let (Some(start), Some(end)) = (text.find("<Error>"), text.find("</Error>")) else {
        return (None, text.to_owned());
    };
    let Some(xml) = text.get(start..end) else { return (None, text.to_owned()) };
    let code = element(xml, "Code").unwrap_or_default();
    let said =
        sentence(&code, &element(xml, "Message").unwrap_or_default(), element(xml, "RequestId").as_deref());
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end + "</Error>".len()..).unwrap_or_default();
    let kept = BEGINNINGS.iter().filter_map(|beginning| before.find(beginning)).min();
    let kept = before.get(..kept.unwrap_or(before.len())).unwrap_or_default();
    // The server may end its sentence, the store goes on with its own.
    (Some(code), format!("{kept}{said}{}", after.trim_end()))
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
        let said = format!("node `Flights`: `s3://b/k.csv`: {DENIED} (request id R1)");
        assert_eq!(readable(&text), (Some("AccessDenied".to_owned()), said));
        assert_eq!(readable("node `x`: broken"), (None, "node `x`: broken".to_owned()));
    }

    #[test]
    fn the_engine_tells_sorts() {
        let told = |kind, text: &str| Failure::of_engine(kind, text).cause();
        let sort = |text: &str| told(ErrorKind::Other, text).category;
        assert_eq!(sort(&format!("node `in`: table `d.t`: {DENIED}")), Category::Permission);
        assert_eq!(sort("node `in`: `s3://b/x/`: there are no files to read"), Category::ResourceNotFound);
        assert_eq!(sort("node `in`: `s3://b/x.json`: the last record is cut off"), Category::Unclassified);
        let query = told(ErrorKind::Query, "node `sql`: no column x");
        assert_eq!(
            query.message(),
            "Error Category: QUERY_ERROR; AnalysisException: node `sql`: no column x"
        );
        assert_eq!(told(ErrorKind::Memory, "full").category, Category::OutOfMemory);
    }

    #[test]
    fn faults_keep_their_code_unless_they_are_denials() {
        let error = |code: &str, message: &str| {
            let (code, message) = (code.to_owned(), message.to_owned());
            ClientError::Service { code, message, status: 400, request_id: Some("R2".to_owned()) }
        };
        let text = |code, message| Failure::from(error(code, message)).at("table d.t").to_string();
        let sort = |code| Failure::from(error(code, "")).at("x").cause().category;
        assert_eq!(sort("AccessDeniedException"), Category::Permission);
        assert_eq!(sort("NoSuchBucket"), Category::ResourceNotFound);
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
