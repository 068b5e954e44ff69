//! Scripts as graphs of annotated steps: the older interface to script generation ("Generating scripts" API, and
//! "Editing scripts": annotations, in the Developer Guide).

mod plan;
mod read;
mod write;

use mastic_api_glue::glue::types::{CodeGenEdge, CodeGenNode};

pub use plan::Plan;
pub use read::graph;
pub use write::annotated;

/// Steps and what flows between them.
pub type AnnotatedGraph = (Vec<CodeGenNode>, Vec<CodeGenEdge>);

/// Why there is no script, or no graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A step that cannot be said.
    #[error("Node {id}: {reason}.")]
    Node {
        /// The step.
        id: String,
        /// What is wrong.
        reason: String,
    },
    /// An edge that joins nothing.
    #[error("The edge from {from} to {to}: {reason}.")]
    Edge {
        /// Where it begins.
        from: String,
        /// Where it ends.
        to: String,
        /// What is wrong.
        reason: String,
    },
    /// Steps that wait for each other.
    #[error("The nodes {} form a circle.", .0.join(", "))]
    Circle(Vec<String>),
    /// An annotation that cannot be read.
    #[error("Line {line} of the script: {reason}.")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A plan that cannot be drawn.
    #[error("{0}")]
    Plan(String),
}

/// What scripts call things themselves.
const RESERVED: &[&str] = &["args", "glueContext", "job", "sc", "spark", "sys"];

#[cfg(test)]
mod tests;
