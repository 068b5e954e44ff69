//! Organizations as a whole: made, shown, deleted; their roots.

use std::collections::{BTreeMap, BTreeSet};

use mastic_api_iam::organizations::{op, types as t};
use mastic_core::{AccountId, Entropy, Fault, Secret};
use mastic_kernel::Ctx;
use mastic_shape::Op;
use mastic_store::{ReadTx, WriteTx};

use crate::access::{Reach, enter, enter_any, enter_whole};
use crate::faults;
use crate::kind::Kind;
use crate::page;
use crate::records::{
    ATTACHMENTS, CREATIONS, HANDSHAKES, MEMBERS, ORGANIZATIONS, Organization, POLICIES, RECEIVED, Tags, UNITS,
};
use crate::tree::Org;

/// What ids are made of.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

/// An id such as `o-` and some more characters.
pub(crate) fn fresh_id(entropy: &dyn Entropy, prefix: &str, characters: usize) -> String {
    format!("{prefix}{}", entropy.text(characters, LETTERS))
}

fn feature_set(org: &Org) -> t::OrganizationFeatureSet {
    if org.record.all_features {
        t::OrganizationFeatureSet::All
    } else {
        t::OrganizationFeatureSet::ConsolidatedBilling
    }
}

/// An organization as answers carry it.
fn shown(ctx: &Ctx, tx: &ReadTx<'_>, org: &Org) -> Result<t::Organization, Fault> {
    let management = ctx.kernel().accounts()?.find(tx, &org.management)?;
    // AWS calls the list outdated and fills it with what was available in 2019; the root's is the true one.
    let available = org.record.all_features.then_some(t::PolicyTypeSummary {
        r#type: Some(t::PolicyType::ServiceControlPolicy),
        status: Some(t::PolicyTypeStatus::Enabled),
    });
    Ok(t::Organization {
        id: Some(org.record.id.clone()),
        arn: Some(org.arn()),
        feature_set: Some(feature_set(org)),
        master_account_arn: Some(org.arn_of("account", org.management.as_str())),
        master_account_id: Some(org.management.to_string()),
        master_account_email: management.map(|account| Secret::new(account.email)),
        available_policy_types: Some(available.into_iter().collect()),
    })
}

/// The root as answers carry it.
pub(crate) fn shown_root(org: &Org) -> t::Root {
    let types = org.record.enabled.iter().map(|kind| t::PolicyTypeSummary {
        r#type: Some(kind.shown()),
        status: Some(t::PolicyTypeStatus::Enabled),
    });
    t::Root {
        id: Some(org.record.root.clone()),
        arn: Some(org.arn_of("root", &org.record.root)),
        name: Some("Root".to_owned()),
        policy_types: Some(types.collect()),
    }
}

pub(crate) async fn create(
    ctx: Ctx,
    input: t::CreateOrganizationRequest,
) -> Result<t::CreateOrganizationResponse, Fault> {
    if enter_any::<op::CreateOrganization>(&ctx, Reach::Members, |_| Ok(()))?.is_some() {
        return Err(faults::already_in_organization());
    }
    let management = ctx.account()?.clone();
    let record = Organization {
        id: fresh_id(ctx.entropy(), "o-", 10),
        root: fresh_id(ctx.entropy(), "r-", 4),
        all_features: input.feature_set != Some(t::OrganizationFeatureSet::ConsolidatedBilling),
        enabled: BTreeSet::new(),
        root_tags: Tags::new(),
        services: BTreeMap::new(),
        delegation: None,
    };
    let (inner, now) = (ctx.clone(), ctx.now());
    let organization = ctx
        .write(move |tx| {
            if Org::of(tx, &management)?.is_some() {
                return Err(faults::already_in_organization());
            }
            let org = Org { management: management.clone(), record };
            org.save(tx)?;
            org.take_in(tx, &management, (true, now, Tags::new()))?;
            shown(&inner, tx, &org)
        })
        .await?;
    Ok(t::CreateOrganizationResponse { organization: Some(organization) })
}

pub(crate) async fn describe(ctx: Ctx, _: ()) -> Result<t::DescribeOrganizationResponse, Fault> {
    let org = enter_whole::<op::DescribeOrganization>(&ctx, Reach::Members)?;
    let organization = ctx.read(|tx| shown(&ctx, tx, &org))?;
    Ok(t::DescribeOrganizationResponse { organization: Some(organization) })
}

