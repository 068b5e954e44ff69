//! The least change to each policy that would allow what was refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use mastic_core::AccountId;
use serde::{Deserialize, Serialize};

use crate::json::Json;
use crate::missing::{Missing, Proposal};
use crate::reasons::Decision;
use crate::{Label, Layer};

/// The newest version of the policy language, which new documents are in.
const VERSION: &str = "2012-10-17";

/// What would have to change for refused requests to be allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// What to add, one patch for each policy.
    pub patches: Vec<Patch>,
    /// What forbids, and no statement can outweigh.
    pub barriers: Vec<Barrier>,
}

/// Statements to add to one policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// To which kind of policy.
    pub layer: Layer,
    /// For an organization's policies at which level, 0 being the organization's root.
    pub level: usize,
    /// In which account.
    pub account: Option<AccountId>,
    /// The ARN of the user, role, resource or organization unit whose policy it is.
    pub attached_to: String,
    /// The policy to extend, where there is only one that can be meant.
    pub policy: Option<Label>,
    /// The statements.
    pub grants: Vec<Grant>,
}

/// A statement that forbids what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Barrier {
    /// In which kind of policy it is.
    pub layer: Layer,
    /// In which policy.
    pub policy: Label,
    /// At which place, from 0.
    pub index: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// What it forbids of what was asked: action and resource.
    pub forbids: Vec<(String, String)>,
}

/// A statement that allows every one of its actions on every one of its resources.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// `Principal` as kind and value, for policies that name whom they concern.
    pub principal: Option<(String, String)>,
    /// `Action`.
    pub actions: Vec<String>,
    /// `Resource`; a trust policy has none.
    pub resources: Vec<String>,
    /// Key and value of a `StringEquals`.
    pub condition: Option<(String, String)>,
}

/// Actions with the resources that they were asked on.
type Asked = BTreeSet<(String, String)>;

/// Why a patch cannot be merged into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The document is no policy.
    #[error("the policy cannot be read")]
    Document,
    /// The statement needs the newer language, in which the document would mean something else.
    #[error("the policy is in the language of 2008-10-17: raise its Version to 2012-10-17 first")]
    Version,
}

impl Remedy {
    /// The remedy for all of these decisions together: the same whatever their order, and however often each is
    /// given.
    #[must_use]
    pub fn of<'a>(decisions: impl IntoIterator<Item = &'a Decision>) -> Self {
        let mut places: BTreeMap<(Layer, usize, String), (Patch, BTreeSet<Proposal>)> = BTreeMap::new();
        let mut barriers: BTreeMap<(Layer, String, usize), (Barrier, Asked)> = BTreeMap::new();
        for decision in decisions {
            for missing in decision.missing() {
                match missing.clone() {
                    Missing::Allow { layer, level, account, attached_to, policy, statement } => {
                        let at = (layer, level, attached_to.clone());
                        let patch = Patch { layer, level, account, attached_to, policy, grants: Vec::new() };
                        places.entry(at).or_insert_with(|| (patch, BTreeSet::new())).1.insert(statement);
                    }
                    Missing::Deny { layer, policy, index, sid } => {
                        let at = (layer, policy.to_string(), index);
                        let barrier = Barrier { layer, policy, index, sid, forbids: Vec::new() };
                        let asked = (decision.action.clone(), decision.resource.clone());
                        barriers.entry(at).or_insert_with(|| (barrier, BTreeSet::new())).1.insert(asked);
                    }
                }
            }
        }
        Self {
            patches: places
                .into_values()
                .map(|(patch, proposals)| Patch { grants: merged(proposals), ..patch })
                .collect(),
            barriers: barriers
                .into_values()
                .map(|(barrier, forbids)| Barrier { forbids: forbids.into_iter().collect(), ..barrier })
                .collect(),
        }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patches.is_empty() && self.barriers.is_empty()
    }
}

