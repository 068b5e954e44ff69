//! Why a run failed.

use serde::{Deserialize, Serialize};

/// A root cause, and of which sort it is. Written as one text: a runner of another version is understood at least so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(from = "String", into = "String")]
#[error("{text}")]
pub struct Cause {
    /// The sort.
    pub category: Category,
    /// What happened: which action on which resource was denied, which file and record is bad.
    pub text: String,
}

impl Cause {
    /// A cause of a sort.
    pub fn new(category: Category, text: impl Into<String>) -> Self {
        Self { category, text: text.into() }
    }

    /// The text as a job run's `ErrorMessage` has it, the category first.
    #[must_use]
    pub fn message(&self) -> String {
        format!("{MARK}{}; {}", self.category.as_str(), self.text)
    }
}

const MARK: &str = "Error Category: ";

impl From<Cause> for String {
    fn from(cause: Cause) -> Self {
        cause.message()
    }
}

impl From<String> for Cause {
    fn from(text: String) -> Self {
        let parts = text.strip_prefix(MARK).and_then(|rest| rest.split_once("; "));
        let parsed = parts.and_then(|(name, text)| Some(Self::new(Category::parse(name)?, text)));
        parsed.unwrap_or_else(|| Self::new(Category::Unclassified, text))
    }
}

/// The sorts of causes, a selection of those in "Monitoring with AWS Glue Observability metrics" (AWS Glue Developer
/// Guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Category {
    /// The role may not do something.
    Permission,
    /// Data, a table, a bucket is not there.
    ResourceNotFound,
    /// The run's memory limit was reached.
    OutOfMemory,
    /// The disk is full.
    DiskNoSpace,
    /// SQL that cannot be planned, data that does not fit it.
    Query,
    /// A setting or argument is wrong.
    InvalidArgument,
    /// Something is not supported.
    UnsupportedOperation,
    /// A host or service cannot be reached.
    Connection,
    /// The run did not begin.
    Launch,
    /// A module of Python is not there.
    Import,
    /// A script is no Python.
    Syntax,
    /// A script ended itself with a code that is not 0.
    SystemExit,
    /// The server or the runner is broken, or was ended.
    Internal,
    /// Anything else: bad data mostly, and what another writer changed meanwhile.
    Unclassified,
}

impl Category {
    const ALL: [Self; 14] = [
        Self::Permission,
        Self::ResourceNotFound,
        Self::OutOfMemory,
        Self::DiskNoSpace,
        Self::Query,
        Self::InvalidArgument,
        Self::UnsupportedOperation,
        Self::Connection,
        Self::Launch,
        Self::Import,
        Self::Syntax,
        Self::SystemExit,
        Self::Internal,
        Self::Unclassified,
    ];

    /// The sort of AWS's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == name)
    }

    /// AWS's name of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permission => "PERMISSION_ERROR",
            Self::ResourceNotFound => "RESOURCE_NOT_FOUND_ERROR",
            Self::OutOfMemory => "OUT_OF_MEMORY_ERROR",
            Self::DiskNoSpace => "DISK_NO_SPACE_ERROR",
            Self::Query => "QUERY_ERROR",
            Self::InvalidArgument => "INVALID_ARGUMENT_ERROR",
            Self::UnsupportedOperation => "UNSUPPORTED_OPERATION_ERROR",
            Self::Connection => "CONNECTION_ERROR",
            Self::Launch => "LAUNCH_ERROR",
            Self::Import => "IMPORT_ERROR",
            Self::Syntax => "SYNTAX_ERROR",
            Self::SystemExit => "SYSTEM_EXIT_ERROR",
            Self::Internal => "GLUE_INTERNAL_SERVICE_ERROR",
            Self::Unclassified => "UNCLASSIFIED_ERROR",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_survives_as_text() {
        for category in Category::ALL {
            let cause = Cause::new(category, "a; b");
            assert_eq!(Cause::from(String::from(cause.clone())), cause);
        }
        let plain = Cause::from("Error Category: of nobody; x".to_owned());
        assert_eq!(
            (plain.category, plain.text.as_str()),
            (Category::Unclassified, "Error Category: of nobody; x")
        );
    }
}
