//! Managed policies attached to users, groups and roles.

use mastic_api_iam::iam::types as t;
use mastic_core::Fault;
use mastic_kernel::Ctx;

use crate::entities::{self, PERMISSIONS};
use crate::faults::quota;
use crate::page::{Listed, Page};
use crate::policies;
use crate::records::{Entity, GROUPS, Group, ROLES, Role, USERS, USES, User};

/// Managed policies that may be attached to one entity ("IAM and AWS STS quotas").
const MOST: usize = 10;

/// Attaches a policy; once is enough.
pub(crate) async fn attach<E: Entity>(ctx: Ctx, name: String, policy: String) -> Result<(), Fault> {
    entities::change::<E>(&ctx, name, move |tx, account, entity| {
        entities::must_be_open(entity)?;
        policies::must_be_attachable(tx, account, &policy)?;
        let base = entity.base_mut();
        if base.attached.contains(&policy) {
            return Ok(());
        }
        if base.attached.len() >= MOST {
            return Err(quota(E::ATTACHED_QUOTA, MOST));
        }
        entities::mark::<E>(tx, account, &policy, PERMISSIONS, &base.name)?;
        base.attached.push(policy);
        Ok(())
    })
    .await
    .map(drop)
}

/// Detaches a policy.
pub(crate) async fn detach<E: Entity>(ctx: Ctx, name: String, policy: String) -> Result<(), Fault> {
    entities::change::<E>(&ctx, name, move |tx, account, entity| {
        policies::check_arn(&policy)?;
        entities::must_be_open(entity)?;
        let base = entity.base_mut();
        if !base.attached.contains(&policy) {
            return Err(policies::not_found(&policy));
        }
        entities::unmark::<E>(tx, account, &policy, PERMISSIONS, &base.name)?;
        base.attached.retain(|attached| *attached != policy);
        Ok(())
    })
    .await
    .map(drop)
}

/// A page of what is attached.
pub(crate) fn list<E: Entity>(
    ctx: &Ctx,
    name: &str,
    prefix: Option<&str>,
    page: &Page,
) -> Result<Listed<t::AttachedPolicy>, Fault> {
    let account = ctx.account()?;
    let prefix = prefix.unwrap_or("/");
    ctx.read(|tx| {
        let entity = entities::need::<E>(tx, account, name)?;
        let mut shown = Vec::new();
        for arn in &entity.base().attached {
            if let Some(policy) =
                policies::find(tx, account, arn)?.filter(|policy| policy.path().starts_with(prefix))
            {
                shown.push(t::AttachedPolicy {
                    policy_name: Some(policy.name().to_owned()),
                    policy_arn: Some(arn.clone()),
                });
            }
        }
        page.take_in_order(shown)
    })
}

/// Who uses a policy, one of the three lists filled.
enum Found {
    Group(t::PolicyGroup),
    Role(t::PolicyRole),
    User(t::PolicyUser),
}

pub(crate) async fn list_entities(
    ctx: Ctx,
    input: t::ListEntitiesForPolicyRequest,
) -> Result<t::ListEntitiesForPolicyResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let arn = &input.policy_arn;
    policies::check_arn(arn)?;
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let kind_wanted = input.entity_filter.map(|filter| filter.as_str().to_ascii_lowercase());
    let usage_wanted = input.policy_usage_filter.map(t::PolicyUsageType::as_str);
    let listed = ctx.read(|tx| {
        policies::find(tx, account, arn)?.ok_or_else(|| policies::not_found(arn))?;
        let uses = USES.scan_prefix(tx, (account, arn)).filter_map(|row| {
            let (_, _, usage, kind, key) = match row {
                Ok((place, _)) => place,
                Err(error) => return Some(Err(Fault::from(error))),
            };
            let other = usage_wanted.is_some_and(|wanted| wanted != usage)
                || kind_wanted.as_ref().is_some_and(|wanted| *wanted != kind);
            if other {
                return None;
            }
            let at = (account, key.as_str());
            let found = match kind.as_str() {
                "group" => GROUPS.get(tx, &at).map(|entity| group(entity, prefix)),
                "role" => ROLES.get(tx, &at).map(|entity| role(entity, prefix)),
                _ => USERS.get(tx, &at).map(|entity| user(entity, prefix)),
            };
            match found {
                Ok(found) => found.map(|found| Ok((format!("{usage}/{kind}/{key}"), found))),
                Err(error) => Some(Err(error.into())),
            }
        });
        page.take(uses)
    })?;
    let mut out = t::ListEntitiesForPolicyResponse {
        policy_groups: Some(Vec::new()),
        policy_users: Some(Vec::new()),
        policy_roles: Some(Vec::new()),
        is_truncated: listed.truncated,
        marker: listed.marker,
    };
    for found in listed.items {
        match found {
            Found::Group(group) => out.policy_groups.get_or_insert_default().push(group),
            Found::Role(role) => out.policy_roles.get_or_insert_default().push(role),
            Found::User(user) => out.policy_users.get_or_insert_default().push(user),
        }
    }
    Ok(out)
}

fn group(entity: Option<Group>, prefix: &str) -> Option<Found> {
    let base = entity?.base;
    base.path
        .starts_with(prefix)
        .then_some(Found::Group(t::PolicyGroup { group_name: Some(base.name), group_id: Some(base.id) }))
}

fn role(entity: Option<Role>, prefix: &str) -> Option<Found> {
    let base = entity?.base;
    base.path
        .starts_with(prefix)
        .then_some(Found::Role(t::PolicyRole { role_name: Some(base.name), role_id: Some(base.id) }))
}

fn user(entity: Option<User>, prefix: &str) -> Option<Found> {
    let base = entity?.base;
    base.path
        .starts_with(prefix)
        .then_some(Found::User(t::PolicyUser { user_name: Some(base.name), user_id: Some(base.id) }))
}
