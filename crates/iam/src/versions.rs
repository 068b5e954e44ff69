//! Versions of managed policies ("Versioning IAM policies").

use mastic_api_iam::iam::types as t;
use mastic_core::Fault;
use mastic_kernel::Ctx;

use crate::documents;
use crate::faults::{conflict, limit, no_such};
use crate::managed::AwsPolicy;
use crate::page::Page;
use crate::policies::{self, Managed};
use crate::records::{Policy, Version};

/// Versions that a policy may have.
const MOST: usize = 5;

fn shown(policy: &Policy, version: &Version) -> t::PolicyVersion {
    t::PolicyVersion {
        document: None,
        version_id: Some(format!("v{}", version.number)),
        is_default_version: Some(version.number == policy.default),
        create_date: Some(version.created),
    }
}

fn with_document(policy: &Policy, version: &Version) -> t::PolicyVersion {
    t::PolicyVersion { document: Some(documents::encoded(&version.document)), ..shown(policy, version) }
}

/// All versions with what they say, the newest first.
pub(crate) fn all(policy: &Policy) -> Vec<t::PolicyVersion> {
    policy.versions.iter().rev().map(|version| with_document(policy, version)).collect()
}

/// The version in force of a policy of AWS's.
pub(crate) fn of_aws(policy: &AwsPolicy) -> t::PolicyVersion {
    t::PolicyVersion {
        document: Some(documents::encoded(policy.document())),
        version_id: Some(policy.version.to_owned()),
        is_default_version: Some(true),
        create_date: Some(policy.updated),
    }
}

fn missing(arn: &str, version: &str) -> Fault {
    no_such(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

fn number(policy: &Policy, arn: &str, id: &str) -> Result<u32, Fault> {
    let wanted = id.strip_prefix('v').and_then(|digits| digits.parse().ok());
    wanted
        .filter(|wanted| policy.versions.iter().any(|version| version.number == *wanted))
        .ok_or_else(|| missing(arn, id))
}

pub(crate) async fn create(
    ctx: Ctx,
    input: t::CreatePolicyVersionRequest,
) -> Result<t::CreatePolicyVersionResponse, Fault> {
    documents::check_managed(&input.policy_document)?;
    let now = ctx.now();
    let made = policies::change(&ctx, input.policy_arn, move |policy| {
        if policy.versions.len() >= MOST {
            return Err(limit(
                "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
                 existing version.",
            ));
        }
        let version = Version { number: policy.next, document: input.policy_document, created: now };
        if input.set_as_default == Some(true) {
            policy.default = version.number;
        }
        policy.next += 1;
        policy.updated = now;
        let made = shown(policy, &version);
        policy.versions.push(version);
        Ok(made)
    })
    .await?;
    Ok(t::CreatePolicyVersionResponse { policy_version: Some(made) })
}

pub(crate) async fn get(
    ctx: Ctx,
    input: t::GetPolicyVersionRequest,
) -> Result<t::GetPolicyVersionResponse, Fault> {
    let account = ctx.account()?;
    let arn = &input.policy_arn;
    policies::check_arn(arn)?;
    let policy = ctx.read(|tx| policies::find(tx, account, arn))?.ok_or_else(|| policies::not_found(arn))?;
    let version = match &policy {
        Managed::Aws(policy) if policy.version == input.version_id => of_aws(policy),
        Managed::Aws(_) => return Err(missing(arn, &input.version_id)),
        Managed::Own(policy) => {
            let wanted = number(policy, arn, &input.version_id)?;
            let version = policy.versions.iter().find(|version| version.number == wanted);
            with_document(policy, version.ok_or_else(|| missing(arn, &input.version_id))?)
        }
    };
    Ok(t::GetPolicyVersionResponse { policy_version: Some(version) })
}

/// The newest first, as AWS lists them. Of AWS's own policies only the version in force is known here.
pub(crate) async fn list(
    ctx: Ctx,
    input: t::ListPolicyVersionsRequest,
) -> Result<t::ListPolicyVersionsResponse, Fault> {
    let account = ctx.account()?;
    let arn = &input.policy_arn;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    policies::check_arn(arn)?;
    let policy = ctx.read(|tx| policies::find(tx, account, arn))?.ok_or_else(|| policies::not_found(arn))?;
    let versions = match &policy {
        Managed::Aws(policy) => vec![t::PolicyVersion { document: None, ..of_aws(policy) }],
        Managed::Own(policy) => policy.versions.iter().rev().map(|version| shown(policy, version)).collect(),
    };
    let listed = page.take_in_order(versions)?;
    Ok(t::ListPolicyVersionsResponse {
        versions: Some(listed.items),
        is_truncated: listed.truncated,
        marker: listed.marker,
    })
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeletePolicyVersionRequest) -> Result<(), Fault> {
    policies::change(&ctx, input.policy_arn.clone(), move |policy| {
        let gone = number(policy, &input.policy_arn, &input.version_id)?;
        if gone == policy.default {
            return Err(conflict("Cannot delete the default version of a policy."));
        }
        policy.versions.retain(|version| version.number != gone);
        Ok(())
    })
    .await
}

pub(crate) async fn set_default(ctx: Ctx, input: t::SetDefaultPolicyVersionRequest) -> Result<(), Fault> {
    let now = ctx.now();
    policies::change(&ctx, input.policy_arn.clone(), move |policy| {
        policy.default = number(policy, &input.policy_arn, &input.version_id)?;
        policy.updated = now;
        Ok(())
    })
    .await
}
