//! What can be known of a node's columns before anything runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::frame::steps;
use super::node::{Node, Settings};

/// More columns than these are not followed from node to node.
const MANY: usize = 2000;

/// Columns, with types where these are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Columns {
    types: BTreeMap<String, Option<String>>,
    /// Whether there are no others.
    complete: bool,
}

impl Columns {
    /// Whether a top-level column of this name is known.
    pub(super) fn has(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    /// The type of a top-level column.
    pub(super) fn of(&self, name: &str) -> Option<&str> {
        self.types.get(name)?.as_deref()
    }

    /// Whether the two are known to have no name in common.
    pub(super) fn disjoint(&self, other: &Self) -> bool {
        let names = |columns: &Self| -> BTreeSet<String> {
            columns.types.keys().map(|name| name.to_lowercase()).collect()
        };
        self.complete && other.complete && names(self).is_disjoint(&names(other))
    }
}

/// The columns of what a node makes, by those of its first input.
pub(super) fn columns(node: &Node, input: Option<&Arc<Columns>>) -> Arc<Columns> {
    let known = || input.map_or_else(Columns::default, |input| Columns::clone(input));
    let made = match node.kind.as_str() {
        "Filter" | "DropDuplicates" | "Spigot" | "Union" => return input.cloned().unwrap_or_default(),
        "ApplyMapping" => mapped(&node.items("Mapping")),
        "SelectFields" => selected(&known(), &node.paths("Paths")),
        "DropFields" => {
            let mut known = known();
            for path in node.paths("Paths") {
                if let [name] = path.as_slice() {
                    known.types.remove(name);
                }
            }
            known
        }
        "RenameField" => renamed(known(), &node.texts("SourcePath"), &node.texts("TargetPath")),
        "Aggregate" => aggregated(node, &known()),
        _ => declared(node),
    };
    if made.types.len() > MANY { Arc::default() } else { Arc::new(made) }
}

/// Folders and tables may have partition keys besides.
fn declared(node: &Node) -> Columns {
    let types = node.schema().into_iter().map(|(name, of)| (name, Some(of))).collect();
    Columns { complete: false, types }
}

fn mapped(mappings: &[Settings]) -> Columns {
    let kept = mappings.iter().filter(|mapping| !mapping.is("Dropped"));
    let types = kept.filter_map(|mapping| {
        let last = || mapping.texts("FromPath").last().cloned();
        let to = mapping.text("ToKey").map(str::to_owned).or_else(last)?;
        let of = mapping.text("ToType").filter(|_| mapping.items("Children").is_empty());
        Some((to, of.map(str::to_owned)))
    });
    Columns { types: types.collect(), complete: true }
}

fn selected(input: &Columns, paths: &[Vec<String>]) -> Columns {
    let top = |path: &Vec<String>| {
        let whole = path.first().filter(|name| path.len() == 1 && input.has(name));
        let name = whole.cloned().or_else(|| steps(path).into_iter().next())?;
        let of = input.of(&name).filter(|_| whole.is_some()).map(str::to_owned);
        Some((name, of))
    };
    Columns { types: paths.iter().filter_map(top).collect(), complete: true }
}

fn renamed(mut known: Columns, from: &[String], to: &[String]) -> Columns {
    let ([from], [to]) = (from, to) else { return Columns::default() };
    if let Some(of) = known.types.remove(from) {
        known.types.insert(to.clone(), of);
    }
    known
}

fn aggregated(node: &Node, input: &Columns) -> Columns {
    let groups = node.paths("Groups").into_iter().filter_map(|path| {
        let name = steps(&path).pop()?;
        let of = input.of(&name).filter(|_| path.len() == 1).map(str::to_owned);
        Some((name, of))
    });
    let computed = node.items("Aggs").into_iter().map(|one| {
        let function = one.text("AggFunc").unwrap_or_default().to_owned();
        (super::transforms::aggregate_name(&function, &one.texts("Column").join(".")), None)
    });
    Columns { types: groups.chain(computed).collect(), complete: true }
}
