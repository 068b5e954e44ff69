//! What `DecodeAuthorizationMessage` tells (AWS STS API reference).

use serde_json::{Value, json};

use crate::document::{Effect, Statement};
use crate::names::key_name;
use crate::reasons::{Decision, Outcome};
use crate::{Layer, PolicySet, Request};

/// Bytes of the message at most: it travels in a header.
const LARGEST: usize = 2400;

/// The decision in the form of AWS's decoded authorization messages. `id` is the principal's unique id. Statements that
/// matched come first, condition keys after them, as many as there is room for.
#[must_use]
pub fn authorization_message(
    request: &Request<'_>,
    set: &PolicySet,
    decision: &Decision,
    id: &str,
) -> String {
    let action = request.action.split_once(':').map_or(request.action, |(_, name)| name);
    let frame = |matched: &[Value], conditions: &[Value]| {
        json!({
            "allowed": decision.is_allowed(),
            "explicitDeny": decision.outcome == Outcome::ExplicitDeny,
            "matchedStatements": { "items": matched },
            "failures": { "items": [] },
            "context": {
                "principal": { "id": id, "arn": decision.principal },
                "action": action,
                "resource": decision.resource,
                "conditions": { "items": conditions },
            },
        })
        .to_string()
    };
    let mut room = LARGEST.saturating_sub(frame(&[], &[]).len());
    let mut fitting = |values: Vec<Value>| {
        let fits = |value: &Value| {
            let size = value.to_string().len() + 1;
            let fits = size <= room;
            room = if fits { room - size } else { 0 };
            fits
        };
        values.into_iter().take_while(fits).collect::<Vec<_>>()
    };
    let matched = fitting(matched(set, decision, id));
    let conditions =
        request.context.iter().map(|(key, values)| json!({ "key": key_name(key), "values": items(values) }));
    let conditions = fitting(conditions.collect());
    frame(&matched, &conditions)
}

fn items<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Value {
    let items: Vec<Value> = texts.into_iter().map(|text| json!({ "value": text.as_ref() })).collect();
    json!({ "items": items })
}

/// The statements that decided: those that forbid or, where nothing does, those that would have allowed.
fn matched(set: &PolicySet, decision: &Decision, id: &str) -> Vec<Value> {
    let wanted = if decision.outcome == Outcome::ExplicitDeny { Effect::Deny } else { Effect::Allow };
    let mut found = Vec::new();
    // Reports and policies stand in the same order within a layer and level.
    let mut seen = std::collections::BTreeMap::<(Layer, usize), usize>::new();
    for report in &decision.policies {
        let place = seen.entry((report.layer, report.level)).or_default();
        let policy = policies(set, report.layer, report.level).into_iter().nth(*place);
        *place += 1;
        let Some(policy) = policy else { continue };
        for said in report.statements.iter().filter(|said| said.effect == wanted && said.matched()) {
            if let Some(statement) = policy.document.statements().get(said.index) {
                found.push(shown(statement, id));
            }
        }
    }
    found
}

fn policies(set: &PolicySet, layer: Layer, level: usize) -> Vec<&crate::Attached> {
    match layer {
        Layer::ServiceControl => set.service_control.get(level).into_iter().flatten().collect(),
        Layer::ResourceControl => set.resource_control.get(level).into_iter().flatten().collect(),
        Layer::Resource => set.resource.iter().collect(),
        Layer::Trust => set.trust.iter().collect(),
        Layer::Identity => set.identity.iter().collect(),
        Layer::Boundary => set.boundary.iter().collect(),
        Layer::Session => set.session.iter().collect(),
    }
}

fn shown(statement: &Statement, id: &str) -> Value {
    let effect = if statement.effect() == Effect::Deny { "DENY" } else { "ALLOW" };
    // An identity-based statement concerns whom its policy is attached to.
    let unique = id.split(':').next().unwrap_or(id);
    let mut principals: Vec<&str> = statement.principals().map(|(_, value)| value).collect();
    if principals.is_empty() {
        principals.push(unique);
    }
    let conditions: Vec<Value> = statement
        .conditions
        .iter()
        .map(|condition| {
            json!({ "key": condition.key_name(), "operator": condition.operator_name(), "values": items(condition.wanted()) })
        })
        .collect();
    json!({
        "statementId": statement.sid().unwrap_or_default(),
        "effect": effect,
        "principals": items(principals),
        "principalGroups": { "items": [] },
        "actions": items(statement.actions()),
        "resources": items(statement.resources()),
        "conditions": { "items": conditions },
    })
}