/// As few statements as grant each pair of action and resource, and no other pair.
fn merged(proposals: BTreeSet<Proposal>) -> Vec<Grant> {
    type Whom = (Option<(String, String)>, Option<(String, String)>);
    let mut actions: BTreeMap<(Whom, Option<String>), BTreeSet<String>> = BTreeMap::new();
    for Proposal { action, resource, principal, condition } in proposals {
        actions.entry(((principal, condition), resource)).or_default().insert(action);
    }
    let mut resources: BTreeMap<(Whom, BTreeSet<String>), BTreeSet<String>> = BTreeMap::new();
    for ((whom, resource), actions) in actions {
        resources.entry((whom, actions)).or_default().extend(resource);
    }
    let grants = resources.into_iter().map(|(((principal, condition), actions), resources)| Grant {
        principal,
        actions: actions.into_iter().collect(),
        resources: resources.into_iter().collect(),
        condition,
    });
    grants.collect()
}

impl Patch {
    /// The document with the statements in it: `existing` with those that it does not have yet, or a new one.
    ///
    /// # Errors
    /// `existing` is no policy, or in a language that lacks what the statements need.
    pub fn document(&self, existing: Option<&str>) -> Result<String, PatchError> {
        self.merged_into(existing).map(|document| document.compact())
    }

    /// As [`Patch::document`], over several lines.
    ///
    /// # Errors
    /// Those of [`Patch::document`].
    pub fn pretty_document(&self, existing: Option<&str>) -> Result<String, PatchError> {
        self.merged_into(existing).map(|document| document.pretty())
    }

    /// The statements alone, over several lines.
    #[must_use]
    pub fn pretty_statements(&self) -> Vec<String> {
        self.grants.iter().map(|grant| grant.json().pretty()).collect()
    }

    fn merged_into(&self, existing: Option<&str>) -> Result<Json, PatchError> {
        let grants: Vec<Json> = self.grants.iter().map(Grant::json).collect();
        let Some(existing) = existing else {
            let version = ("Version".to_owned(), Json::Text(VERSION.to_owned()));
            return Ok(Json::Map(vec![version, ("Statement".to_owned(), Json::List(grants))]));
        };
        let Ok(Json::Map(mut members)) = serde_json::from_str::<Json>(existing) else {
            return Err(PatchError::Document);
        };
        let newest = members.iter().any(|(name, value)| name == "Version" && value.is_text(VERSION));
        if !newest && self.grants.iter().any(Grant::has_variable) {
            if existing.contains("${") {
                return Err(PatchError::Version);
            }
            members.retain(|(name, _)| name != "Version");
            members.insert(0, ("Version".to_owned(), Json::Text(VERSION.to_owned())));
        }
        let (_, statement) =
            members.iter_mut().find(|(name, _)| name == "Statement").ok_or(PatchError::Document)?;
        let mut statements = match std::mem::replace(statement, Json::Null) {
            Json::List(statements) => statements,
            one => vec![one],
        };
        for grant in grants {
            if !statements.contains(&grant) {
                statements.push(grant);
            }
        }
        *statement = Json::List(statements);
        Ok(Json::Map(members))
    }
}

impl Json {
    fn is_text(&self, wanted: &str) -> bool {
        matches!(self, Self::Text(text) if text == wanted)
    }
}

impl From<&Proposal> for Grant {
    fn from(proposal: &Proposal) -> Self {
        Self {
            principal: proposal.principal.clone(),
            actions: vec![proposal.action.clone()],
            resources: proposal.resource.clone().into_iter().collect(),
            condition: proposal.condition.clone(),
        }
    }
}

/// The statement as JSON, on one line.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json().compact())
    }
}

impl Grant {
    pub(crate) fn json(&self) -> Json {
        let text = |text: &str| Json::Text(text.to_owned());
        let one = |name: &str, value: Json| Json::Map(vec![(name.to_owned(), value)]);
        let list = |texts: &[String]| match texts {
            [only] => text(only),
            texts => Json::List(texts.iter().map(|item| text(item)).collect()),
        };
        let mut members = vec![("Effect", text("Allow"))];
        if let Some((kind, value)) = &self.principal {
            members.push(("Principal", one(kind, text(value))));
        }
        members.push(("Action", list(&self.actions)));
        if !self.resources.is_empty() {
            members.push(("Resource", list(&self.resources)));
        }
        if let Some((key, value)) = &self.condition {
            members.push(("Condition", one("StringEquals", one(key, text(value)))));
        }
        Json::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn has_variable(&self) -> bool {
        self.resources.iter().any(|resource| resource.contains("${"))
    }
}
