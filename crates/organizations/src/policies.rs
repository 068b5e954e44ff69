//! Policies: written, shown, changed, deleted.

use mastic_api_iam::organizations::{op, types as t};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_policy::Document;
use mastic_store::{ReadTx, StoreError};

use crate::access::{Reach, enter};
use crate::attachments;
use crate::faults::{constraint, invalid, no_policies, no_policy};
use crate::kind::{Kind, Managed};
use crate::organization::fresh_id;
use crate::page;
use crate::records::{POLICIES, Policy};
use crate::tags;
use crate::tree::{AnyPolicy, Org};

/// Bytes of a policy at most ("Quotas and service limits for AWS Organizations").
const LONGEST: usize = 5120;

/// A policy's summary.
pub(crate) fn summary(org: &Org, id: &str, policy: &AnyPolicy) -> t::PolicySummary {
    match policy {
        AnyPolicy::Aws(managed) => summary_of_aws(managed),
        AnyPolicy::Own(policy) => t::PolicySummary {
            id: Some(id.to_owned()),
            arn: Some(org.policy_arn(policy.kind, id)),
            name: Some(policy.name.clone()),
            description: Some(policy.description.clone()),
            r#type: Some(policy.kind.shown()),
            aws_managed: Some(false),
        },
    }
}

fn summary_of_aws(managed: &Managed) -> t::PolicySummary {
    t::PolicySummary {
        id: Some(managed.id.to_owned()),
        arn: Some(managed.arn()),
        name: Some(managed.name.to_owned()),
        description: Some(managed.description.to_owned()),
        r#type: Some(managed.kind.shown()),
        aws_managed: Some(true),
    }
}

fn shown(org: &Org, id: &str, policy: &AnyPolicy) -> t::Policy {
    let content = match policy {
        AnyPolicy::Aws(managed) => managed.content.to_owned(),
        AnyPolicy::Own(policy) => policy.content.clone(),
    };
    t::Policy { policy_summary: Some(summary(org, id, policy)), content: Some(content) }
}

/// The policies that the organization wrote, of one kind.
fn own(tx: &ReadTx<'_>, org: &Org, kind: Kind) -> Result<Vec<(String, Policy)>, StoreError> {
    let rows =
        POLICIES.scan_prefix(tx, (&org.management,)).map(|row| row.map(|((_, id), policy)| (id, policy)));
    rows.filter(|row| row.as_ref().map_or(true, |(_, policy)| policy.kind == kind)).collect()
}

fn check_content(kind: Kind, content: &str) -> Result<(), Fault> {
    if content.len() > LONGEST {
        let text = "You have exceeded the maximum size of policy content.";
        return Err(constraint("POLICY_CONTENT_LIMIT_EXCEEDED", text));
    }
    Document::parse_as(content, kind.document())
        .map(drop)
        .map_err(|error| Fault::sender("MalformedPolicyDocumentException", error.to_string()))
}

/// Names are unique among the policies of a kind, AWS's included.
fn must_be_free(tx: &ReadTx<'_>, org: &Org, kind: Kind, name: &str, own_id: &str) -> Result<(), Fault> {
    let taken = own(tx, org, kind)?.into_iter().any(|(id, policy)| id != own_id && policy.name == name);
    if taken || kind.managed().name == name {
        let text = "A policy with the same name already exists.";
        return Err(Fault::sender("DuplicatePolicyException", text));
    }
    Ok(())
}

/// A policy that the organization may change.
fn changeable(tx: &ReadTx<'_>, org: &Org, id: &str) -> Result<Policy, Fault> {
    match org.policy(tx, id)?.ok_or_else(no_policy)? {
        AnyPolicy::Own(policy) => Ok(policy),
        AnyPolicy::Aws(_) => {
            let text = "You specified a policy that is managed by AWS and can't be modified.";
            Err(invalid("IMMUTABLE_POLICY", text))
        }
    }
}

