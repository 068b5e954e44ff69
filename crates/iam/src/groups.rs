//! Groups and who is in them.

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault};
use mastic_kernel::{Ctx, Need};

use crate::faults::{conflict, denied, no_entity, quota};
use crate::names::{arn, folded};
use crate::page::Page;
use crate::records::{Base, GROUPS, Group, MEMBERS, Mark, USERS, User};
use crate::{entities, users};

/// Groups that a user may be in ("IAM and AWS STS quotas").
const GROUPS_PER_USER: usize = 10;

fn shown(account: &AccountId, group: &Group) -> t::Group {
    let base = &group.base;
    t::Group {
        path: base.path.clone(),
        group_name: base.name.clone(),
        group_id: base.id.clone(),
        arn: base.arn(account, "group").to_string(),
        create_date: base.created,
    }
}

pub(crate) async fn create(ctx: Ctx, input: t::CreateGroupRequest) -> Result<t::CreateGroupResponse, Fault> {
    let base = Base::new::<Group>(input.group_name, input.path, ctx.now(), ctx.entropy());
    let group = entities::create(&ctx, Group { base }).await?;
    Ok(t::CreateGroupResponse { group: shown(ctx.account()?, &group) })
}

pub(crate) async fn get(ctx: Ctx, input: t::GetGroupRequest) -> Result<t::GetGroupResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    ctx.read(|tx| {
        let group = entities::need::<Group>(tx, account, &input.group_name)?;
        let members = MEMBERS.scan_prefix(tx, (account, folded(&input.group_name))).filter_map(|row| {
            let key = match row {
                Ok(((_, _, key), _)) => key,
                Err(error) => return Some(Err(Fault::from(error))),
            };
            match USERS.get(tx, &(account, key.as_str())) {
                Ok(user) => user.map(|user| Ok((key, users::shown(account, &user)))),
                Err(error) => Some(Err(error.into())),
            }
        });
        let listed = page.take(members)?;
        Ok(t::GetGroupResponse {
            group: shown(account, &group),
            users: listed.items,
            is_truncated: listed.truncated,
            marker: listed.marker,
        })
    })
}

pub(crate) async fn update(ctx: Ctx, input: t::UpdateGroupRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let group = entities::get::<Group>(&ctx, &input.group_name)?;
    let path = input.new_path.clone().unwrap_or(group.base.path);
    let name = input.new_group_name.clone().unwrap_or(group.base.name);
    // As for users: what it becomes is asked for too.
    let target = arn(&account, "group", &path, &name);
    let need = Need::new("iam:UpdateGroup", target.as_str()).owned_by(account.clone());
    ctx.authorize(&[need]).map_err(|fault| denied(fault.message()))?;
    ctx.write(move |tx| {
        let mut group = entities::need::<Group>(tx, &account, &input.group_name)?;
        let old = folded(&group.base.name);
        entities::rename(tx, &account, &mut group, input.new_group_name, input.new_path)?;
        let new = folded(&group.base.name);
        if new == old {
            return Ok(());
        }
        let members: Vec<String> = MEMBERS
            .scan_prefix(tx, (&account, &old))
            .map(|row| row.map(|((_, _, user), _)| user))
            .collect::<Result<_, _>>()?;
        for member in members {
            MEMBERS.delete(tx, &(&account, &old, &member))?;
            MEMBERS.put(tx, &(&account, &new, &member), &Mark {})?;
            if let Some(mut user) = USERS.get(tx, &(&account, &member))? {
                user.groups
                    .iter_mut()
                    .filter(|group| **group == old)
                    .for_each(|group| group.clone_from(&new));
                USERS.put(tx, &(&account, &member), &user)?;
            }
        }
        Ok(())
    })
    .await
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteGroupRequest) -> Result<(), Fault> {
    entities::delete::<Group>(&ctx, input.group_name, |tx, account, group| {
        let members = MEMBERS.prefix((account, folded(&group.base.name)));
        match MEMBERS.scan(tx, members).next().transpose()? {
            Some(_) => Err(conflict("Cannot delete entity, must remove users from group first.")),
            None => Ok(()),
        }
    })
    .await
}

pub(crate) async fn list(ctx: Ctx, input: t::ListGroupsRequest) -> Result<t::ListGroupsResponse, Fault> {
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let listed = entities::list::<Group, _>(&ctx, input.path_prefix.as_deref(), &page, shown)?;
    Ok(t::ListGroupsResponse { groups: listed.items, is_truncated: listed.truncated, marker: listed.marker })
}

pub(crate) async fn add_user(ctx: Ctx, input: t::AddUserToGroupRequest) -> Result<(), Fault> {
    entities::change::<User>(&ctx, input.user_name, move |tx, account, user| {
        let group = entities::need::<Group>(tx, account, &input.group_name)?;
        let key = folded(&group.base.name);
        if user.groups.contains(&key) {
            return Ok(());
        }
        if user.groups.len() >= GROUPS_PER_USER {
            return Err(quota("GroupsPerUser", GROUPS_PER_USER));
        }
        MEMBERS.put(tx, &(account, &key, folded(&user.base.name)), &Mark {})?;
        user.groups.push(key);
        Ok(())
    })
    .await
    .map(drop)
}

pub(crate) async fn remove_user(ctx: Ctx, input: t::RemoveUserFromGroupRequest) -> Result<(), Fault> {
    entities::change::<User>(&ctx, input.user_name, move |tx, account, user| {
        let group = entities::need::<Group>(tx, account, &input.group_name)?;
        let key = folded(&group.base.name);
        if !MEMBERS.delete(tx, &(account, &key, folded(&user.base.name)))? {
            return Err(no_entity("user", &user.base.name));
        }
        user.groups.retain(|group| *group != key);
        Ok(())
    })
    .await
    .map(drop)
}

pub(crate) async fn list_for_user(
    ctx: Ctx,
    input: t::ListGroupsForUserRequest,
) -> Result<t::ListGroupsForUserResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    ctx.read(|tx| {
        let user = entities::need::<User>(tx, account, &input.user_name)?;
        let mut keys = user.groups;
        keys.sort();
        let groups = keys.into_iter().filter_map(|key| match GROUPS.get(tx, &(account, key.as_str())) {
            Ok(group) => group.map(|group| Ok((key, shown(account, &group)))),
            Err(error) => Some(Err(Fault::from(error))),
        });
        let listed = page.take(groups)?;
        Ok(t::ListGroupsForUserResponse {
            groups: listed.items,
            is_truncated: listed.truncated,
            marker: listed.marker,
        })
    })
}
