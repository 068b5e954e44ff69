use mastic_core::AccountId;
use mastic_policy::{Context, Decision};
use serde::{Deserialize, Serialize};

/// One permission that a call needs: an action on a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// For example `glue:GetTable`.
    pub action: String,
    /// The resource's ARN, or `*` where the action has no resource.
    pub resource: String,
    /// The account that owns the resource, where the ARN does not say so (S3 buckets).
    pub owner: Option<AccountId>,
    /// Condition keys that only the service knows, for example `aws:RequestTag/team`.
    pub context: Vec<(String, Vec<String>)>,
    /// Whether the resource is a pattern for all that a call would ask for, before it is made.
    #[serde(default)]
    pub pattern: bool,
}

impl Need {
    /// An action on a resource.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            owner: None,
            context: Vec::new(),
            pattern: false,
        }
    }

    /// The same with a condition key.
    #[must_use]
    pub fn with(
        mut self,
        key: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.context.push((key.into(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// The same with the account that owns the resource.
    #[must_use]
    pub fn owned_by(mut self, account: AccountId) -> Self {
        self.owner = Some(account);
        self
    }

    /// The same for every resource that matches its own as a pattern.
    #[must_use]
    pub fn of_pattern(mut self) -> Self {
        self.pattern = true;
        self
    }
}

/// What an operation demands before its handler runs; every operation says it at registration.
#[derive(Debug, Clone, PartialEq)]
pub enum Access {
    /// Each of these must be allowed, in this order; the first that is not gives the error.
    All(Vec<Need>),
    /// The handler asks for each entry of a batch; it must call [`crate::Ctx::authorize`] or
    /// [`crate::Ctx::allowed`] before it touches one.
    PerEntry,
    /// AWS grants it to everybody who has valid credentials (`sts:GetCallerIdentity`).
    Anybody,
}

impl Access {
    /// The one need of an operation.
    pub fn one(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self::All(vec![Need::new(action, resource)])
    }
}

/// What the authorizer says to one need.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Whether the call may go on.
    pub allowed: bool,
    /// For a denial, AWS's sentence; empty for an allowed need.
    pub text: String,
    /// For a denial, the decision with its reasons, for `mastic explain`.
    pub explanation: Option<Box<Explanation>>,
}

/// A decision with all that it rested on: it can be kept, and explained later. Its size is bounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// A reason that no policy can outweigh: the credentials' role has been deleted.
    pub refused: Option<String>,
    /// What each policy said, and what is missing.
    pub decision: Decision,
    /// The condition keys of the request with their values.
    pub context: Context,
    /// What `sts:DecodeAuthorizationMessage` will tell, in AWS's form; it travels sealed in the answer.
    #[serde(skip)]
    pub message: String,
}
