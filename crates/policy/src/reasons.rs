use serde::{Deserialize, Serialize};

use crate::document::Effect;
use crate::missing::Missing;
use crate::{Label, Layer};

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It may proceed.
    Allow,
    /// A statement forbids it.
    ExplicitDeny,
    /// Nothing forbids it, but someone who must permit it does not.
    ImplicitDeny,
}

/// An outcome with all its reasons, complete in itself: it can be stored and explained later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What became of the request.
    pub outcome: Outcome,
    /// Who asked, as messages name it.
    pub principal: String,
    /// What for.
    pub action: String,
    /// On what.
    pub resource: String,
    /// Whether two accounts had to agree.
    pub cross_account: bool,
    /// The layers that had to allow and did not, the one that the message names first.
    pub lacking: Vec<Layer>,
    /// Every policy that was asked.
    pub policies: Vec<PolicyReport>,
    /// How many more policies were asked that [`Decision::condensed`] has left out.
    #[serde(default)]
    pub unlisted: usize,
    pub(crate) missing: Vec<Missing>,
}

/// What one policy said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyReport {
    /// In which role it was asked.
    pub layer: Layer,
    /// For an organization's policies the level, 0 being the organization's root.
    pub level: usize,
    /// Which policy.
    pub label: Label,
    /// Its statements in order.
    pub statements: Vec<StatementReport>,
    /// How many more statements it has that [`Decision::condensed`] has left out: nearly always those about
    /// other actions.
    #[serde(default)]
    pub unlisted: usize,
    /// Whether its statements are not for the reader's eyes; see [`Decision::seen_from`].
    #[serde(default)]
    pub withheld: bool,
}

/// What one statement said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementReport {
    /// Its place in the document, from 0.
    pub index: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// What it does when it applies.
    pub effect: Effect,
    /// The first part that did not fit; none where the statement applied.
    pub miss: Option<Miss>,
    /// It allows the caller's account, which in turn must allow the caller.
    pub delegates: bool,
}

impl StatementReport {
    /// Whether the statement applied to the request.
    #[must_use]
    pub fn matched(&self) -> bool {
        self.miss.is_none()
    }
}

/// The first part of a statement that did not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Miss {
    /// It is about other actions.
    Action,
    /// It is about other resources.
    Resource {
        /// As written in the statement.
        wanted: Vec<String>,
        /// The list is of a `NotResource`.
        except: bool,
    },
    /// It is about other principals.
    Principal {
        /// As written in the statement, each with its kind.
        wanted: Vec<String>,
        /// The list is of a `NotPrincipal`.
        except: bool,
    },
    /// A condition was not met.
    Condition {
        /// Such as `StringEquals`.
        operator: String,
        /// Such as `aws:SourceIp`.
        key: String,
        /// The policy's values.
        wanted: Vec<String>,
        /// The request's; none where the key is absent.
        actual: Vec<String>,
    },
}

impl Decision {
    /// Whether the request may proceed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allow
    }

    /// What would have to change for the request to be allowed: the least statements to add, each
    /// with its place, and every statement that forbids it. Nothing where it is allowed.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// The statements that forbid the request, with their policies.
    pub fn denials(&self) -> impl Iterator<Item = (&PolicyReport, &StatementReport)> {
        self.applied(Effect::Deny)
    }

    /// The statements that permit the request, with their policies.
    pub fn permissions(&self) -> impl Iterator<Item = (&PolicyReport, &StatementReport)> {
        self.applied(Effect::Allow)
    }

    fn applied(&self, effect: Effect) -> impl Iterator<Item = (&PolicyReport, &StatementReport)> {
        self.policies.iter().flat_map(move |policy| {
            let applied = policy.statements.iter().filter(move |s| s.effect == effect && s.matched());
            applied.map(move |statement| (policy, statement))
        })
    }
}
