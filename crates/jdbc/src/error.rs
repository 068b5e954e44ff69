use std::fmt;

/// The steps on the way to a database, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The host's name becomes addresses.
    Dns,
    /// One of the addresses takes the connection.
    Tcp,
    /// The connection is encrypted, where it is to be, and the server proves who it is.
    Tls,
    /// The server takes user, password and database.
    Login,
    /// The server answers a query.
    Query,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Login => "login",
            Self::Query => "query",
        })
    }
}

/// A step that went well, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The step.
    pub step: Step,
    /// What came of it: an address, a version.
    pub outcome: String,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.outcome)
    }
}

/// Why a database cannot be reached. No text has a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{step}: {cause}")]
pub struct ConnectError {
    /// The step that failed; all before it went well.
    pub step: Step,
    /// Why, for people.
    pub cause: String,
}

impl ConnectError {
    pub(crate) fn new(step: Step, cause: impl Into<String>) -> Self {
        Self { step, cause: cause.into() }
    }
}

/// Why a database that was reached does not answer a query; the text is the server's where it said something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QueryError(pub(crate) String);
