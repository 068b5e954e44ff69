//! What nobody uses: roles, keys, passwords, permissions ("Findings for unused access").

use std::collections::BTreeMap;

use mastic_api_iam::accessanalyzer::types::{
    FindingDetails, FindingType, ResourceType, UnusedAction, UnusedIamRoleDetails,
    UnusedIamUserAccessKeyDetails, UnusedIamUserPasswordDetails, UnusedPermissionDetails,
};
use mastic_api_iam::authorization;
use mastic_core::{AccountId, Arn, Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_kernel::ports::{CredentialUse, PrincipalUse};
use mastic_policy::compare::{action_within, actions_meet};
use mastic_policy::{Document, Effect};

use crate::external::Found;
use crate::records::AnalyzerRecord;

const DAY: i64 = 24 * 60 * 60;

/// Since when something must have been used not to count as unused.
pub(crate) fn cutoff(ctx: &Ctx, analyzer: &AnalyzerRecord) -> Timestamp {
    let unused = analyzer.configuration.as_ref().and_then(|given| given.unused_access.as_ref());
    let days = unused.and_then(|unused| unused.unused_access_age).unwrap_or_default();
    Timestamp::from_secs(ctx.now().secs() - i64::from(days) * DAY)
}

/// Every principal of the account with its use.
pub(crate) fn principals(ctx: &Ctx) -> Result<Vec<PrincipalUse>, Fault> {
    ctx.kernel().uses()?.uses(ctx.account()?)
}

/// What is unused now.
pub(crate) fn current(ctx: &Ctx, analyzer: &AnalyzerRecord) -> Result<Vec<Found>, Fault> {
    let since = cutoff(ctx, analyzer);
    let excluded = exclusions(analyzer);
    let account = ctx.account()?;
    let mut all = Vec::new();
    if excluded.iter().any(|id| id == account.as_str()) {
        return Ok(all);
    }
    for principal in principals(ctx)? {
        if !principal.linked {
            of(account, &principal, since, &mut all)?;
        }
    }
    Ok(all)
}

fn exclusions(analyzer: &AnalyzerRecord) -> Vec<String> {
    let unused = analyzer.configuration.as_ref().and_then(|given| given.unused_access.as_ref());
    let rule = unused.and_then(|unused| unused.analysis_rule.as_ref());
    let criteria = rule.and_then(|rule| rule.exclusions.clone()).unwrap_or_default();
    criteria.into_iter().flat_map(|criterion| criterion.account_ids.unwrap_or_default()).collect()
}

/// Whether it is old enough, and was not used since.
fn stale(created: Timestamp, used: Option<Timestamp>, since: Timestamp) -> bool {
    created < since && used.is_none_or(|used| used < since)
}

fn of(
    account: &AccountId,
    principal: &PrincipalUse,
    since: Timestamp,
    all: &mut Vec<Found>,
) -> Result<(), Fault> {
    let role = is_role(&principal.arn);
    let found = |kind: FindingType, what: &str, details: Vec<FindingDetails>| Found {
        identity: format!("{}\n{}\n{what}", principal.arn, kind.as_str()),
        kind,
        resource: principal.arn.to_string(),
        resource_type: if role { ResourceType::AwsIamRole } else { ResourceType::AwsIamUser },
        owner: account.to_string(),
        details,
    };
    if role && stale(principal.created, principal.last_used, since) {
        let details = FindingDetails {
            unused_iam_role_details: Some(UnusedIamRoleDetails { last_accessed: principal.last_used }),
            ..FindingDetails::default()
        };
        all.push(found(FindingType::UnusedIAMRole, "", vec![details]));
        // All of its permissions are unused; one finding says it.
        return Ok(());
    }
    for key in principal.keys.iter().filter(|key| is_stale(key, since)) {
        let details = FindingDetails {
            unused_iam_user_access_key_details: Some(UnusedIamUserAccessKeyDetails {
                access_key_id: key.id.clone(),
                last_accessed: key.last_used,
            }),
            ..FindingDetails::default()
        };
        all.push(found(FindingType::UnusedIAMUserAccessKey, &key.id, vec![details]));
    }
    if let Some(password) = principal.password.as_ref().filter(|password| is_stale(password, since)) {
        let details = FindingDetails {
            unused_iam_user_password_details: Some(UnusedIamUserPasswordDetails {
                last_accessed: password.last_used,
            }),
            ..FindingDetails::default()
        };
        all.push(found(FindingType::UnusedIAMUserPassword, "", vec![details]));
    }
    if principal.created < since {
        let details = permissions(principal, since)?;
        if !details.is_empty() {
            all.push(found(FindingType::UnusedPermission, "", details));
        }
    }
    Ok(())
}

fn is_stale(credential: &CredentialUse, since: Timestamp) -> bool {
    stale(credential.created, credential.last_used, since)
}

pub(crate) fn is_role(arn: &Arn) -> bool {
    arn.resource().starts_with("role/")
}

/// Whether a document's statements allow an action anywhere; what a deny forbids everywhere does not count.
pub(crate) fn allows(document: &Document, action: &str) -> bool {
    let speaks =
        |negated: bool, texts: &[&str]| texts.iter().any(|text| action_within(action, text)) != negated;
    let mut allowed = false;
    for statement in document.statements() {
        let texts: Vec<&str> = statement.actions().collect();
        if !speaks(statement.excepts_actions(), &texts) {
            continue;
        }
        match statement.effect() {
            Effect::Allow => allowed = true,
            Effect::Deny => {
                let everywhere = statement.resources().any(|resource| resource == "*");
                if everywhere && !statement.is_conditional() {
                    return false;
                }
            }
        }
    }
    allowed
}

/// The services and actions that the principal's policies allow and that it made no use of.
fn permissions(principal: &PrincipalUse, since: Timestamp) -> Result<Vec<FindingDetails>, Fault> {
    let documents: Vec<Document> = principal
        .policies
        .iter()
        .map(|policy| Document::parse(&policy.document).map_err(Fault::internal))
        .collect::<Result<_, _>>()?;
    let used: BTreeMap<String, Timestamp> =
        principal.actions.iter().map(|(action, time)| (action.to_lowercase(), *time)).collect();
    let mut details = Vec::new();
    for (prefix, service) in authorization::services() {
        let everything = format!("{prefix}:*");
        let named = |document: &Document| {
            let mut statements = document.statements().iter().filter(|s| s.effect() == Effect::Allow);
            statements.any(|s| s.excepts_actions() || s.actions().any(|text| actions_meet(text, &everything)))
        };
        if !documents.iter().any(named) {
            continue;
        }
        let mut unused = Vec::new();
        let (mut granted, mut last) = (0_usize, None);
        for action in service.actions.values() {
            let name = format!("{prefix}:{}", action.name);
            if !documents.iter().any(|document| allows(document, &name)) {
                continue;
            }
            granted += 1;
            let time = used.get(&name.to_lowercase()).copied();
            last = last.max(time);
            if time.is_none_or(|time| time < since) {
                unused.push(UnusedAction { action: name, last_accessed: time });
            }
        }
        if unused.is_empty() {
            continue;
        }
        // Of a service that is not used at all the actions are not told one by one.
        let actions = (unused.len() < granted).then_some(unused);
        details.push(FindingDetails {
            unused_permission_details: Some(UnusedPermissionDetails {
                actions,
                service_namespace: prefix.to_owned(),
                last_accessed: last,
            }),
            ..FindingDetails::default()
        });
    }
    Ok(details)
}
