//! A visual job as a script ("Visual job API" in the AWS Glue web API reference, "Editing or viewing job scripts" and
//! "PySpark extensions" in the Developer Guide).

mod columns;
mod filter;
mod frame;
mod graph;
mod helpers;
mod lake;
mod mapping;
mod node;
mod quality;
mod recipe;
mod schema;
mod sensitive;
mod sources;
mod streams;
mod targets;
mod transforms;
mod warehouses;
mod writer;

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::CodeGenConfigurationNode;

use graph::Graph;
use node::Node;
use writer::Writer;

/// Why there is no script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// A node that is of no kind, or of several.
    #[error("Node {id} is of {kinds} kinds, not of one.")]
    Kinds {
        /// The node.
        id: String,
        /// How many kinds it has.
        kinds: usize,
    },
    /// A node that no script can say.
    #[error("Node '{name}' ({id}): {reason}")]
    Node {
        /// The node.
        id: String,
        /// What its author calls it.
        name: String,
        /// What is wrong, or not known.
        reason: String,
    },
    /// More nodes than a script is written for.
    #[error("A job has at most 1000 nodes, not {0}.")]
    Many(usize),
    /// Nodes that wait for each other.
    #[error("The nodes {} form a circle.", .0.join(", "))]
    Circle(Vec<String>),
}

/// The script of a visual job. It is the same for the same nodes, and says what the engine does with them.
///
/// # Errors
/// Nodes that are not put together well, and those that no script can say; with the node's name.
pub fn visual(nodes: &BTreeMap<String, CodeGenConfigurationNode>) -> Result<String, ScriptError> {
    let graph = Graph::of(nodes)?;
    let mut writer = Writer::default();
    for node in graph.in_order() {
        writer.title(node);
        statement(&mut writer, &graph, node).map_err(|reason| node.error(reason))?;
        writer.close();
    }
    writer.finish(&graph)
}

/// What a script calls the outcome of each node, which is its `transformation_ctx` as well.
///
/// # Errors
/// Nodes that are not put together well.
pub fn variables(
    nodes: &BTreeMap<String, CodeGenConfigurationNode>,
) -> Result<BTreeMap<String, String>, ScriptError> {
    let graph = Graph::of(nodes)?;
    Ok(graph.in_order().map(|node| (node.id.clone(), node.variable.clone())).collect())
}

/// What is wrong with a node, in words; its name is put before.
type Outcome<T = ()> = Result<T, String>;

fn statement(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    if node.kind.ends_with("Source") {
        return sources::write(writer, node);
    }
    if node.kind.ends_with("Target") {
        return targets::write(writer, node, &graph.input(node)?);
    }
    transforms::write(writer, graph, node)
}
