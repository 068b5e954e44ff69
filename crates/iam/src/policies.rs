//! Managed policies: customers' own and AWS's.

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Arn, Fault};
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::entities::{BOUNDARY, PERMISSIONS};
use crate::faults::{conflict, denied, invalid_input, no_such, quota};
use crate::managed::{self, AwsPolicy};
use crate::names::{self, folded};
use crate::page::Page;
use crate::records::{POLICIES, Policy, USES, Version};
use crate::{documents, tags};

/// Managed policies that an account may have of its own ("IAM and AWS STS quotas").
const MOST: usize = 1500;

/// A managed policy, whosever it is.
pub(crate) enum Managed {
    Aws(&'static AwsPolicy),
    Own(Box<Policy>),
}

impl Managed {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Aws(policy) => policy.name,
            Self::Own(policy) => &policy.name,
        }
    }

    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Aws(policy) => policy.path,
            Self::Own(policy) => &policy.path,
        }
    }

    /// What the version in force says.
    pub(crate) fn document(&self) -> &str {
        match self {
            Self::Aws(policy) => policy.document(),
            Self::Own(policy) => policy
                .versions
                .iter()
                .find(|version| version.number == policy.default)
                .map(|version| version.document.as_str())
                .unwrap_or_default(),
        }
    }
}

pub(crate) fn arn(account: &AccountId, policy: &Policy) -> String {
    names::arn(account, "policy", &policy.path, &policy.name).to_string()
}

/// The policy of this ARN, as seen from an account: its own and AWS's.
pub(crate) fn find(tx: &ReadTx<'_>, account: &AccountId, text: &str) -> Result<Option<Managed>, StoreError> {
    if let Some(policy) = managed::find(text) {
        return Ok(Some(Managed::Aws(policy)));
    }
    Ok(find_own(tx, account, text)?.map(|policy| Managed::Own(Box::new(policy))))
}

fn find_own(tx: &ReadTx<'_>, account: &AccountId, text: &str) -> Result<Option<Policy>, StoreError> {
    let Ok(parsed) = text.parse::<Arn>() else { return Ok(None) };
    if parsed.account() != account.as_str() {
        return Ok(None);
    }
    let Some(("policy", _, name)) = names::split(parsed.resource()) else { return Ok(None) };
    Ok(POLICIES.get(tx, &(account, folded(name)))?.filter(|policy| arn(account, policy) == text))
}

/// The customer's policy that an operation is to change.
pub(crate) fn need_own(tx: &ReadTx<'_>, account: &AccountId, text: &str) -> Result<Policy, Fault> {
    if managed::find(text).is_some() {
        return Err(denied("Policy is outside your own account."));
    }
    check_arn(text)?;
    find_own(tx, account, text)?.ok_or_else(|| not_found(text))
}

/// The policy that is to be attached.
pub(crate) fn must_be_attachable(tx: &ReadTx<'_>, account: &AccountId, text: &str) -> Result<(), Fault> {
    check_arn(text)?;
    match find(tx, account, text)? {
        Some(Managed::Aws(policy)) if policy.is_service_linked() => Err(Fault::sender(
            "PolicyNotAttachable",
            "Cannot attach a Service Role Policy to a Customer Role.",
        )),
        Some(_) => Ok(()),
        None => Err(no_such(format!("Policy {text} does not exist or is not attachable."))),
    }
}

/// The policy that is to be a boundary.
pub(crate) fn must_be_boundary(tx: &ReadTx<'_>, account: &AccountId, text: &str) -> Result<(), Fault> {
    check_arn(text)?;
    match find(tx, account, text)? {
        Some(_) => Ok(()),
        None => Err(no_such(format!("Scope ARN: {text} does not exist or is not attachable."))),
    }
}

/// That the text names a policy at all.
pub(crate) fn check_arn(text: &str) -> Result<(), Fault> {
    let parsed = text.parse::<Arn>().ok();
    let named = parsed.as_ref().and_then(|arn| names::split(arn.resource()));
    match (&parsed, named) {
        (Some(arn), Some(("policy", _, _))) if arn.service() == "iam" => Ok(()),
        _ => Err(invalid_input(format!("ARN {text} is not valid."))),
    }
}

