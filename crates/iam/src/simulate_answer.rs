//! A decision as the policy simulator tells it.

use std::collections::BTreeMap;

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Arn};
use mastic_policy::{
    Attached, Context, Decision, Effect, Label, Layer, Outcome, PolicyKind, PolicyReport, PolicySet,
    Position, Principal, Request, decide, missing_context,
};

use crate::names::split;

/// A request's surroundings, the same for each action and resource.
pub(crate) struct Scenario {
    pub(crate) principal: Principal,
    pub(crate) set: PolicySet,
    pub(crate) context: Context,
    /// Whose the resources are that do not tell it by their ARN.
    pub(crate) owner: Option<AccountId>,
    /// Whether the caller is somebody in particular. A resource of another account is one's own otherwise.
    pub(crate) named: bool,
}

impl Scenario {
    /// What becomes of one action on one resource.
    pub(crate) fn evaluate(&self, action: &str, resource: &str) -> t::EvaluationResult {
        let of_caller = self.principal.account().and_then(|account| account.parse::<AccountId>().ok());
        let told = resource.parse::<Arn>().ok().and_then(|arn| arn.account_id());
        let owner = if self.named { told.or_else(|| self.owner.clone()) } else { None }.or(of_caller);
        let request = Request::new(&self.principal, action, resource, &self.context);
        let request = match &owner {
            Some(owner) => request.owned_by(owner),
            None => request,
        };
        let decision = decide(&request, &self.set);
        let outcome = decided(decision.outcome);
        let matched = self.matched(&decision);
        let missing = missing_context(&request, &self.set);
        let boundary = self.set.boundary.as_ref().map(|_| t::PermissionsBoundaryDecisionDetail {
            allowed_by_permissions_boundary: Some(said(&decision, Layer::Boundary) == Outcome::Allow),
        });
        let organizations = (!self.set.service_control.is_empty()).then(|| t::OrganizationsDecisionDetail {
            allowed_by_organizations: Some(self.organization_allows(&decision)),
        });
        let details = (resource != "*").then(|| self.details(&decision));
        t::EvaluationResult {
            eval_action_name: action.to_owned(),
            eval_resource_name: Some(resource.to_owned()),
            eval_decision: Some(outcome),
            resource_specific_results: Some(vec![t::ResourceSpecificResult {
                eval_resource_name: resource.to_owned(),
                eval_resource_decision: Some(outcome),
                matched_statements: Some(matched.clone()),
                missing_context_values: Some(missing.clone()),
                eval_decision_details: details.clone(),
                permissions_boundary_decision_detail: boundary.clone(),
            }]),
            matched_statements: Some(matched),
            missing_context_values: Some(missing),
            organizations_decision_detail: organizations,
            permissions_boundary_decision_detail: boundary,
            eval_decision_details: details,
        }
    }

    /// The statements that decided: those that deny or, where it is allowed, those that allow.
    fn matched(&self, decision: &Decision) -> Vec<t::Statement> {
        let effect = match decision.outcome {
            Outcome::Allow => Effect::Allow,
            Outcome::ExplicitDeny => Effect::Deny,
            Outcome::ImplicitDeny => return Vec::new(),
        };
        let mut matched = Vec::new();
        for report in &decision.policies {
            let shown = match report.layer {
                Layer::Identity | Layer::Resource => true,
                Layer::Boundary => effect == Effect::Deny,
                // An organization's policies are not the account's to see.
                _ => false,
            };
            let Some(policy) = self.policy(report).filter(|_| shown) else { continue };
            for statement in report.statements.iter().filter(|s| s.effect == effect && s.matched()) {
                let place = policy.document.statements().get(statement.index).map(|s| s.simulated_span());
                matched.push(t::Statement {
                    source_policy_id: Some(source_id(&report.label)),
                    source_policy_type: Some(source_type(&report.label)),
                    start_position: place.map(|span| position(span.start)),
                    end_position: place.map(|span| position(span.end)),
                });
            }
        }
        matched
    }

    fn policy(&self, report: &PolicyReport) -> Option<&Attached> {
        let same = |(layer, level, policy): &(Layer, usize, &Attached)| {
            (*layer, *level) == (report.layer, report.level) && *policy.label == report.label
        };
        self.set.policies().find(same).map(|(_, _, policy)| policy)
    }

    fn organization_allows(&self, decision: &Decision) -> bool {
        !decision.lacking.contains(&Layer::ServiceControl)
            && decision.denials().all(|(policy, _)| policy.layer != Layer::ServiceControl)
    }

    /// What each kind of policy says, where two accounts have to agree.
    fn details(&self, decision: &Decision) -> BTreeMap<String, t::PolicyEvaluationDecisionType> {
        let mut details = BTreeMap::new();
        if !decision.cross_account {
            return details;
        }
        let mut tell = |name: &str, layer| details.insert(name.to_owned(), decided(said(decision, layer)));
        tell("IAM Policy", Layer::Identity);
        tell("Resource Policy", Layer::Resource);
        if self.set.boundary.is_some() {
            tell("Permissions Boundary Policy", Layer::Boundary);
        }
        details
    }
}

fn decided(outcome: Outcome) -> t::PolicyEvaluationDecisionType {
    match outcome {
        Outcome::Allow => t::PolicyEvaluationDecisionType::Allowed,
        Outcome::ExplicitDeny => t::PolicyEvaluationDecisionType::ExplicitDeny,
        Outcome::ImplicitDeny => t::PolicyEvaluationDecisionType::ImplicitDeny,
    }
}

/// What the policies of one layer say by themselves.
fn said(decision: &Decision, layer: Layer) -> Outcome {
    let any = |effect| {
        let of_layer = decision.policies.iter().filter(|policy| policy.layer == layer);
        of_layer.flat_map(|policy| &policy.statements).any(|s| s.effect == effect && s.matched())
    };
    match (any(Effect::Deny), any(Effect::Allow)) {
        (true, _) => Outcome::ExplicitDeny,
        (false, true) => Outcome::Allow,
        (false, false) => Outcome::ImplicitDeny,
    }
}

fn position(position: Position) -> t::Position {
    let number = |n: usize| Some(i32::try_from(n).unwrap_or(i32::MAX));
    t::Position { line: number(position.line), column: number(position.column) }
}

/// A managed policy's name; of an inline policy who has it as well: `user_alice_backups`.
fn source_id(label: &Label) -> String {
    match (label.kind, holder(label)) {
        (PolicyKind::Inline, Some((kind, name))) => format!("{kind}_{name}_{}", label.name),
        _ => label.name.clone(),
    }
}

fn source_type(label: &Label) -> t::PolicySourceType {
    match (label.kind, holder(label)) {
        (PolicyKind::Resource, _) => t::PolicySourceType::Resource,
        (PolicyKind::Managed, _) if label.account.is_none() => t::PolicySourceType::AwsManaged,
        (PolicyKind::Managed, _) => t::PolicySourceType::UserManaged,
        (_, Some(("user", _))) => t::PolicySourceType::User,
        (_, Some(("group", _))) => t::PolicySourceType::Group,
        (_, Some(("role", _))) => t::PolicySourceType::Role,
        _ => t::PolicySourceType::None,
    }
}

/// The kind and name of the user, group or role that has the policy.
fn holder(label: &Label) -> Option<(&str, &str)> {
    let resource = label.attached_to.splitn(6, ':').nth(5)?;
    split(resource).map(|(kind, _, name)| (kind, name))
}
