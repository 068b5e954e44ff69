//! `CheckNoNewAccess`, `CheckAccessNotGranted` and `CheckNoPublicAccess` ("Validate policies with custom policy
//! checks").

use mastic_api_iam::accessanalyzer::types::{
    AccessCheckPolicyType, CheckAccessNotGrantedRequest, CheckAccessNotGrantedResponse,
    CheckAccessNotGrantedResult, CheckNoNewAccessRequest, CheckNoNewAccessResponse, CheckNoNewAccessResult,
    CheckNoPublicAccessRequest, CheckNoPublicAccessResponse, CheckNoPublicAccessResult, ReasonSummary,
};
use mastic_core::Fault;
use mastic_policy::{Document, compare};

use crate::faults::{parameter, validation};

/// Actions and resources that one check can ask for ("IAM Access Analyzer quotas").
const MOST: usize = 100;

fn parsed(text: &str, kind: Option<AccessCheckPolicyType>) -> Result<Document, Fault> {
    let document = Document::parse(text).map_err(|error| validation(format!("Invalid policy: {error}")))?;
    let named = document.statements().iter().any(|statement| statement.principals().next().is_some());
    match kind {
        Some(AccessCheckPolicyType::IdentityPolicy) if named => {
            Err(validation("Invalid policy: an identity policy cannot have a Principal element."))
        }
        Some(AccessCheckPolicyType::ResourcePolicy) if !named => {
            Err(validation("Invalid policy: a resource policy must have a Principal element."))
        }
        _ => Ok(document),
    }
}

/// The reasons of a failed check, in AWS's words.
fn reasons(document: &Document, found: &[usize], words: &str) -> Option<Vec<ReasonSummary>> {
    if found.is_empty() {
        return None;
    }
    let reason = |index: &usize| {
        let sid = document.statements().get(*index).and_then(|s| s.sid()).filter(|sid| !sid.is_empty());
        let which = match sid {
            Some(sid) => format!("sid: {sid}"),
            None => format!("index: {index}"),
        };
        ReasonSummary {
            description: Some(format!("{words} with {which}.")),
            statement_index: i32::try_from(*index).ok(),
            statement_id: sid.map(str::to_owned),
        }
    };
    Some(found.iter().map(reason).collect())
}

pub(crate) fn no_new_access(input: &CheckNoNewAccessRequest) -> Result<CheckNoNewAccessResponse, Fault> {
    let new = parsed(input.new_policy_document.reveal(), input.policy_type)?;
    let old = parsed(input.existing_policy_document.reveal(), input.policy_type)?;
    let found = compare::new_access(&new, &old);
    let (result, message) = if found.is_empty() {
        let text = "The modified permissions do not grant new access compared to your existing policy.";
        (CheckNoNewAccessResult::Pass, text)
    } else {
        let text = "The modified permissions grant new access compared to your existing policy.";
        (CheckNoNewAccessResult::Fail, text)
    };
    Ok(CheckNoNewAccessResponse {
        result: Some(result),
        message: Some(message.to_owned()),
        reasons: reasons(&new, &found, "New access in the statement"),
    })
}

pub(crate) fn access_not_granted(
    input: &CheckAccessNotGrantedRequest,
) -> Result<CheckAccessNotGrantedResponse, Fault> {
    let document = parsed(input.policy_document.reveal(), input.policy_type)?;
    let Some(access) = input.access.first() else {
        return Err(parameter("The access parameter must have one element."));
    };
    let actions = access.actions.clone().unwrap_or_default();
    let resources = access.resources.clone().unwrap_or_default();
    if actions.is_empty() && resources.is_empty() {
        return Err(parameter("The access parameter must list actions or resources."));
    }
    if actions.len() > MOST || resources.len() > MOST {
        return Err(parameter(format!(
            "The access parameter can list at most {MOST} actions and resources."
        )));
    }
    if let Some(action) = actions.iter().find(|action| *action != "*" && !action.contains(':')) {
        return Err(parameter(format!("Invalid action: {action}")));
    }
    let found = compare::grants(&document, &actions, &resources);
    let (result, message) = if found.is_empty() {
        let text = "The policy document does not grant access to perform the listed actions or resources.";
        (CheckAccessNotGrantedResult::Pass, text)
    } else {
        let text =
            "The policy document grants access to perform one or more of the listed actions or resources.";
        (CheckAccessNotGrantedResult::Fail, text)
    };
    Ok(CheckAccessNotGrantedResponse {
        result: Some(result),
        message: Some(message.to_owned()),
        reasons: reasons(
            &document,
            &found,
            "One or more of the listed actions or resources in the statement",
        ),
    })
}

pub(crate) fn no_public_access(
    input: &CheckNoPublicAccessRequest,
) -> Result<CheckNoPublicAccessResponse, Fault> {
    let document = parsed(input.policy_document.reveal(), Some(AccessCheckPolicyType::ResourcePolicy))?;
    let found = compare::public(&document);
    let (result, message) = if found.is_empty() {
        let text = "The resource policy does not grant public access for the given resource type.";
        (CheckNoPublicAccessResult::Pass, text)
    } else {
        let text = "The resource policy grants public access for the given resource type.";
        (CheckNoPublicAccessResult::Fail, text)
    };
    Ok(CheckNoPublicAccessResponse {
        result: Some(result),
        message: Some(message.to_owned()),
        reasons: reasons(&document, &found, "Public access granted in the following statement"),
    })
}
