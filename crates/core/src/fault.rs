use std::fmt;

/// Whose mistake a fault is; it decides the default HTTP status and, in Query answers, the
/// `Type` element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The caller's: 4xx.
    Sender,
    /// Ours: 5xx.
    Receiver,
}

/// An error as a client sees it: AWS's code, HTTP status and text.
///
/// Services build their own typed errors and map them to this once; the doors render it in the
/// protocol of the call. `message` is for the caller; `cause` is for the log and never leaves
/// the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    code: String,
    status: u16,
    message: String,
    cause: Option<String>,
    decision: Option<Box<Decided>>,
    members: Option<Box<Members>>,
}

/// The access decision behind a fault, as far as the answer tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Decided {
    id: String,
    encoded: String,
}

/// Members of a fault's shape besides its message; apart, so that a fault without any stays small.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Members(Vec<(&'static str, String)>);

impl Fault {
    /// A fault of the caller's: HTTP 400.
    pub fn sender(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            status: 400,
            message: message.into(),
            cause: None,
            decision: None,
            members: None,
        }
    }

    /// A fault of ours: HTTP 500, AWS's neutral text; `cause` goes to the log only.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self {
            code: "InternalFailure".to_owned(),
            status: 500,
            message: "The request processing has failed because of an unknown error, exception or failure."
                .to_owned(),
            cause: Some(cause.to_string()),
            decision: None,
            members: None,
        }
    }

    /// The same fault under another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same fault under another code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = code.into();
        self
    }

    /// The same fault with what the log should keep.
    #[must_use]
    pub fn with_cause(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// The same fault with another text.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same fault carrying the id of the access decision behind it, and the encoded message that tells of it
    /// those who may decode it.
    #[must_use]
    pub fn with_decision(mut self, id: impl Into<String>, encoded: impl Into<String>) -> Self {
        self.decision = Some(Box::new(Decided { id: id.into(), encoded: encoded.into() }));
        self
    }

    /// The same fault with a further member of its shape, for example `resourceId`.
    #[must_use]
    pub fn with_member(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.members.get_or_insert_default().0.push((name, value.into()));
        self
    }

    /// The members of the fault's shape besides its message.
    pub fn members(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.members.iter().flat_map(|members| members.0.iter()).map(|(name, value)| (*name, value.as_str()))
    }

    /// AWS's error code, for example `EntityNotFoundException`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What the caller reads.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the log keeps, if it is more than the message.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The id of the access decision that led to this fault.
    #[must_use]
    pub fn decision(&self) -> Option<&str> {
        self.decision.as_ref().map(|decided| decided.id.as_str())
    }

    /// The decision as an encoded authorization message, for `sts:DecodeAuthorizationMessage`.
    #[must_use]
    pub fn encoded_message(&self) -> Option<&str> {
        self.decision.as_ref().map(|decided| decided.encoded.as_str()).filter(|text| !text.is_empty())
    }

    /// Whose mistake it is, by the status.
    #[must_use]
    pub fn blame(&self) -> Blame {
        if self.status >= 500 { Blame::Receiver } else { Blame::Sender }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Fault {}