pub(crate) fn not_found(text: &str) -> Fault {
    no_such(format!("Policy {text} was not found."))
}

/// How often a policy is used in one of the two ways.
fn count(tx: &ReadTx<'_>, account: &AccountId, text: &str, usage: &str) -> Result<i32, StoreError> {
    Ok(i32::try_from(USES.count(tx, USES.prefix((account, text, usage)))?).unwrap_or(i32::MAX))
}

fn shown(tx: &ReadTx<'_>, account: &AccountId, policy: &Managed) -> Result<t::Policy, StoreError> {
    let mut out = match policy {
        Managed::Aws(policy) => t::Policy {
            policy_id: Some(policy.id.clone()),
            arn: Some(policy.arn.clone()),
            default_version_id: Some(policy.version.to_owned()),
            create_date: Some(policy.created),
            update_date: Some(policy.updated),
            ..t::Policy::default()
        },
        Managed::Own(policy) => t::Policy {
            policy_id: Some(policy.id.clone()),
            arn: Some(arn(account, policy)),
            default_version_id: Some(format!("v{}", policy.default)),
            create_date: Some(policy.created),
            update_date: Some(policy.updated),
            ..t::Policy::default()
        },
    };
    let text = out.arn.as_deref().unwrap_or_default();
    out.attachment_count = Some(count(tx, account, text, PERMISSIONS)?);
    out.permissions_boundary_usage_count = Some(count(tx, account, text, BOUNDARY)?);
    out.policy_name = Some(policy.name().to_owned());
    out.path = Some(policy.path().to_owned());
    out.is_attachable = Some(true);
    Ok(out)
}

/// With what listings leave out: description and tags.
pub(crate) fn whole(tx: &ReadTx<'_>, account: &AccountId, policy: &Managed) -> Result<t::Policy, StoreError> {
    let mut out = shown(tx, account, policy)?;
    out.tags = Some(Vec::new());
    if let Managed::Own(policy) = policy {
        out.description.clone_from(&policy.description);
        out.tags = Some(tags::shown(&policy.tags));
    }
    Ok(out)
}

pub(crate) async fn create(
    ctx: Ctx,
    input: t::CreatePolicyRequest,
) -> Result<t::CreatePolicyResponse, Fault> {
    documents::check_managed(&input.policy_document)?;
    let account = ctx.account()?.clone();
    let now = ctx.now();
    let policy = Policy {
        name: input.policy_name,
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: names::unique_id("ANPA", ctx.entropy()),
        description: input.description,
        created: now,
        updated: now,
        default: 1,
        next: 2,
        versions: vec![Version { number: 1, document: input.policy_document, created: now }],
        tags: tags::read(input.tags.unwrap_or_default())?,
    };
    ctx.write(move |tx| {
        let key = (&account, folded(&policy.name));
        if POLICIES.contains(tx, &key)? {
            let text =
                format!("A policy called {} already exists. Duplicate names are not allowed.", policy.name);
            return Err(Fault::sender("EntityAlreadyExists", text).with_status(409));
        }
        if POLICIES.count(tx, POLICIES.prefix((&account,)))? >= MOST as u64 {
            return Err(quota("PoliciesPerAccount", MOST));
        }
        POLICIES.put(tx, &key, &policy)?;
        let tags = tags::shown_if_any(&policy.tags);
        let made = shown(tx, &account, &Managed::Own(Box::new(policy)))?;
        Ok(t::CreatePolicyResponse { policy: Some(t::Policy { tags, ..made }) })
    })
    .await
}

pub(crate) async fn get(ctx: Ctx, input: t::GetPolicyRequest) -> Result<t::GetPolicyResponse, Fault> {
    check_arn(&input.policy_arn)?;
    let account = ctx.account()?;
    ctx.read(|tx| {
        let policy = find(tx, account, &input.policy_arn)?.ok_or_else(|| not_found(&input.policy_arn))?;
        Ok(t::GetPolicyResponse { policy: Some(whole(tx, account, &policy)?) })
    })
}