pub(crate) async fn delete(ctx: Ctx, _: ()) -> Result<(), Fault> {
    let org = enter_whole::<op::DeleteOrganization>(&ctx, Reach::Management)?;
    ctx.write(move |tx| {
        let org = org.again(tx)?;
        let management = &org.management;
        if org.members(tx)?.iter().any(|(account, _)| account != management) {
            let text = "The organization isn't empty. To delete an organization, you must first remove all accounts \
                        except the management account.";
            return Err(Fault::sender("OrganizationNotEmptyException", text));
        }
        org.let_go(tx, management)?;
        let asked: Vec<(AccountId, String)> = HANDSHAKES
            .scan_prefix(tx, (management,))
            .map(|row| row.map(|((_, id), handshake)| (handshake.asked, id)))
            .collect::<Result<_, _>>()?;
        for (account, id) in asked {
            RECEIVED.delete(tx, &(&account, id.as_str()))?;
        }
        HANDSHAKES.clear(tx, HANDSHAKES.prefix((management,)))?;
        UNITS.clear(tx, UNITS.prefix((management,)))?;
        MEMBERS.clear(tx, MEMBERS.prefix((management,)))?;
        POLICIES.clear(tx, POLICIES.prefix((management,)))?;
        ATTACHMENTS.clear(tx, ATTACHMENTS.prefix((management,)))?;
        CREATIONS.clear(tx, CREATIONS.prefix((management,)))?;
        ORGANIZATIONS.delete(tx, management)?;
        Ok(())
    })
    .await
}

pub(crate) async fn list_roots(ctx: Ctx, input: t::ListRootsRequest) -> Result<t::ListRootsResponse, Fault> {
    let org = enter_whole::<op::ListRoots>(&ctx, Reach::Readers)?;
    let root = (org.record.root.clone(), shown_root(&org));
    let (roots, next_token) = page::take([root], input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListRootsResponse { roots: Some(roots), next_token })
}

/// Turns a type of policies on or off at the root.
async fn turn<O: Op>(
    ctx: &Ctx,
    kind: Option<t::PolicyType>,
    root: String,
    work: impl FnOnce(&mut WriteTx<'_>, &mut Org, Kind) -> Result<(), Fault> + Send + 'static,
) -> Result<t::Root, Fault> {
    let org = enter::<O>(ctx, Reach::Delegates, |about| {
        about.kind(kind.map(t::PolicyType::as_str));
        about.node(&root)
    })?;
    let kind = Kind::of(kind)?;
    ctx.write(move |tx| {
        let mut org = org.again(tx)?;
        if org.record.root != root {
            return Err(faults::no_root());
        }
        work(tx, &mut org, kind)?;
        org.save(tx)?;
        Ok(shown_root(&org))
    })
    .await
}

pub(crate) async fn enable_policy_type(
    ctx: Ctx,
    input: t::EnablePolicyTypeRequest,
) -> Result<t::EnablePolicyTypeResponse, Fault> {
    let enable = |tx: &mut WriteTx<'_>, org: &mut Org, kind| {
        if !org.record.all_features {
            return Err(faults::no_policies());
        }
        if !org.record.enabled.insert(kind) {
            let text = "The specified policy type is already enabled.";
            return Err(Fault::sender("PolicyTypeAlreadyEnabledException", text));
        }
        let units = org.units(tx)?.into_iter().map(|(id, _)| id);
        let accounts = org.members(tx)?.into_iter().map(|(account, _)| account.to_string());
        for target in std::iter::once(org.record.root.clone()).chain(units).chain(accounts) {
            org.attach_defaults(tx, &target)?;
        }
        Ok(())
    };
    let root = turn::<op::EnablePolicyType>(&ctx, input.policy_type, input.root_id, enable).await?;
    Ok(t::EnablePolicyTypeResponse { root: Some(root) })
}

/// What was attached is forgotten: a type that is enabled again starts from AWS's own policy ("Disabling a policy
/// type").
pub(crate) async fn disable_policy_type(
    ctx: Ctx,
    input: t::DisablePolicyTypeRequest,
) -> Result<t::DisablePolicyTypeResponse, Fault> {
    let disable = |tx: &mut WriteTx<'_>, org: &mut Org, kind: Kind| {
        if !org.record.enabled.remove(&kind) {
            return Err(faults::not_enabled());
        }
        ATTACHMENTS.clear(tx, ATTACHMENTS.prefix((&org.management, kind.path())))?;
        Ok(())
    };
    let root = turn::<op::DisablePolicyType>(&ctx, input.policy_type, input.root_id, disable).await?;
    Ok(t::DisablePolicyTypeResponse { root: Some(root) })
}
