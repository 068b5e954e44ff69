//! Users.

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault};
use mastic_kernel::{Ctx, Identity, Need};

use crate::entities;
use crate::faults::{conflict, denied, no_such, validation};
use crate::names::{arn, folded};
use crate::page::Page;
use crate::records::{ACCOUNTS, Base, Entity, KEYS, MEMBERS, Mark, RENAMED, Renamed, User};
use crate::{boundaries, people, tags, trust};

/// A user as answers carry it; only `GetUser` and `CreateUser` show tags.
pub(crate) fn shown(account: &AccountId, user: &User) -> t::User {
    let base = &user.base;
    t::User {
        path: base.path.clone(),
        user_name: base.name.clone(),
        user_id: base.id.clone(),
        arn: base.arn(account, "user").to_string(),
        create_date: base.created,
        ..t::User::default()
    }
}

fn whole(account: &AccountId, user: &User) -> t::User {
    t::User {
        permissions_boundary: boundaries::shown(&user.base),
        tags: tags::shown_if_any(&user.base.tags),
        ..shown(account, user)
    }
}

pub(crate) async fn create(ctx: Ctx, input: t::CreateUserRequest) -> Result<t::CreateUserResponse, Fault> {
    let mut base = Base::new::<User>(input.user_name, input.path, ctx.now(), ctx.entropy());
    base.boundary = input.permissions_boundary;
    base.tags = tags::read(input.tags.unwrap_or_default())?;
    let user = entities::create(&ctx, User { base, groups: Vec::new(), keys: Vec::new() }).await?;
    Ok(t::CreateUserResponse { user: Some(whole(ctx.account()?, &user)) })
}

pub(crate) async fn get(ctx: Ctx, input: t::GetUserRequest) -> Result<t::GetUserResponse, Fault> {
    let account = ctx.account()?;
    let name = match (input.user_name, &ctx.caller().identity) {
        (Some(name), _) => name,
        (None, Identity::User { name, .. }) => name.clone(),
        (None, Identity::Root) => return Ok(t::GetUserResponse { user: root(&ctx, account)? }),
        (None, _) => return Err(validation("Must specify userName when calling with non-User credentials")),
    };
    let user = entities::get::<User>(&ctx, &name)?;
    let password_last_used = ctx.read(|tx| people::logins::last_used(tx, account, &user.base.id))?;
    Ok(t::GetUserResponse { user: t::User { password_last_used, ..whole(account, &user) } })
}

/// The root user is not stored as one.
pub(crate) fn root(ctx: &Ctx, account: &AccountId) -> Result<t::User, Fault> {
    let record =
        ctx.read(|tx| ACCOUNTS.get(tx, account))?.ok_or_else(|| no_such("There is no such account."))?;
    Ok(t::User {
        path: "/".to_owned(),
        user_name: record.name,
        user_id: account.to_string(),
        arn: format!("arn:aws:iam::{account}:root"),
        create_date: record.created,
        ..t::User::default()
    })
}

pub(crate) async fn update(ctx: Ctx, input: t::UpdateUserRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let user = entities::get::<User>(&ctx, &input.user_name)?;
    let path = input.new_path.clone().unwrap_or(user.base.path);
    let name = input.new_user_name.clone().unwrap_or(user.base.name);
    // AWS asks for what the user becomes as well as for what it is ("Rename an IAM user").
    let target = arn(&account, "user", &path, &name);
    let need = Need::new("iam:UpdateUser", target.as_str()).owned_by(account.clone());
    ctx.authorize(&[need]).map_err(|fault| denied(fault.message()))?;
    ctx.write(move |tx| {
        let mut user = entities::need::<User>(tx, &account, &input.user_name)?;
        let old = folded(&user.base.name);
        let old_arn = user.base.arn(&account, User::KIND);
        entities::rename(tx, &account, &mut user, input.new_user_name, input.new_path)?;
        let new = folded(&user.base.name);
        if new != old {
            // Temporary credentials know the user by the old key.
            RENAMED.put(tx, &(&account, &user.base.id), &Renamed { key: new.clone() })?;
        }
        let new_arn = user.base.arn(&account, User::KIND);
        trust::rewrite(tx, &old_arn, &user.base.id, new_arn.as_str())?;
        for group in &user.groups {
            MEMBERS.delete(tx, &(&account, group, &old))?;
            MEMBERS.put(tx, &(&account, group, &new), &Mark {})?;
        }
        for id in &user.keys {
            if let Some(mut key) = KEYS.get(tx, id)? {
                key.user = Some(new.clone());
                KEYS.put(tx, id, &key)?;
            }
        }
        Ok(())
    })
    .await
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteUserRequest) -> Result<(), Fault> {
    entities::delete::<User>(&ctx, input.user_name, |tx, account, user| {
        if !user.keys.is_empty() {
            return Err(conflict("Cannot delete entity, must delete access keys first."));
        }
        if !user.groups.is_empty() {
            return Err(conflict("Cannot delete entity, must remove users from group first."));
        }
        people::check_deletable(tx, account, user)?;
        RENAMED.delete(tx, &(account, user.base.id.as_str()))?;
        Ok(())
    })
    .await
}

pub(crate) async fn list(ctx: Ctx, input: t::ListUsersRequest) -> Result<t::ListUsersResponse, Fault> {
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let mut listed = entities::list::<User, _>(&ctx, input.path_prefix.as_deref(), &page, shown)?;
    let account = ctx.account()?;
    ctx.read(|tx| {
        for user in &mut listed.items {
            user.password_last_used = people::logins::last_used(tx, account, &user.user_id)?;
        }
        Ok::<_, Fault>(())
    })?;
    Ok(t::ListUsersResponse { users: listed.items, is_truncated: listed.truncated, marker: listed.marker })
}

pub(crate) async fn tag(ctx: Ctx, input: t::TagUserRequest) -> Result<(), Fault> {
    let added = tags::read(input.tags)?;
    entities::change::<User>(&ctx, input.user_name, |_, _, user| tags::merge(&mut user.base.tags, added))
        .await
        .map(drop)
}

pub(crate) async fn untag(ctx: Ctx, input: t::UntagUserRequest) -> Result<(), Fault> {
    entities::change::<User>(&ctx, input.user_name, move |_, _, user| {
        tags::remove(&mut user.base.tags, &input.tag_keys);
        Ok(())
    })
    .await
    .map(drop)
}

pub(crate) async fn list_tags(
    ctx: Ctx,
    input: t::ListUserTagsRequest,
) -> Result<t::ListUserTagsResponse, Fault> {
    let user = entities::get::<User>(&ctx, &input.user_name)?;
    let page =
        Page::new(input.marker.as_deref(), input.max_items)?.take_in_order(tags::shown(&user.base.tags))?;
    Ok(t::ListUserTagsResponse { tags: page.items, is_truncated: page.truncated, marker: page.marker })
}
