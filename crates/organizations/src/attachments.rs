//! Policies at the root, units and accounts.

use mastic_api_iam::organizations::{op, types as t};
use mastic_core::{AccountId, Fault};
use mastic_kernel::Ctx;
use mastic_shape::Op;
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::access::{Reach, enter};
use crate::accounts;
use crate::faults::{constraint, invalid, no_policy, no_target, not_enabled};
use crate::kind::Kind;
use crate::page;
use crate::policies::summary;
use crate::records::{ATTACHMENTS, Attachment};
use crate::tree::{AnyPolicy, Node, Org};

/// Policies of one kind at one target ("Quotas and service limits for AWS Organizations").
const MOST: usize = 5;

/// The ids of the policies of a kind at a target.
pub(crate) fn at(tx: &ReadTx<'_>, org: &Org, kind: Kind, target: &str) -> Result<Vec<String>, StoreError> {
    let rows = ATTACHMENTS.scan_prefix(tx, (&org.management, kind.path(), target));
    rows.map(|row| row.map(|((.., policy), _)| policy)).collect()
}

/// The ids of what a policy is attached to.
pub(crate) fn targets(
    tx: &ReadTx<'_>,
    org: &Org,
    kind: Kind,
    policy: &str,
) -> Result<Vec<String>, StoreError> {
    let rows = ATTACHMENTS.scan_prefix(tx, (&org.management, kind.path()));
    let here = rows.filter(|row| row.as_ref().map_or(true, |((.., id), _)| id == policy));
    here.map(|row| row.map(|((_, _, target, _), _)| target)).collect()
}

fn kind_of(policy: &AnyPolicy) -> Kind {
    match policy {
        AnyPolicy::Aws(managed) => managed.kind,
        AnyPolicy::Own(policy) => policy.kind,
    }
}

/// What is attached to a target, with the policy that a call attaches or detaches.
struct Change {
    org: Org,
    kind: Kind,
    policy: String,
    target: String,
    /// The policies of its kind at the target.
    there: Vec<String>,
}

impl Change {
    fn key(&self) -> (&AccountId, &str, &str, &str) {
        (&self.org.management, self.kind.path(), &self.target, &self.policy)
    }
}

async fn change<O: Op>(
    ctx: Ctx,
    policy: String,
    target: String,
    work: impl FnOnce(&mut WriteTx<'_>, &Change) -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let org = enter::<O>(&ctx, Reach::Delegates, |about| {
        about.policy(&policy)?;
        about.node(&target)
    })?;
    ctx.write(move |tx| {
        let org = org.again(tx)?;
        let kind = kind_of(&org.policy(tx, &policy)?.ok_or_else(no_policy)?);
        org.node(tx, &target)?.ok_or_else(no_target)?;
        let there = at(tx, &org, kind, &target)?;
        work(tx, &Change { org, kind, policy, target, there })
    })
    .await
}

pub(crate) async fn attach(ctx: Ctx, input: t::AttachPolicyRequest) -> Result<(), Fault> {
    change::<op::AttachPolicy>(ctx, input.policy_id, input.target_id, |tx, change| {
        if !change.org.record.enabled.contains(&change.kind) {
            return Err(not_enabled());
        }
        if change.there.contains(&change.policy) {
            let text = "The selected policy is already attached to the specified target.";
            return Err(Fault::sender("DuplicatePolicyAttachmentException", text));
        }
        if change.there.len() >= MOST {
            let text =
                "You have attached the maximum number of policies of this type to the specified target.";
            return Err(constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", text));
        }
        ATTACHMENTS.put(tx, &change.key(), &Attachment {})?;
        Ok(())
    })
    .await
}

pub(crate) async fn detach(ctx: Ctx, input: t::DetachPolicyRequest) -> Result<(), Fault> {
    change::<op::DetachPolicy>(ctx, input.policy_id, input.target_id, |tx, change| {
        if !change.there.contains(&change.policy) {
            let text = "The policy isn't attached to the specified target in the specified root.";
            return Err(Fault::sender("PolicyNotAttachedException", text));
        }
        if change.kind == Kind::ResourceControl && change.policy == change.kind.managed().id {
            return Err(invalid("NON_DETACHABLE_POLICY", "You can't detach this AWS Managed Policy."));
        }
        if change.there.len() == 1 {
            let text = "You cannot remove the last policy attached to the specified target. You must have at least \
                        one attached at all times.";
            return Err(constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", text));
        }
        ATTACHMENTS.delete(tx, &change.key())?;
        Ok(())
    })
    .await
}

pub(crate) async fn list_for_target(
    ctx: Ctx,
    input: t::ListPoliciesForTargetRequest,
) -> Result<t::ListPoliciesForTargetResponse, Fault> {
    let org = enter::<op::ListPoliciesForTarget>(&ctx, Reach::Readers, |about| {
        about.kind(input.filter.map(t::PolicyType::as_str));
        about.node(&input.target_id)
    })?;
    let kind = Kind::of(input.filter)?;
    let policies = ctx.read(|tx| {
        org.node(tx, &input.target_id)?.ok_or_else(no_target)?;
        let mut policies = Vec::new();
        for id in at(tx, &org, kind, &input.target_id)? {
            let policy =
                org.policy(tx, &id)?.ok_or_else(|| Fault::internal(format!("policy {id} is missing")))?;
            let summary = summary(&org, &id, &policy);
            policies.push((id, summary));
        }
        Ok::<_, Fault>(policies)
    })?;
    let (policies, next_token) = page::take(policies, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListPoliciesForTargetResponse { policies: Some(policies), next_token })
}

pub(crate) async fn list_targets(
    ctx: Ctx,
    input: t::ListTargetsForPolicyRequest,
) -> Result<t::ListTargetsForPolicyResponse, Fault> {
    let org =
        enter::<op::ListTargetsForPolicy>(&ctx, Reach::Readers, |about| about.policy(&input.policy_id))?;
    let shown = ctx.read(|tx| {
        let kind = kind_of(&org.policy(tx, &input.policy_id)?.ok_or_else(no_policy)?);
        let mut shown = Vec::new();
        for id in targets(tx, &org, kind, &input.policy_id)? {
            let (name, kind) = match org.node(tx, &id)? {
                Some(Node::Root) => ("Root".to_owned(), t::TargetType::Root),
                Some(Node::Unit(unit)) => (unit.name, t::TargetType::OrganizationalUnit),
                Some(Node::Account(account, _)) => {
                    (accounts::facts(&ctx, tx, &account)?.name, t::TargetType::Account)
                }
                None => return Err(Fault::internal(format!("a policy is attached to {id}, which is gone"))),
            };
            let arn = Some(org.node_arn(&id));
            let (name, kind) = (Some(name), Some(kind));
            shown.push((id.clone(), t::PolicyTargetSummary { target_id: Some(id), arn, name, r#type: kind }));
        }
        Ok(shown)
    })?;
    let (targets, next_token) = page::take(shown, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListTargetsForPolicyResponse { targets: Some(targets), next_token })
}
