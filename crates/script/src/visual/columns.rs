//! What can be known of a node's columns before anything runs.

use super::frame::steps;
use super::graph::Graph;
use super::node::{Node, Settings};

/// Columns in their order, with types where these are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) list: Vec<(String, Option<String>)>,
    /// Whether there are no others.
    pub(super) complete: bool,
}

impl Columns {
    /// The type of a top-level column.
    pub(super) fn of(&self, name: &str) -> Option<&str> {
        self.list.iter().find(|(known, _)| known == name)?.1.as_deref()
    }

    /// Whether the two are known to have no name in common.
    pub(super) fn disjoint(&self, other: &Self) -> bool {
        let apart = |name: &str| !other.list.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        self.complete && other.complete && self.list.iter().all(|(name, _)| apart(name))
    }
}

/// The columns of what a node makes.
pub(super) fn columns(graph: &Graph, id: &str) -> Columns {
    let Some(node) = graph.node(id) else { return Columns::default() };
    let input = || node.inputs.first().map(|input| columns(graph, input)).unwrap_or_default();
    match node.kind.as_str() {
        "S3CsvSource" | "S3JsonSource" => declared(node),
        "ApplyMapping" => mapped(&node.items("Mapping")),
        "SelectFields" => selected(&input(), &node.paths("Paths")),
        "DropFields" => {
            let mut known = input();
            let dropped = node.paths("Paths");
            known.list.retain(|(name, _)| !dropped.iter().any(|path| path.as_slice() == [name.as_str()]));
            known
        }
        "RenameField" => renamed(input(), &node.texts("SourcePath"), &node.texts("TargetPath")),
        "Filter" | "DropDuplicates" | "Spigot" | "Union" => input(),
        "SparkSQL" => Columns { complete: false, ..declared(node) },
        "Aggregate" => {
            let known = input();
            let mut list: Vec<_> = node
                .paths("Groups")
                .iter()
                .filter_map(|path| Some((steps(path).pop()?, None)))
                .map(|(name, of): (String, Option<String>)| {
                    let of = of.or_else(|| known.of(&name).map(str::to_owned));
                    (name, of)
                })
                .collect();
            for one in node.items("Aggs") {
                let function = one.text("AggFunc").unwrap_or_default();
                let name = super::transforms::aggregate_name(function, &one.texts("Column").join("."));
                list.push((name, None));
            }
            Columns { list, complete: true }
        }
        _ => Columns::default(),
    }
}

fn declared(node: &Node) -> Columns {
    let list: Vec<_> = node.schema().into_iter().map(|(name, of)| (name, Some(of))).collect();
    Columns { complete: !list.is_empty(), list }
}

fn mapped(mappings: &[Settings]) -> Columns {
    let kept = mappings.iter().filter(|mapping| !mapping.is("Dropped"));
    let list = kept.filter_map(|mapping| {
        let last = || mapping.texts("FromPath").last().cloned();
        let to = mapping.text("ToKey").map(str::to_owned).or_else(last)?;
        let of = mapping.text("ToType").filter(|_| mapping.items("Children").is_empty());
        Some((to, of.map(str::to_owned)))
    });
    Columns { list: list.collect(), complete: true }
}

fn selected(input: &Columns, paths: &[Vec<String>]) -> Columns {
    let mut list: Vec<(String, Option<String>)> = Vec::new();
    for path in paths {
        let known = path.first().filter(|name| input.list.iter().any(|(known, _)| known == *name));
        let Some(name) = known.cloned().or_else(|| steps(path).into_iter().next()) else { continue };
        if !list.iter().any(|(taken, _)| *taken == name) {
            let of = input.of(&name).filter(|_| path.len() == 1).map(str::to_owned);
            list.push((name, of));
        }
    }
    Columns { list, complete: true }
}

fn renamed(mut known: Columns, from: &[String], to: &[String]) -> Columns {
    let ([from], [to]) = (from, to) else { return Columns::default() };
    known.list.retain(|(name, _)| name != to || name == from);
    for (name, _) in known.list.iter_mut().filter(|(name, _)| name == from) {
        name.clone_from(to);
    }
    known
}
