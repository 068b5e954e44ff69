use std::io;

use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;

/// What went wrong with one node of a job, said by the node's own name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("node `{node}`: {message}")]
pub struct NodeError {
    node: String,
    message: String,
    kind: ErrorKind,
}

/// What sort of an error it is, where that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ErrorKind {
    /// The run's memory limit was reached, and spilling did not help.
    Memory,
    /// What was spilled does not fit the disk.
    Disk,
    /// SQL or an expression that cannot be planned on the data.
    Query,
    /// The engine does not do this.
    Unsupported,
    /// Anything else.
    #[default]
    Other,
}

impl NodeError {
    /// An error of the node called `node`.
    pub fn new(node: impl Into<String>, message: impl Into<String>) -> Self {
        Self { node: node.into(), message: message.into(), kind: ErrorKind::Other }
    }

    /// The node's name.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// What is wrong with it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A file that could not be read or written, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("node `{node}`: `{file}`: {cause}")]
pub struct FileError {
    node: String,
    file: String,
    cause: String,
}

impl FileError {
    /// `cause` met at `file` (an `s3://` URL) by the node called `node`.
    pub fn new(node: impl Into<String>, file: impl Into<String>, cause: impl ToString) -> Self {
        Self { node: node.into(), file: file.into(), cause: cause.to_string() }
    }

    /// The file's URL.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }
}

impl From<FileError> for DataFusionError {
    fn from(error: FileError) -> Self {
        Self::External(Box::new(error))
    }
}

impl From<NodeError> for DataFusionError {
    fn from(error: NodeError) -> Self {
        Self::External(Box::new(error))
    }
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The job's graph or one node's settings are wrong, or the node's work failed.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The session itself could not be set up.
    #[error("{0}")]
    Setup(String),
}

impl EngineError {
    /// What is wrong, without the node's name: for work that has only one.
    #[must_use]
    pub fn without_node(&self) -> String {
        match self {
            Self::Node(error) => error.message.clone(),
            Self::File(error) => format!("`{}`: {}", error.file, error.cause),
            Self::Setup(text) => text.clone(),
        }
    }

    /// The root cause of `error`, which arose while `node` worked.
    pub(crate) fn at(node: &str, error: &DataFusionError) -> Self {
        if let Some(found) = in_chain::<FileError>(error) {
            return Self::File(found.clone());
        }
        if let Some(found) = in_chain::<NodeError>(error) {
            return Self::Node(found.clone());
        }
        let (kind, message) = explain(error);
        Self::Node(NodeError { kind, ..NodeError::new(node, message) })
    }

    /// What sort of an error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Node(error) => error.kind,
            Self::File(_) | Self::Setup(_) => ErrorKind::Other,
        }
    }
}

fn in_chain<T: std::error::Error + 'static>(error: &DataFusionError) -> Option<&T> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        next = match current.downcast_ref::<DataFusionError>() {
            // Shared and external errors do not name what they hold as their source.
            Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
            _ => current.source(),
        };
    }
    None
}

fn explain(error: &DataFusionError) -> (ErrorKind, String) {
    let root = error.find_root();
    let said = || root.strip_backtrace();
    match root {
        DataFusionError::ResourcesExhausted(text) if text.contains("disk space") => {
            let limit = text.split_once("limit of ").and_then(|(_, rest)| rest.split_once(". "));
            let limit = limit.map_or("it may have", |(limit, _)| limit);
            let told = "the run's disk limit is reached: what does not fit into its memory takes more than";
            (ErrorKind::Disk, format!("{told} {limit} of disk"))
        }
        DataFusionError::ResourcesExhausted(text) => {
            (ErrorKind::Memory, format!("the run's memory limit is reached: {text}"))
        }
        DataFusionError::IoError(error) if is_full(error) => (ErrorKind::Disk, full(error)),
        DataFusionError::ArrowError(error, _) => match error.as_ref() {
            ArrowError::IoError(_, error) if is_full(error) => (ErrorKind::Disk, full(error)),
            _ => (ErrorKind::Other, said()),
        },
        DataFusionError::Plan(_) | DataFusionError::SQL(..) | DataFusionError::SchemaError(..) => {
            (ErrorKind::Query, said())
        }
        DataFusionError::NotImplemented(_) => (ErrorKind::Unsupported, said()),
        _ => (ErrorKind::Other, said()),
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn full(error: &io::Error) -> String {
    format!("the disk is full: there is no room for what does not fit into the run's memory ({error})")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_file_is_found_through_wrappers() {
        let file = FileError::new("Orders", "s3://b/k.csv", "broken");
        let error =
            DataFusionError::Shared(Arc::new(DataFusionError::from(file.clone()).context("while joining")));
        assert_eq!(EngineError::at("Target", &error), EngineError::File(file));
    }

    #[test]
    fn another_error_names_the_node_at_work() {
        let error = DataFusionError::Execution("division by zero".to_owned());
        let text = EngineError::at("SQL", &error).to_string();
        assert_eq!(EngineError::at("SQL", &error).kind(), ErrorKind::Other);
        assert!(text.starts_with("node `SQL`: ") && text.contains("division by zero"), "{text}");
    }

    #[test]
    fn sorts_are_told_apart() {
        let kind = |error: DataFusionError| EngineError::at("SQL", &error.context("at work")).kind();
        assert_eq!(kind(DataFusionError::ResourcesExhausted("no room".to_owned())), ErrorKind::Memory);
        assert_eq!(kind(DataFusionError::Plan("no such column".to_owned())), ErrorKind::Query);
        assert_eq!(kind(DataFusionError::NotImplemented("x".to_owned())), ErrorKind::Unsupported);
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(kind(DataFusionError::IoError(full())), ErrorKind::Disk);
        let written = ArrowError::IoError("write".to_owned(), full());
        assert_eq!(kind(DataFusionError::ArrowError(Box::new(written), None)), ErrorKind::Disk);
    }
}
