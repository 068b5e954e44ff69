//! AWS's service authorization reference as the compact table that `mastic-api-iam` reads.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::model::{ActionModel, Actions};

/// One line for each service, key, resource type and action, in that order; `authorization.rs` of `mastic-api-iam`
/// tells what stands in them.
pub fn table(actions: &Actions) -> String {
    let mut out = String::new();
    for (prefix, service) in actions {
        let _ = writeln!(out, "service {prefix}");
        for (key, kind) in &service.conditions {
            let _ = writeln!(out, "key {kind} {key}");
        }
        for (name, resource) in &service.resources {
            let _ = writeln!(out, "resource {name} {}{}", resource.arn, listed(&resource.conditions));
        }
        for (name, action) in &service.actions {
            let keys: BTreeSet<&String> = action.resources.values().flat_map(|r| &r.conditions).collect();
            let access = action.access.chars().next().unwrap_or('W');
            let _ = writeln!(out, "action {name} {access} {}{}", types(action), listed(keys));
        }
    }
    out
}

fn listed<'a>(keys: impl IntoIterator<Item = &'a String>) -> String {
    keys.into_iter().map(|key| format!(" {key}")).collect()
}

/// The resource types with a star behind those that are required; `-` where the action knows none.
fn types(action: &ActionModel) -> String {
    let named = action.resources.iter().filter(|(name, _)| !name.is_empty());
    let types: Vec<String> =
        named.map(|(name, resource)| format!("{name}{}", if resource.required { "*" } else { "" })).collect();
    if types.is_empty() { "-".to_owned() } else { types.join(",") }
}
