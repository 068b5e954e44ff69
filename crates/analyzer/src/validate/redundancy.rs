//! What a document says twice.

use mastic_api_iam::accessanalyzer::types::ValidatePolicyFindingType as Type;
use mastic_policy::compare::{action_within, resource_within};

use super::finding::{Path, Report};
use super::statement::{Element, Statement};

pub(super) fn check(report: &mut Report<'_>, statements: &[Statement<'_>]) {
    for statement in statements {
        if let Some(actions) = &statement.actions {
            let (count, redundant, paths) = repeated(actions, action_within);
            if let Some(first) = redundant {
                let text = format!(
                    "The {count} action(s) are redundant because they provide similar permissions. Update the policy \
                     to remove the redundant action such as: {first}."
                );
                report.add(Type::Suggestion, "REDUNDANT_ACTION", text, &paths);
            }
        }
        if let Some(resources) = &statement.resources {
            let (count, redundant, paths) = repeated(resources, resource_within);
            if redundant.is_some() {
                let text = format!(
                    "The {count} resource ARN(s) are redundant because they reference the same resource. Review the \
                     use of wildcards (*)"
                );
                report.add(Type::Suggestion, "REDUNDANT_RESOURCE", text, &paths);
            }
        }
    }
    let same = |one: &Statement<'_>, other: &Statement<'_>| {
        let elements = [
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Principal",
            "NotPrincipal",
            "Condition",
        ];
        elements.iter().all(|name| one.node.get(name) == other.node.get(name))
    };
    for (at, statement) in statements.iter().enumerate() {
        if let Some(earlier) = statements.iter().take(at).find(|earlier| same(earlier, statement)) {
            let text = "The statements are redundant because they provide identical permissions. Update the policy \
                to remove the redundant statement.";
            let paths = [earlier.path.clone(), statement.path.clone()];
            report.add(Type::Suggestion, "REDUNDANT_STATEMENT", text.to_owned(), &paths);
        }
    }
}

/// The texts that another text of the list contains: how many, the first, and where they stand.
fn repeated<'a>(
    element: &'a Element<'_>,
    within: impl Fn(&str, &str) -> bool,
) -> (usize, Option<&'a str>, Vec<Path>) {
    let mut found = Vec::new();
    for (at, (text, path)) in element.texts.iter().enumerate() {
        let covered = element.texts.iter().enumerate().any(|(other, (wider, _))| {
            // Of two that are the same, the later is the redundant one.
            other != at && within(text, wider) && (other < at || !within(wider, text))
        });
        if covered {
            found.push((*text, path.clone()));
        }
    }
    (found.len(), found.first().map(|(text, _)| *text), found.into_iter().map(|(_, path)| path).collect())
}
