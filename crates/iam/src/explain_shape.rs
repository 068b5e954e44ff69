//! Decisions and patches as the API shows them.

use mastic_api_mastic::mastic::types as t;
use mastic_kernel::{AuditRecord, Explanation};
use mastic_policy::{Barrier, Change, Decision, Effect, Miss, PolicyReport, StatementReport, key_name};

fn number(index: usize) -> i32 {
    i32::try_from(index + 1).unwrap_or(i32::MAX)
}

fn filled<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// One decision of a record, by its place.
pub(crate) fn decision(record: &AuditRecord, place: usize, told: &Explanation) -> t::Decision {
    let decision = &told.decision;
    t::Decision {
        decision_id: record.decision_id(place),
        principal: decision.principal.clone(),
        action: decision.action.clone(),
        resource: decision.resource.clone(),
        allowed: decision.is_allowed() && told.refused.is_none(),
        reasons: filled(reasons(told)),
        near_misses: filled(decision.near_misses()),
        context: Some(
            told.context.iter().map(|(key, values)| (key_name(key).to_owned(), values.to_vec())).collect(),
        ),
        policies: filled(decision.policies.iter().map(policy).collect()),
    }
}

/// Why it was decided so.
pub(crate) fn reasons(told: &Explanation) -> Vec<String> {
    match &told.refused {
        Some(reason) => vec![reason.clone()],
        None => told.decision.reasons(),
    }
}

fn policy(report: &PolicyReport) -> t::Policy {
    let label = &report.label;
    t::Policy {
        r#type: report.layer.to_string(),
        name: label.name.clone(),
        arn: label.arn.clone(),
        account: label.account.as_ref().map(ToString::to_string),
        attached_to: label.attached_to.clone(),
        withheld: report.withheld.then_some(true),
        statements: filled(report.statements.iter().map(statement).collect()),
    }
}

fn statement(found: &StatementReport) -> t::Statement {
    let (condition, differs) = match &found.miss {
        None => (None, None),
        Some(Miss::Action) => (None, Some("Action")),
        Some(Miss::Resource { .. }) => (None, Some("Resource")),
        Some(Miss::Principal { .. }) => (None, Some("Principal")),
        Some(Miss::Condition { operator, key, wanted, actual }) => {
            let condition = t::FailedCondition {
                operator: operator.clone(),
                key: key.clone(),
                wanted: wanted.clone(),
                actual: actual.clone(),
            };
            (Some(condition), Some("Condition"))
        }
    };
    t::Statement {
        number: number(found.index),
        sid: found.sid.clone(),
        effect: if found.effect == Effect::Deny { "Deny" } else { "Allow" }.to_owned(),
        applies: found.matched(),
        condition,
        differs: differs.map(str::to_owned),
    }
}

/// A patch as it is applied.
pub(crate) fn patch(step: &Change) -> t::Patch {
    let patch = &step.patch;
    t::Patch {
        r#type: patch.layer.to_string(),
        account: patch.account.as_ref().map(ToString::to_string),
        attached_to: patch.attached_to.clone(),
        policy_arn: patch.policy.as_ref().and_then(|label| label.arn.clone()),
        statements: patch.grants.iter().map(ToString::to_string).collect(),
        document: step.document.clone(),
        command: step.command.clone(),
        note: step.note.clone(),
    }
}

/// A statement that forbids.
pub(crate) fn barrier(barrier: &Barrier) -> t::Barrier {
    let forbids = barrier.forbids.iter();
    t::Barrier {
        r#type: barrier.layer.to_string(),
        policy_name: barrier.policy.name.clone(),
        policy_arn: barrier.policy.arn.clone(),
        attached_to: barrier.policy.attached_to.clone(),
        number: number(barrier.index),
        sid: barrier.sid.clone(),
        forbids: forbids
            .map(|(action, resource)| t::ForbiddenAction {
                action: action.clone(),
                resource: resource.clone(),
            })
            .collect(),
    }
}

/// The decisions that something can be done about: not those of a role that is gone.
pub(crate) fn curable<'a>(told: impl IntoIterator<Item = &'a Explanation>) -> Vec<&'a Decision> {
    told.into_iter().filter(|told| told.refused.is_none()).map(|told| &told.decision).collect()
}
