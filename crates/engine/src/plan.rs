//! The engine's own model of a visual job: a checked graph of nodes.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::NodeError;

mod databases;
mod files;
mod format;
mod kind;
mod lake;
mod predicate;
mod rows;

pub use databases::*;
pub use files::*;
pub use format::*;
pub use kind::*;
pub use lake::*;
pub use predicate::*;
pub use rows::*;

/// One node of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The key of the node in `CodeGenConfigurationNodes`.
    pub id: String,
    /// What the author called it; errors use this name.
    pub name: String,
    /// What it does.
    pub kind: Kind,
    /// The ids of the nodes that feed it, in order.
    pub inputs: Vec<String>,
}

/// A job's nodes, every input before the nodes that it feeds.
#[derive(Debug, Clone, PartialEq)]
pub struct JobGraph {
    nodes: Vec<Node>,
}

impl JobGraph {
    /// Checks `nodes` and puts them in the order of work.
    ///
    /// # Errors
    /// Names the node that has an unknown input, too many or too few inputs, that lies on a cycle, or
    /// the job that has no target.
    pub fn new(nodes: Vec<Node>) -> Result<Self, NodeError> {
        let mut by_id: BTreeMap<String, Node> = BTreeMap::new();
        for node in nodes {
            if let Some(other) = by_id.insert(node.id.clone(), node) {
                return Err(NodeError::new(other.name, format!("the node id `{}` is used twice", other.id)));
            }
        }
        for node in by_id.values() {
            check_inputs(node, &by_id)?;
        }
        if !by_id.values().any(|node| node.kind.is_target()) {
            return Err(NodeError::new("(job)", "the job has no target node"));
        }
        let mut nodes: Vec<Node> = Vec::with_capacity(by_id.len());
        let mut placed: BTreeSet<String> = BTreeSet::new();
        while !by_id.is_empty() {
            let ready: Vec<String> = by_id
                .values()
                .filter(|node| node.inputs.iter().all(|input| placed.contains(input)))
                .map(|node| node.id.clone())
                .collect();
            if ready.is_empty() {
                let names: Vec<&str> = by_id.values().map(|node| node.name.as_str()).collect();
                let first = names.first().copied().unwrap_or_default();
                return Err(NodeError::new(
                    first,
                    format!("the nodes `{}` feed each other in a cycle", names.join("`, `")),
                ));
            }
            for id in ready {
                nodes.extend(by_id.remove(&id));
                placed.insert(id);
            }
        }
        Ok(Self { nodes })
    }

    /// A source alone.
    pub(crate) fn of_source(source: Node) -> Self {
        Self { nodes: vec![source] }
    }

    /// The nodes, inputs first.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How many places read the node `id`.
    pub(crate) fn readers(&self, id: &str) -> usize {
        self.nodes.iter().flat_map(|node| &node.inputs).filter(|input| *input == id).count()
    }

    /// The nodes that take `id` as an input.
    pub fn consumers<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Node> {
        self.nodes.iter().filter(move |node| node.inputs.iter().any(|input| input == id))
    }
}

fn check_inputs(node: &Node, all: &BTreeMap<String, Node>) -> Result<(), NodeError> {
    let wanted = node.kind.input_count();
    if !wanted.contains(&node.inputs.len()) {
        let count = match (*wanted.start(), *wanted.end()) {
            (0, 0) => "no input".to_owned(),
            (1, 1) => "one input".to_owned(),
            (low, high) if low == high => format!("{low} inputs"),
            (low, _) => format!("at least {low} input"),
        };
        return Err(NodeError::new(&node.name, format!("it needs {count} and has {}", node.inputs.len())));
    }
    for input in &node.inputs {
        match all.get(input) {
            None => {
                return Err(NodeError::new(
                    &node.name,
                    format!("its input `{input}` is not a node of the job"),
                ));
            }
            Some(other) if other.kind.is_target() => {
                return Err(NodeError::new(&node.name, format!("its input `{}` is a target", other.name)));
            }
            Some(other) => check_collection(node, other)?,
        }
    }
    Ok(())
}

/// A collection is read by nodes that choose from it, and only by them.
fn check_collection(node: &Node, input: &Node) -> Result<(), NodeError> {
    let wrong = |message: String| Err(NodeError::new(&node.name, message));
    match (&node.kind, input.kind.collection()) {
        (Kind::SelectFromCollection(index), Some(count)) if index >= count.end() => {
            wrong(format!("the collection `{}` has no frame {index}: it has {}", input.name, count.end()))
        }
        (Kind::SelectFromCollection(_), None) => {
            wrong(format!("its input `{}` is no collection", input.name))
        }
        (Kind::SelectFromCollection(_), Some(_)) | (_, None) => Ok(()),
        (_, Some(_)) => wrong(format!(
            "its input `{}` is a collection of frames: a SelectFromCollection node has to choose one",
            input.name
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, kind: Kind, inputs: &[&str]) -> Node {
        let inputs = inputs.iter().map(|input| (*input).to_owned()).collect();
        Node { id: id.to_owned(), name: format!("The {id}"), kind, inputs }
    }

    fn source() -> Kind {
        Kind::Catalog(CatalogSource { database: "d".into(), table: "t".into(), ..CatalogSource::default() })
    }

    fn target() -> Kind {
        Kind::CatalogTarget(CatalogTarget {
            database: "d".into(),
            table: "t".into(),
            partition_keys: vec![],
            update: None,
        })
    }

    fn message(nodes: Vec<Node>) -> String {
        JobGraph::new(nodes).unwrap_err().to_string()
    }

    #[test]
    fn inputs_come_first() {
        let graph = JobGraph::new(vec![
            node("a", target(), &["b"]),
            node("b", Kind::DropDuplicates(vec![]), &["c"]),
            node("c", source(), &[]),
        ])
        .unwrap();
        let order: Vec<&str> = graph.nodes().iter().map(|node| node.id.as_str()).collect();
        assert_eq!(order, ["c", "b", "a"]);
        assert_eq!(graph.consumers("c").count(), 1);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let dedup = || Kind::DropDuplicates(vec![]);
        assert_eq!(
            message(vec![node("a", target(), &["x"])]),
            "node `The a`: its input `x` is not a node of the job"
        );
        assert_eq!(message(vec![node("a", target(), &[])]), "node `The a`: it needs one input and has 0");
        assert_eq!(message(vec![node("a", source(), &[])]), "node `(job)`: the job has no target node");
        assert_eq!(
            message(vec![
                node("a", target(), &["b"]),
                node("b", dedup(), &["c"]),
                node("c", dedup(), &["b"])
            ]),
            "node `The a`: the nodes `The a`, `The b`, `The c` feed each other in a cycle"
        );
        assert_eq!(
            message(vec![
                node("a", Kind::Union(UnionType::All), &["c"]),
                node("b", target(), &["a"]),
                node("c", source(), &[])
            ]),
            "node `The a`: it needs 2 inputs and has 1"
        );
    }
}
