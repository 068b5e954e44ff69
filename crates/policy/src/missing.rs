use std::fmt;

use mastic_core::AccountId;
use serde::{Deserialize, Serialize};

use crate::document::Effect;
use crate::evaluate::Survey;
use crate::names::policy_holder;
use crate::patch::Grant;
use crate::reasons::PolicyReport;
use crate::{Label, Layer, PolicySet, Principal, Request};

/// One thing that stands between a request and its being allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Missing {
    /// A statement that has to be added.
    Allow {
        /// To which kind of policy.
        layer: Layer,
        /// For an organization's policies at which level, 0 being the organization's root.
        level: usize,
        /// In which account.
        account: Option<AccountId>,
        /// The ARN of the user, role, resource or organization unit whose policy it is.
        attached_to: String,
        /// The policy to extend, where there is only one that can be meant.
        policy: Option<Label>,
        /// The statement.
        statement: Proposal,
    },
    /// A statement that forbids the request and has to go, or to except it.
    Deny {
        /// In which kind of policy it is.
        layer: Layer,
        /// In which policy.
        policy: Label,
        /// At which place, from 0.
        index: usize,
        /// Its `Sid`.
        sid: Option<String>,
    },
}

/// The least statement that would allow a request. Its `Display` is the statement as JSON, ready
/// to be put into a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Proposal {
    /// `Action`.
    pub action: String,
    /// `Resource`; a trust policy has none.
    pub resource: Option<String>,
    /// `Principal` as kind and value, for policies that name whom they concern.
    pub principal: Option<(String, String)>,
    /// Under which condition, as key and value of a `StringEquals`: a role is passed to one service.
    #[serde(default)]
    pub condition: Option<(String, String)>,
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Grant::from(self).fmt(f)
    }
}

/// What is missing, given the layers whose consent is.
pub(crate) fn missing(
    request: &Request<'_>,
    set: &PolicySet,
    survey: &Survey,
    lacks: &[Layer],
    policies: &[PolicyReport],
) -> Vec<Missing> {
    let mut missing = Vec::new();
    for report in policies.iter().filter(|_| survey.denied) {
        for statement in report.statements.iter().filter(|s| s.effect == Effect::Deny && s.matched()) {
            missing.push(Missing::Deny {
                layer: report.layer,
                policy: report.label.clone(),
                index: statement.index,
                sid: statement.sid.clone(),
            });
        }
    }
    for &layer in lacks {
        match layer {
            Layer::ServiceControl => {
                levels(request, layer, set.service_control.len(), policies, &mut missing)
            }
            Layer::ResourceControl => {
                levels(request, layer, set.resource_control.len(), policies, &mut missing)
            }
            _ => missing.push(addition(request, set, layer)),
        }
    }
    missing
}

/// One statement for each level of the organization that does not allow.
fn levels(
    request: &Request<'_>,
    layer: Layer,
    count: usize,
    policies: &[PolicyReport],
    missing: &mut Vec<Missing>,
) {
    for level in 0..count {
        let here = || policies.iter().filter(|p| p.layer == layer && p.level == level);
        let allows = |p: &PolicyReport| p.statements.iter().any(|s| s.effect == Effect::Allow && s.matched());
        if here().any(allows) {
            continue;
        }
        let policy = here().next().map(|report| report.label.clone());
        missing.push(Missing::Allow {
            layer,
            level,
            account: policy.as_ref().and_then(|label| label.account.clone()),
            attached_to: policy.as_ref().map(|label| label.attached_to.clone()).unwrap_or_default(),
            policy,
            statement: proposal(request, layer),
        });
    }
}

fn addition(request: &Request<'_>, set: &PolicySet, layer: Layer) -> Missing {
    let policy = match layer {
        Layer::Boundary => set.boundary.as_ref(),
        Layer::Session => set.session.first(),
        Layer::Resource => set.resource.as_ref(),
        Layer::Trust => set.trust.as_ref(),
        _ => None,
    };
    let policy = policy.map(|attached| (*attached.label).clone());
    let on_resource = matches!(layer, Layer::Resource | Layer::Trust);
    let account = if on_resource { request.owner() } else { request.principal.account() };
    let attached_to = match &policy {
        Some(label) if on_resource => label.attached_to.clone(),
        None if on_resource => policy_holder(request.resource),
        _ => request.principal.identity().into_owned(),
    };
    Missing::Allow {
        layer,
        level: 0,
        account: account.and_then(|text| text.parse().ok()),
        attached_to,
        policy,
        statement: proposal(request, layer),
    }
}

fn proposal(request: &Request<'_>, layer: Layer) -> Proposal {
    let principal = match layer {
        Layer::Resource | Layer::Trust => Some(principal(request.principal)),
        // The language of resource control policies admits everyone only.
        Layer::ResourceControl => Some(("AWS".to_owned(), "*".to_owned())),
        _ => None,
    };
    let condition = |key: &str, value: &str| Some((key.to_owned(), value.to_owned()));
    let condition = match (request.principal, request.context.get("iam:PassedToService")) {
        (_, [service]) if request.action == "iam:PassRole" => condition("iam:PassedToService", service),
        // The ARN alone would name everybody in the account.
        (Principal::Root { .. }, _) if matches!(layer, Layer::Resource | Layer::Trust) => {
            condition("aws:PrincipalArn", &request.principal.name())
        }
        _ => None,
    };
    Proposal {
        action: request.action.to_owned(),
        resource: (layer != Layer::Trust).then(|| literal(request)),
        principal,
        condition,
    }
}

/// The request's resource as a pattern that matches it alone.
fn literal(request: &Request<'_>) -> String {
    // A name may hold what would be read as a policy variable.
    let resource = request.resource.replace("${", "${$}{");
    // An asterisk in the ARN that a service asks about stands for all of a kind; only keys of objects are their
    // author's.
    match resource.strip_prefix("arn:aws:s3:::").and_then(|rest| rest.split_once('/')) {
        Some((bucket, key)) if !request.pattern => {
            let mut exact = format!("arn:aws:s3:::{bucket}/");
            for part in key.split_inclusive(['*', '?']) {
                let name = part.trim_end_matches(['*', '?']);
                exact.push_str(name);
                if let Some(wildcard) = part.get(name.len()..).filter(|end| !end.is_empty()) {
                    exact.push_str(&format!("${{{wildcard}}}"));
                }
            }
            exact
        }
        _ => resource,
    }
}

fn principal(principal: &Principal) -> (String, String) {
    let (kind, value) = match principal {
        Principal::Session { .. } => ("AWS", principal.identity().into_owned()),
        Principal::Service { name } => ("Service", name.clone()),
        Principal::Federated { provider } => ("Federated", provider.clone()),
        Principal::Anonymous => ("AWS", "*".to_owned()),
        named => ("AWS", named.name().into_owned()),
    };
    (kind.to_owned(), value)
}
