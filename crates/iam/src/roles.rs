//! Roles.

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault};
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, StoreError};

use crate::faults::{conflict, invalid_input, validation};
use crate::page::Page;
use crate::records::{Base, ROLES_USED, Role};
use crate::{Iam, boundaries, documents, entities, linked, profiles, tags, trust};

/// Seconds that sessions of a role last at most where it does not say more.
const USUAL_SESSION: i32 = 3600;

/// A role as listings carry it.
pub(crate) fn shown(account: &AccountId, role: &Role) -> t::Role {
    let base = &role.base;
    t::Role {
        path: base.path.clone(),
        role_name: base.name.clone(),
        role_id: base.id.clone(),
        arn: base.arn(account, "role").to_string(),
        create_date: base.created,
        assume_role_policy_document: Some(documents::encoded(&role.trust)),
        description: role.description.clone(),
        max_session_duration: Some(role.max_session),
        ..t::Role::default()
    }
}

fn whole(account: &AccountId, role: &Role) -> t::Role {
    t::Role {
        permissions_boundary: boundaries::shown(&role.base),
        tags: tags::shown_if_any(&role.base.tags),
        ..shown(account, role)
    }
}

fn session_limit(seconds: i32) -> Result<i32, Fault> {
    if (3600..=43200).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(validation(format!("MaxSessionDuration {seconds} is not between 3600 and 43200 seconds.")))
    }
}

pub(crate) async fn create(ctx: Ctx, input: t::CreateRoleRequest) -> Result<t::CreateRoleResponse, Fault> {
    documents::check_trust(&input.assume_role_policy_document)?;
    if input.path.as_ref().is_some_and(|path| path.starts_with(linked::PATH)) {
        return Err(invalid_input(format!(
            "The path {} is reserved for service-linked roles.",
            linked::PATH
        )));
    }
    let mut base = Base::new::<Role>(input.role_name, input.path, ctx.now(), ctx.entropy());
    base.boundary = input.permissions_boundary;
    base.tags = tags::read(input.tags.unwrap_or_default())?;
    let role = Role {
        base,
        trust: input.assume_role_policy_document,
        description: input.description,
        max_session: session_limit(input.max_session_duration.unwrap_or(USUAL_SESSION))?,
        service: None,
    };
    let role = entities::create(&ctx, role).await?;
    Ok(t::CreateRoleResponse { role: whole(ctx.account()?, &role) })
}

pub(crate) fn get(iam: &Iam, ctx: &Ctx, input: &t::GetRoleRequest) -> Result<t::GetRoleResponse, Fault> {
    let role = entities::get::<Role>(ctx, &input.role_name)?;
    let used = ctx.read(|tx| last_used(iam, tx, &role))?;
    let role = t::Role { role_last_used: Some(used), ..whole(ctx.account()?, &role) };
    Ok(t::GetRoleResponse { role })
}

/// When a session of the role was last used; empty where none ever was.
pub(crate) fn last_used(iam: &Iam, tx: &ReadTx<'_>, role: &Role) -> Result<t::RoleLastUsed, StoreError> {
    let used = match iam.uses.role(&role.base.id) {
        Some(used) => Some(used),
        None => ROLES_USED.get(tx, role.base.id.as_str())?,
    };
    let shown =
        used.map(|used| t::RoleLastUsed { last_used_date: Some(used.time), region: Some(used.region) });
    Ok(shown.unwrap_or_default())
}

pub(crate) async fn update(ctx: Ctx, input: t::UpdateRoleRequest) -> Result<t::UpdateRoleResponse, Fault> {
    entities::change::<Role>(&ctx, input.role_name, move |_, _, role| {
        if let Some(seconds) = input.max_session_duration {
            entities::must_be_open(role)?;
            role.max_session = session_limit(seconds)?;
        }
        if let Some(description) = input.description {
            role.description = Some(description);
        }
        Ok(())
    })
    .await?;
    Ok(t::UpdateRoleResponse {})
}

pub(crate) async fn update_description(
    ctx: Ctx,
    input: t::UpdateRoleDescriptionRequest,
) -> Result<t::UpdateRoleDescriptionResponse, Fault> {
    let role = entities::change::<Role>(&ctx, input.role_name, move |_, _, role| {
        role.description = Some(input.description);
        Ok(())
    })
    .await?;
    Ok(t::UpdateRoleDescriptionResponse { role: Some(whole(ctx.account()?, &role)) })
}

pub(crate) async fn update_trust(ctx: Ctx, input: t::UpdateAssumeRolePolicyRequest) -> Result<(), Fault> {
    documents::check_trust(&input.policy_document)?;
    entities::change::<Role>(&ctx, input.role_name, move |tx, account, role| {
        entities::must_be_open(role)?;
        trust::unbind(tx, account, &role.base.name, &role.trust)?;
        trust::bind(tx, account, &role.base.name, &input.policy_document)?;
        role.trust = input.policy_document;
        Ok(())
    })
    .await
    .map(drop)
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteRoleRequest) -> Result<(), Fault> {
    entities::delete::<Role>(&ctx, input.role_name, |tx, account, role| {
        entities::must_be_open(role)?;
        if !profiles::of_role(tx, account, role)?.is_empty() {
            return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
        }
        Ok(())
    })
    .await
}

pub(crate) async fn list(ctx: Ctx, input: t::ListRolesRequest) -> Result<t::ListRolesResponse, Fault> {
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let listed = entities::list::<Role, _>(&ctx, input.path_prefix.as_deref(), &page, shown)?;
    Ok(t::ListRolesResponse { roles: listed.items, is_truncated: listed.truncated, marker: listed.marker })
}

pub(crate) async fn tag(ctx: Ctx, input: t::TagRoleRequest) -> Result<(), Fault> {
    let added = tags::read(input.tags)?;
    entities::change::<Role>(&ctx, input.role_name, |_, _, role| tags::merge(&mut role.base.tags, added))
        .await
        .map(drop)
}

pub(crate) async fn untag(ctx: Ctx, input: t::UntagRoleRequest) -> Result<(), Fault> {
    entities::change::<Role>(&ctx, input.role_name, move |_, _, role| {
        tags::remove(&mut role.base.tags, &input.tag_keys);
        Ok(())
    })
    .await
    .map(drop)
}

pub(crate) async fn list_tags(
    ctx: Ctx,
    input: t::ListRoleTagsRequest,
) -> Result<t::ListRoleTagsResponse, Fault> {
    let role = entities::get::<Role>(&ctx, &input.role_name)?;
    let page =
        Page::new(input.marker.as_deref(), input.max_items)?.take_in_order(tags::shown(&role.base.tags))?;
    Ok(t::ListRoleTagsResponse { tags: page.items, is_truncated: page.truncated, marker: page.marker })
}
