//! A statement as its checks see it.

use super::finding::Path;
use super::tree::Node;

/// A list element such as `Action`, or its `Not` form.
#[derive(Debug)]
pub(super) struct Element<'a> {
    pub(super) name: &'static str,
    pub(super) negated: bool,
    /// Its texts, each with where it stands.
    pub(super) texts: Vec<(&'a str, Path)>,
}

/// One key of the `Condition` block.
#[derive(Debug)]
pub(super) struct Condition<'a> {
    pub(super) operator: &'a str,
    pub(super) key: &'a str,
    pub(super) node: &'a Node,
    pub(super) path: Path,
    /// Where its key stands.
    pub(super) key_path: Path,
    /// Its values as texts, each with where it stands.
    pub(super) values: Vec<(String, Path)>,
}

/// A statement and its elements.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    pub(super) node: &'a Node,
    pub(super) path: Path,
    pub(super) sid: Option<&'a str>,
    pub(super) allows: bool,
    pub(super) denies: bool,
    pub(super) actions: Option<Element<'a>>,
    pub(super) resources: Option<Element<'a>>,
    pub(super) conditions: Vec<Condition<'a>>,
}

impl<'a> Statement<'a> {
    pub(super) fn new(node: &'a Node, path: Path) -> Self {
        let effect = node.get("Effect").and_then(Node::text);
        Self {
            sid: node.get("Sid").and_then(Node::text),
            allows: effect == Some("Allow"),
            denies: effect == Some("Deny"),
            actions: element(node, &path, "Action", "NotAction"),
            resources: element(node, &path, "Resource", "NotResource"),
            conditions: conditions(node, &path),
            node,
            path,
        }
    }

    /// Whether a condition looks at the key, in any letter case.
    pub(super) fn asks_for(&self, key: &str) -> bool {
        self.conditions.iter().any(|condition| condition.key.eq_ignore_ascii_case(key))
    }

    /// The entries of `Principal` or `NotPrincipal`: kind, value and place.
    pub(super) fn principals(&self) -> Vec<(&'a str, &'a str, Path)> {
        let mut all = Vec::new();
        for name in ["Principal", "NotPrincipal"] {
            if let Some(Node::Map(members)) = self.node.get(name) {
                for (kind, value) in members {
                    let path = self.path.to(name).to(kind);
                    for (at, item) in value.items() {
                        all.extend(item.text().map(|text| (kind.as_str(), text, path.item(at))));
                    }
                }
            }
        }
        all
    }
}

fn element<'a>(
    statement: &'a Node,
    path: &Path,
    name: &'static str,
    not: &'static str,
) -> Option<Element<'a>> {
    let (name, negated, node) = match (statement.get(name), statement.get(not)) {
        (Some(node), _) => (name, false, node),
        (None, Some(node)) => (not, true, node),
        (None, None) => return None,
    };
    let path = path.to(name);
    let items = node.items().into_iter();
    let texts = items.filter_map(|(at, item)| item.text().map(|text| (text, path.item(at)))).collect();
    Some(Element { name, negated, texts })
}

fn conditions<'a>(statement: &'a Node, path: &Path) -> Vec<Condition<'a>> {
    let path = path.to("Condition");
    let mut all = Vec::new();
    let Some(Node::Map(operators)) = statement.get("Condition") else { return all };
    for (operator, keys) in operators {
        let Node::Map(keys) = keys else { continue };
        let place = path.to(operator);
        for (key, node) in keys {
            let path = place.to(key);
            let items = node.items().into_iter();
            let values =
                items.filter_map(|(at, item)| item.scalar().map(|text| (text, path.item(at)))).collect();
            all.push(Condition { operator, key, node, key_path: place.name(key), path, values });
        }
    }
    all
}
