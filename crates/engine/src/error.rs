use datafusion::common::DataFusionError;

/// What went wrong with one node of a job, said by the node's own name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("node `{node}`: {message}")]
pub struct NodeError {
    node: String,
    message: String,
}

impl NodeError {
    /// An error of the node called `node`.
    pub fn new(node: impl Into<String>, message: impl Into<String>) -> Self {
        Self { node: node.into(), message: message.into() }
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
        Self::Node(NodeError::new(node, explain(error)))
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

fn explain(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(text) => {
            format!("the run's memory limit is reached: {text}")
        }
        root => root.strip_backtrace(),
    }
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
        assert!(text.starts_with("node `SQL`: ") && text.contains("division by zero"), "{text}");
    }
}
