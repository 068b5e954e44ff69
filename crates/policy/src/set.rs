use std::fmt;
use std::sync::Arc;

use mastic_core::AccountId;
use serde::{Deserialize, Serialize};

use crate::Document;

/// Which kind of consent a policy gives or withholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Layer {
    /// Service control policies of the caller's organization.
    ServiceControl,
    /// Resource control policies of the resource's organization.
    ResourceControl,
    /// The policy on the resource.
    Resource,
    /// The trust policy of the role to be assumed.
    Trust,
    /// Policies of the user, its groups, or the role.
    Identity,
    /// The permissions boundary of the user or role.
    Boundary,
    /// Policies given when the session was made.
    Session,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::Resource => "resource-based policy",
            Self::Trust => "role trust policy",
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
        })
    }
}

/// What kind of thing a policy is stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PolicyKind {
    /// A managed policy, AWS's or the customer's.
    Managed,
    /// Embedded in a user, group or role.
    Inline,
    /// Passed when a session was made.
    Session,
    /// Attached to a resource.
    Resource,
    /// A role's trust policy.
    Trust,
    /// A service or resource control policy of an organization.
    Organization,
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Managed => "managed policy",
            Self::Inline => "inline policy",
            Self::Session => "session policy",
            Self::Resource => "resource policy",
            Self::Trust => "trust policy",
            Self::Organization => "organization policy",
        })
    }
}

/// Enough to find a policy again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The account that owns it; none for AWS's own.
    pub account: Option<AccountId>,
    /// What it is stored as.
    pub kind: PolicyKind,
    /// Its name; for a resource or trust policy the resource's or role's.
    pub name: String,
    /// Its ARN, if it has one of its own.
    pub arn: Option<String>,
    /// The ARN of the user, group, role, resource or organization unit that it is attached to.
    pub attached_to: String,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A resource has one policy, which bears its name.
        if matches!(self.kind, PolicyKind::Resource | PolicyKind::Trust) {
            return write!(f, "the {} of {}", self.kind, self.attached_to);
        }
        write!(f, "{} `{}`", self.kind, self.name)?;
        if let Some(arn) = &self.arn {
            write!(f, " ({arn})")?;
        }
        write!(f, " of {}", self.attached_to)
    }
}

/// A document and where it comes from. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Attached {
    /// Where it comes from.
    pub label: Arc<Label>,
    /// What it says.
    pub document: Arc<Document>,
}

impl Attached {
    /// Labels a document.
    #[must_use]
    pub fn new(label: Label, document: Document) -> Self {
        Self { label: Arc::new(label), document: Arc::new(document) }
    }
}

/// All policies that bear on a request.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    /// Of the user and its groups, or of the role.
    pub identity: Vec<Attached>,
    /// The permissions boundary of the user or role.
    pub boundary: Option<Attached>,
    /// Given when the session was made; empty when none were. Any of them may allow.
    pub session: Vec<Attached>,
    /// The policy on the resource.
    pub resource: Option<Attached>,
    /// For `sts:AssumeRole*`, the trust policy of the role. Unlike other resource-based policies
    /// it must allow, in its own account too.
    pub trust: Option<Attached>,
    /// Service control policies of the caller's account, one list for each level from the
    /// organization's root down to the account; each level must allow. Empty outside an
    /// organization and for its management account.
    pub service_control: Vec<Vec<Attached>>,
    /// Resource control policies of the resource's account, level by level likewise.
    pub resource_control: Vec<Vec<Attached>>,
}

impl PolicySet {
    /// Every policy with its layer and, for an organization's, its level.
    pub fn policies(&self) -> impl Iterator<Item = (Layer, usize, &Attached)> {
        fn levels(layer: Layer, levels: &[Vec<Attached>]) -> impl Iterator<Item = (Layer, usize, &Attached)> {
            let numbered = levels.iter().enumerate();
            numbered.flat_map(move |(level, list)| list.iter().map(move |policy| (layer, level, policy)))
        }
        fn one(layer: Layer, policy: Option<&Attached>) -> Option<(Layer, usize, &Attached)> {
            policy.map(|policy| (layer, 0, policy))
        }
        levels(Layer::ServiceControl, &self.service_control)
            .chain(levels(Layer::ResourceControl, &self.resource_control))
            .chain(one(Layer::Resource, self.resource.as_ref()))
            .chain(one(Layer::Trust, self.trust.as_ref()))
            .chain(self.identity.iter().map(|policy| (Layer::Identity, 0, policy)))
            .chain(one(Layer::Boundary, self.boundary.as_ref()))
            .chain(self.session.iter().map(|policy| (Layer::Session, 0, policy)))
    }
}
