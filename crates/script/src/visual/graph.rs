//! How nodes hang together: their order, their names in the script, and what each reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mastic_api_glue::glue::types::CodeGenConfigurationNode;

use super::columns::Columns;
use super::node::Node;
use super::{Outcome, ScriptError};
use crate::python::is_identifier;

/// Kinds whose outcome is a collection of frames.
const COLLECTIONS: &[&str] = &["CustomCode", "EvaluateDataQualityMultiFrame", "Route", "SplitFields"];

/// A job has at most so many nodes.
const MOST: usize = 1000;

/// The nodes of a job.
pub(super) struct Graph {
    nodes: BTreeMap<String, Node>,
    order: Vec<String>,
    columns: BTreeMap<String, Arc<Columns>>,
}

impl Graph {
    pub(super) fn of(nodes: &BTreeMap<String, CodeGenConfigurationNode>) -> Result<Self, ScriptError> {
        if nodes.len() > MOST {
            return Err(ScriptError::Many(nodes.len()));
        }
        let mut nodes: BTreeMap<String, Node> =
            Node::all(nodes)?.into_iter().map(|node| (node.id.clone(), node)).collect();
        for node in nodes.values() {
            if let Some(input) = node.inputs.iter().find(|input| !nodes.contains_key(*input)) {
                return Err(node.error(format!("Its input {input} does not exist.")));
            }
        }
        let order = order(&nodes)?;
        let mut taken = BTreeMap::new();
        for id in &order {
            if let Some(node) = nodes.get_mut(id) {
                node.variable = variable(node, &mut taken);
            }
        }
        let mut columns: BTreeMap<String, Arc<Columns>> = BTreeMap::new();
        for node in order.iter().filter_map(|id| nodes.get(id)) {
            let input = node.inputs.first().and_then(|input| columns.get(input));
            let made = super::columns::columns(node, input);
            columns.insert(node.id.clone(), made);
        }
        Ok(Self { nodes, order, columns })
    }

    /// Every node after those that it reads.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &Node> {
        self.order.iter().filter_map(|id| self.nodes.get(id))
    }

    pub(super) fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// What is known of the columns of what a node makes.
    pub(super) fn columns(&self, id: &str) -> Arc<Columns> {
        self.columns.get(id).cloned().unwrap_or_default()
    }

    /// The node that another names, whatever its outcome.
    pub(super) fn read(&self, id: &str) -> Outcome<&Node> {
        self.nodes.get(id).ok_or_else(|| format!("Its input {id} does not exist."))
    }

    /// What the script calls the only frame that a node reads.
    pub(super) fn input(&self, node: &Node) -> Outcome<String> {
        match node.inputs.as_slice() {
            [only] => self.frame(only),
            inputs => Err(format!("It needs 1 input and has {}.", inputs.len())),
        }
    }

    /// What the script calls the two frames that a node reads.
    pub(super) fn both(&self, node: &Node) -> Outcome<(String, String)> {
        match node.inputs.as_slice() {
            [left, right] => Ok((self.frame(left)?, self.frame(right)?)),
            inputs => Err(format!("It needs 2 inputs and has {}.", inputs.len())),
        }
    }

    /// What the script calls the frame that a node makes.
    pub(super) fn frame(&self, id: &str) -> Outcome<String> {
        let node = self.read(id)?;
        if makes_collection(node) {
            return Err(format!(
                "Its input '{}' makes a collection of frames, from which a SelectFromCollection picks one.",
                node.name
            ));
        }
        if node.kind.ends_with("Target") {
            return Err(format!("Its input '{}' is a target.", node.name));
        }
        Ok(node.variable.clone())
    }

    /// Whether a node's outcome is a collection of frames.
    pub(super) fn is_collection(&self, id: &str) -> bool {
        self.nodes.get(id).is_some_and(makes_collection)
    }

    /// The nodes that read a stream, themselves or through others.
    pub(super) fn after(&self, stream: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for node in self.in_order() {
            if node.inputs.iter().any(|input| input == stream || found.contains(input.as_str())) {
                found.insert(node.id.as_str());
            }
        }
        found
    }
}

fn makes_collection(node: &Node) -> bool {
    COLLECTIONS.contains(&node.kind.as_str()) || relationalizes(node)
}

/// Whether a node is AWS's own transform that takes nested values apart.
pub(super) fn relationalizes(node: &Node) -> bool {
    node.kind == "DynamicTransform" && node.text("FunctionName") == Some("relationalize")
}

/// Kahn's order; of those that are ready the one with the smallest id comes first, its numbers by their value.
fn order(nodes: &BTreeMap<String, Node>) -> Result<Vec<String>, ScriptError> {
    let mut waiting: BTreeMap<&str, BTreeSet<&str>> = nodes
        .values()
        .map(|node| (node.id.as_str(), node.inputs.iter().map(String::as_str).collect()))
        .collect();
    let mut readers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, inputs) in &waiting {
        for input in inputs {
            readers.entry(input).or_default().push(id);
        }
    }
    let mut ready: BTreeSet<_> =
        waiting.iter().filter(|(_, inputs)| inputs.is_empty()).map(|(id, _)| natural(id)).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some((_, id)) = ready.pop_first() {
        waiting.remove(id);
        for reader in readers.get(id).into_iter().flatten() {
            if let Some(inputs) = waiting.get_mut(reader) {
                inputs.remove(id);
                if inputs.is_empty() {
                    ready.insert(natural(reader));
                }
            }
        }
        order.push(id.to_owned());
    }
    if waiting.is_empty() {
        return Ok(order);
    }
    Err(ScriptError::Circle(waiting.into_keys().map(str::to_owned).collect()))
}

/// A key by which `node-2` comes before `node-10`.
fn natural(id: &str) -> (Vec<(String, u64)>, &str) {
    let mut parts = Vec::new();
    let mut rest = id;
    while !rest.is_empty() {
        let (word, tail) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()));
        let (digits, tail) = tail.split_at(tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len()));
        parts.push((word.to_owned(), digits.parse().unwrap_or(u64::MAX)));
        rest = tail;
    }
    (parts, id)
}

/// `S3bucket_node1` for the node `node-1` that is called `S3 bucket`, as Glue Studio has it.
fn variable(node: &Node, taken: &mut BTreeMap<String, usize>) -> String {
    let word =
        |text: &str| -> String { text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect() };
    let rest = node.id.strip_prefix("node").unwrap_or(&node.id);
    let mut stem = format!("{}_node{}", word(&node.name), word(rest.trim_start_matches(['-', '_'])));
    if !is_identifier(&stem) {
        stem.insert(0, '_');
    }
    free(&stem, taken)
}

/// A name as it is wanted, or the first with a number behind it that nobody has.
pub(super) fn free(wanted: &str, taken: &mut BTreeMap<String, usize>) -> String {
    let mut name = wanted.to_owned();
    while let Some(count) = taken.get_mut(&name) {
        *count += 1;
        let next = format!("{name}_{count}");
        if !taken.contains_key(&next) {
            name = next;
            break;
        }
    }
    taken.insert(name.clone(), 1);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_ids_count_by_value() {
        let mut ids = vec!["node-10", "node-2", "b", "node-2a", "a1"];
        ids.sort_by_key(|id| natural(id));
        assert_eq!(ids, ["a1", "b", "node-2", "node-2a", "node-10"]);
    }
}