pub(crate) async fn create(
    ctx: Ctx,
    input: t::CreatePolicyRequest,
) -> Result<t::CreatePolicyResponse, Fault> {
    let org = enter::<op::CreatePolicy>(&ctx, Reach::Delegates, |about| {
        about.kind(input.r#type.map(t::PolicyType::as_str));
        about.request_tags(input.tags.as_deref());
        Ok(())
    })?;
    let kind = Kind::of(input.r#type)?;
    check_content(kind, &input.content)?;
    let tags = tags::read(input.tags)?;
    let id = fresh_id(ctx.entropy(), "p-", 8);
    let policy = ctx
        .write(move |tx| {
            let org = org.again(tx)?;
            if !org.record.all_features {
                return Err(no_policies());
            }
            must_be_free(tx, &org, kind, &input.name, "")?;
            let policy = Policy {
                kind,
                name: input.name,
                description: input.description,
                content: input.content,
                tags,
            };
            POLICIES.put(tx, &(&org.management, id.as_str()), &policy)?;
            Ok(shown(&org, &id, &AnyPolicy::Own(policy)))
        })
        .await?;
    Ok(t::CreatePolicyResponse { policy: Some(policy) })
}

pub(crate) async fn describe(
    ctx: Ctx,
    input: t::DescribePolicyRequest,
) -> Result<t::DescribePolicyResponse, Fault> {
    let id = &input.policy_id;
    let org = enter::<op::DescribePolicy>(&ctx, Reach::Readers, |about| about.policy(id))?;
    let policy = ctx.read(|tx| org.policy(tx, id))?.ok_or_else(no_policy)?;
    Ok(t::DescribePolicyResponse { policy: Some(shown(&org, id, &policy)) })
}

pub(crate) async fn update(
    ctx: Ctx,
    input: t::UpdatePolicyRequest,
) -> Result<t::UpdatePolicyResponse, Fault> {
    let id = input.policy_id;
    let org = enter::<op::UpdatePolicy>(&ctx, Reach::Delegates, |about| about.policy(&id))?;
    let policy = ctx
        .write(move |tx| {
            let org = org.again(tx)?;
            let mut policy = changeable(tx, &org, &id)?;
            if let Some(name) = input.name {
                must_be_free(tx, &org, policy.kind, &name, &id)?;
                policy.name = name;
            }
            if let Some(description) = input.description {
                policy.description = description;
            }
            if let Some(content) = input.content {
                check_content(policy.kind, &content)?;
                policy.content = content;
            }
            POLICIES.put(tx, &(&org.management, id.as_str()), &policy)?;
            Ok::<_, Fault>(shown(&org, &id, &AnyPolicy::Own(policy)))
        })
        .await?;
    Ok(t::UpdatePolicyResponse { policy: Some(policy) })
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeletePolicyRequest) -> Result<(), Fault> {
    let id = input.policy_id;
    let org = enter::<op::DeletePolicy>(&ctx, Reach::Delegates, |about| about.policy(&id))?;
    ctx.write(move |tx| {
        let org = org.again(tx)?;
        let policy = changeable(tx, &org, &id)?;
        if !attachments::targets(tx, &org, policy.kind, &id)?.is_empty() {
            let text = "The policy is attached to one or more entities. You must detach it from all roots, OUs, and \
                        accounts before performing this operation.";
            return Err(Fault::sender("PolicyInUseException", text));
        }
        POLICIES.delete(tx, &(&org.management, id.as_str()))?;
        Ok(())
    })
    .await
}

pub(crate) async fn list(ctx: Ctx, input: t::ListPoliciesRequest) -> Result<t::ListPoliciesResponse, Fault> {
    let org = enter::<op::ListPolicies>(&ctx, Reach::Readers, |about| {
        about.kind(input.filter.map(t::PolicyType::as_str));
        Ok(())
    })?;
    let kind = Kind::of(input.filter)?;
    let mut policies = Vec::new();
    if org.record.all_features {
        policies.push((kind.managed().id.to_owned(), summary_of_aws(kind.managed())));
    }
    for (id, policy) in ctx.read(|tx| own(tx, &org, kind))? {
        let summary = summary(&org, &id, &AnyPolicy::Own(policy));
        policies.push((id, summary));
    }
    // Upper case sorts before lower: AWS's policy is the first as it stands.
    let (policies, next_token) = page::take(policies, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListPoliciesResponse { policies: Some(policies), next_token })
}