/// Changes a customer's policy in place.
pub(crate) async fn change<R: Send + 'static>(
    ctx: &Ctx,
    text: String,
    work: impl FnOnce(&mut Policy) -> Result<R, Fault> + Send + 'static,
) -> Result<R, Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx: &mut WriteTx<'_>| {
        let mut policy = need_own(tx, &account, &text)?;
        let result = work(&mut policy)?;
        POLICIES.put(tx, &(&account, folded(&policy.name)), &policy)?;
        Ok(result)
    })
    .await
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeletePolicyRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let policy = need_own(tx, &account, &input.policy_arn)?;
        let uses = USES.prefix((&account, &input.policy_arn));
        if USES.scan(tx, uses).next().transpose()?.is_some() {
            return Err(conflict("Cannot delete a policy attached to entities."));
        }
        if policy.versions.len() > 1 {
            return Err(conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                 versions. The default version is deleted with the policy.",
            ));
        }
        POLICIES.delete(tx, &(&account, folded(&policy.name)))?;
        Ok(())
    })
    .await
}

pub(crate) async fn list(ctx: Ctx, input: t::ListPoliciesRequest) -> Result<t::ListPoliciesResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let scope = input.scope.unwrap_or(t::PolicyScopeType::All);
    let own = scope != t::PolicyScopeType::Aws;
    let aws = scope != t::PolicyScopeType::Local;
    ctx.read(|tx| {
        let customers = POLICIES.scan_prefix(tx, (account,)).filter(|_| own).map(|row| {
            let ((_, key), policy) = row?;
            Ok::<_, Fault>((format!("0{key}"), Managed::Own(Box::new(policy))))
        });
        // AWS's come after the account's own; the first letter of the key keeps that order.
        let mut amazons: Vec<_> = managed::all()
            .filter(|_| aws)
            .map(|p| (format!("1{}", folded(p.name)), Managed::Aws(p)))
            .filter(|(key, _)| page.after().is_none_or(|after| key.as_str() > after))
            .collect();
        amazons.sort_by(|(a, _), (b, _)| a.cmp(b));
        let rows = customers.chain(amazons.into_iter().map(Ok)).filter_map(|row| {
            let shown = row.and_then(|(key, policy)| Ok((key, shown(tx, account, &policy)?)));
            match shown {
                Ok((_, policy)) if !wanted(&policy, prefix, &input) => None,
                other => Some(other),
            }
        });
        let listed = page.take(rows)?;
        Ok(t::ListPoliciesResponse {
            policies: Some(listed.items),
            is_truncated: listed.truncated,
            marker: listed.marker,
        })
    })
}

fn wanted(policy: &t::Policy, prefix: &str, input: &t::ListPoliciesRequest) -> bool {
    let attached = policy.attachment_count.unwrap_or(0) > 0;
    let bounding = policy.permissions_boundary_usage_count.unwrap_or(0) > 0;
    let used = match input.policy_usage_filter {
        Some(t::PolicyUsageType::PermissionsBoundary) => bounding,
        Some(t::PolicyUsageType::PermissionsPolicy) => attached,
        None => !input.only_attached.unwrap_or(false) || attached,
    };
    used && policy.path.as_ref().is_some_and(|path| path.starts_with(prefix))
}

pub(crate) async fn tag(ctx: Ctx, input: t::TagPolicyRequest) -> Result<(), Fault> {
    let added = tags::read(input.tags)?;
    change(&ctx, input.policy_arn, |policy| tags::merge(&mut policy.tags, added)).await
}

pub(crate) async fn untag(ctx: Ctx, input: t::UntagPolicyRequest) -> Result<(), Fault> {
    change(&ctx, input.policy_arn, move |policy| {
        tags::remove(&mut policy.tags, &input.tag_keys);
        Ok(())
    })
    .await
}

pub(crate) async fn list_tags(
    ctx: Ctx,
    input: t::ListPolicyTagsRequest,
) -> Result<t::ListPolicyTagsResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    check_arn(&input.policy_arn)?;
    let policy =
        ctx.read(|tx| find(tx, account, &input.policy_arn))?.ok_or_else(|| not_found(&input.policy_arn))?;
    let shown = match &policy {
        Managed::Aws(_) => Vec::new(),
        Managed::Own(policy) => tags::shown(&policy.tags),
    };
    let listed = page.take_in_order(shown)?;
    Ok(t::ListPolicyTagsResponse {
        tags: listed.items,
        is_truncated: listed.truncated,
        marker: listed.marker,
    })
}
