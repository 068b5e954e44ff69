//! What to do about unused permissions: policies without them ("Recommendations to remediate unused permissions").

use mastic_api_iam::accessanalyzer::types::{
    FindingType, GenerateFindingRecommendationRequest, GetFindingRecommendationRequest,
    GetFindingRecommendationResponse, RecommendationType, RecommendedRemediationAction, RecommendedStep,
    Status, UnusedPermissionsRecommendedStep,
};
use mastic_api_iam::authorization;
use mastic_core::{Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_kernel::ports::{GrantedPolicy, PrincipalUse};
use mastic_policy::compare::action_within;
use serde_json::{Value, json};

use crate::faults::{not_found, validation};
use crate::page::page;
use crate::records::{RECOMMENDATIONS, RecommendationRecord};
use crate::{analyzers, findings, place, unused};

pub(crate) async fn generate(ctx: Ctx, input: GenerateFindingRecommendationRequest) -> Result<(), Fault> {
    let (analyzer, finding) = findings::one(&ctx, &input.analyzer_arn, &input.id).await?;
    if finding.kind != FindingType::UnusedPermission {
        return Err(validation("Recommendations are generated for findings of unused permissions only."));
    }
    let since = unused::cutoff(&ctx, &analyzer);
    let principals = unused::principals(&ctx)?;
    let principal = principals.into_iter().find(|principal| principal.arn.as_str() == finding.resource);
    let principal =
        principal.ok_or_else(|| not_found(format!("Resource not found: {}", finding.resource)))?;
    let steps = principal.policies.iter().filter_map(|policy| step(&principal, policy, since)).collect();
    let record =
        RecommendationRecord { resource: finding.resource, started: ctx.now(), completed: ctx.now(), steps };
    let key = analyzers::key(&ctx, &place::name_of(&ctx, &input.analyzer_arn)?)?;
    let key = (key.0, key.1, key.2, input.id);
    ctx.write(move |tx| Ok(RECOMMENDATIONS.put(tx, &key, &record)?)).await
}

/// What to do with one policy; nothing where all of it is used.
fn step(principal: &PrincipalUse, policy: &GrantedPolicy, since: Timestamp) -> Option<RecommendedStep> {
    let mut document: Value = serde_json::from_str(&policy.document).ok()?;
    let used = |action: &str| {
        principal.actions.iter().any(|(own, time)| own.eq_ignore_ascii_case(action) && *time >= since)
    };
    let statements = document.get_mut("Statement")?;
    let mut list = match statements.take() {
        Value::Array(list) => list,
        one => vec![one],
    };
    let before = list.clone();
    list.retain_mut(|statement| narrow(statement, &used));
    if list == before {
        return None;
    }
    let grants = list.iter().any(|statement| statement.get("Effect") == Some(&Value::from("Allow")));
    let (action, text) = if grants {
        *statements = Value::Array(list);
        (RecommendedRemediationAction::CreatePolicy, Some(document.to_string()))
    } else {
        (RecommendedRemediationAction::DetachPolicy, None)
    };
    Some(RecommendedStep {
        unused_permissions_recommended_step: Some(UnusedPermissionsRecommendedStep {
            policy_updated_at: policy.updated,
            recommended_action: Some(action),
            recommended_policy: text,
            existing_policy_id: Some(policy.id.clone()),
        }),
    })
}

/// Leaves in an `Allow` what is used, and what no table tells the actions of; whether anything is left.
fn narrow(statement: &mut Value, used: &impl Fn(&str) -> bool) -> bool {
    if statement.get("Effect") != Some(&Value::from("Allow")) {
        return true;
    }
    let Some(members) = statement.as_object_mut() else { return true };
    let (negated, given) = match (members.get("Action"), members.get("NotAction")) {
        (Some(given), _) => (false, given.clone()),
        (None, Some(given)) => (true, given.clone()),
        (None, None) => return true,
    };
    let texts: Vec<&str> = match &given {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let mut kept: Vec<String> = Vec::new();
    let mut unused = false;
    for (prefix, service) in authorization::services() {
        for action in service.actions.values() {
            let name = format!("{prefix}:{}", action.name);
            if texts.iter().any(|text| action_within(&name, text)) == negated {
                continue;
            }
            if used(&name) { kept.push(name) } else { unused = true }
        }
    }
    if !unused {
        return true;
    }
    let known = |text: &str| {
        let prefix = text.split(':').next().unwrap_or_default().to_lowercase();
        text == "*" || prefix.contains(['*', '?']) || authorization::service(&prefix).is_some()
    };
    if !negated {
        kept.extend(texts.iter().filter(|text| !known(text)).map(|text| (*text).to_owned()));
    }
    if kept.is_empty() {
        return false;
    }
    members.remove("NotAction");
    members.insert("Action".to_owned(), json!(kept));
    true
}

pub(crate) fn get(
    ctx: &Ctx,
    input: &GetFindingRecommendationRequest,
) -> Result<GetFindingRecommendationResponse, Fault> {
    let key = analyzers::key(ctx, &place::name_of(ctx, &input.analyzer_arn)?)?;
    let record = ctx.read(|tx| {
        analyzers::load(tx, &key)?;
        let place = (key.0.clone(), key.1.clone(), key.2.clone(), input.id.clone());
        let found = RECOMMENDATIONS.get(tx, &place)?;
        found
            .ok_or_else(|| not_found(format!("No recommendation was generated for the finding {}", input.id)))
    })?;
    let steps = record.steps.into_iter().enumerate();
    let (steps, next_token) = page(steps, input.max_results, input.next_token.as_deref())?;
    Ok(GetFindingRecommendationResponse {
        started_at: record.started,
        completed_at: Some(record.completed),
        next_token,
        error: None,
        resource_arn: record.resource,
        recommended_steps: Some(steps),
        recommendation_type: Some(RecommendationType::UnusedPermissionRecommendation),
        status: Some(Status::Succeeded),
    })
}
