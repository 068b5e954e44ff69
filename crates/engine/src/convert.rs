//! From `CodeGenConfigurationNodes` to the engine's own graph.

mod databases;
mod formats;
mod lakes;
mod rows;
mod sources;
mod targets;
mod transforms;

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::CodeGenConfigurationNode;
use mastic_shape::{Shape, Value};

use crate::error::NodeError;
use crate::plan::{JobGraph, Kind, Node};

impl JobGraph {
    /// The graph of a job, by the nodes' ids (GlueApi: `CodeGenConfigurationNode`).
    ///
    /// Options that only tune how AWS spreads its work (`GroupFiles`, `GroupSize`, `OptimizePerformance`) or that serve the studio's preview (`EnableSamplePath`, `SamplePath`) change no answer and
    /// are taken without effect. `MaxBand` and `MaxFilesInBand` are of runs with bookmarks.
    /// `OutputSchemas` of databases, whose columns have types, are for the studio too.
    ///
    /// # Errors
    /// Names the node of a kind or with an option that the engine does not have, and what is wrong with the graph.
    pub fn from_nodes(nodes: &BTreeMap<String, CodeGenConfigurationNode>) -> Result<Self, NodeError> {
        let nodes = nodes.iter().map(|(id, node)| convert(id, node)).collect::<Result<Vec<_>, _>>()?;
        Self::new(nodes)
    }
}

impl Kind {
    /// What a node of the API does.
    ///
    /// # Errors
    /// The node is of a kind or has an option that the engine does not have.
    pub fn of_node(node: &CodeGenConfigurationNode) -> Result<Self, NodeError> {
        convert("", node).map(|node| node.kind)
    }
}

/// What a node of the API says: its name, what it does, what feeds it.
type Parts = (String, Kind, Vec<String>);

fn convert(id: &str, node: &CodeGenConfigurationNode) -> Result<Node, NodeError> {
    let Value::Map(members) = node.clone().into_value() else {
        return Err(NodeError::new(id, "it is not a node"));
    };
    let kinds: Vec<String> = members.iter().map(|(kind, _)| kind.to_string()).collect();
    let [kind] = kinds.as_slice() else {
        return Err(NodeError::new(id, format!("a node is of one kind, not of {}", kinds.len())));
    };
    let source = sources::source(node).or_else(|| databases::source(node)).or_else(|| lakes::source(node));
    let target = || targets::target(node).or_else(|| databases::target(node)).or_else(|| lakes::target(node));
    let parts = source.or_else(|| transforms::transform(node)).or_else(target);
    let Some(parts) = parts else {
        let named = members.iter().find_map(|(_, value)| match value {
            Value::Map(members) => members.iter().find_map(|(member, value)| match value {
                Value::Str(name) if &**member == "Name" => Some(name.clone()),
                _ => None,
            }),
            _ => None,
        });
        let name = named.unwrap_or_else(|| id.to_owned());
        return Err(NodeError::new(name, format!("nodes of the kind `{kind}` are not supported")));
    };
    let (name, kind, inputs) = parts?;
    Ok(Node { id: id.to_owned(), name, kind, inputs })
}

/// An option that must be given, as the model says.
fn required<T>(node: &str, name: &str, value: Option<T>) -> Result<T, NodeError> {
    value.ok_or_else(|| NodeError::new(node, format!("`{name}` is missing")))
}

#[cfg(test)]
mod tests;
