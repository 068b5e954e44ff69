//! The checks of `ValidatePolicy` ("IAM policy validation check reference", IAM User Guide).

mod actions;
mod conditions;
mod finding;
mod keys;
mod principals;
mod redundancy;
mod resources;
mod statement;
mod structure;
mod tree;
mod values;
mod variables;

use mastic_api_iam::accessanalyzer::types::ValidatePolicyFinding;

use finding::{Path, Report};
use statement::Statement;
use tree::Node;

/// What a document is to be checked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Attached to a user, group or role.
    Identity,
    /// Attached to a resource of no certain type.
    Resource,
    /// Attached to an S3 bucket.
    Bucket,
    /// Attached to another resource of a certain type: its name and the service of its actions.
    Typed(&'static str, &'static str),
    /// Who may assume a role.
    Trust,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
}

impl Kind {
    /// Whether statements name whom they concern.
    fn has_principals(self) -> bool {
        !matches!(self, Self::Identity | Self::ServiceControl)
    }

    /// The resource's type as findings call it, and the service whose actions it has.
    fn resource_type(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Bucket => Some(("S3 Bucket", "s3")),
            Self::Typed(name, service) => Some((name, service)),
            _ => None,
        }
    }
}

/// Everything that the checks find in a document.
#[must_use]
pub fn validate(text: &str, kind: Kind) -> Vec<ValidatePolicyFinding> {
    let mut report = Report::new(text);
    match serde_json::from_str::<Node>(text) {
        Ok(root) => {
            structure::document(&mut report, &root, text, kind);
            let statements = statements(&root);
            let old = root.get("Version").and_then(Node::text) != Some("2012-10-17");
            for statement in &statements {
                structure::statement(&mut report, statement, kind);
                principals::check(&mut report, statement, kind);
                actions::check(&mut report, statement, kind);
                resources::check(&mut report, statement, kind);
                conditions::check(&mut report, statement, kind);
                variables::check(&mut report, statement, old);
            }
            redundancy::check(&mut report, &statements);
            structure::sids(&mut report, &statements, kind);
        }
        Err(error) => report.syntax(error.line(), error.column()),
    }
    report.finish()
}

fn statements(root: &Node) -> Vec<Statement<'_>> {
    let Some(element) = root.get("Statement") else { return Vec::new() };
    let path = Path::default().to("Statement");
    let items = element.items().into_iter();
    items
        .filter(|(_, node)| matches!(node, Node::Map(_)))
        .map(|(at, node)| Statement::new(node, path.item(at)))
        .collect()
}

#[cfg(test)]
mod tests;
