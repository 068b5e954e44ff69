//! Instance profiles: the shells in which EC2 hands a role to a machine. There are no machines here, but
//! tools keep profiles beside their roles.

use std::collections::BTreeMap;

use mastic_api_iam::iam::{op, types as t};
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::{Ctx, Need, Registry};
use mastic_store::{Keyspace, ReadTx, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use crate::faults::{conflict, denied, no_such, quota};
use crate::names::{self, folded};
use crate::page::{Listed, Page};
use crate::records::{Entity, Mark, ROLES, Role};
use crate::{access, entities, roles, tags};

const KIND: &str = "instance-profile";

/// Instance profiles of an account ("IAM and AWS STS quotas").
const MOST: usize = 1000;

/// An instance profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profile {
    name: String,
    path: String,
    /// `AIPA...`.
    id: String,
    created: Timestamp,
    /// The role in it, as a key of [`ROLES`]: one at most.
    role: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Record for Profile {
    const VERSION: u16 = 1;
}

impl Profile {
    pub(crate) fn arn(&self, account: &AccountId) -> String {
        names::arn(account, KIND, &self.path, &self.name).to_string()
    }
}

/// Account, and the profile's name in lower case.
const PROFILES: Keyspace<(AccountId, String), Profile> = Keyspace::new("iam.instance_profile");
/// Account, role, profile: in which profiles a role is.
const PROFILES_OF: Keyspace<(AccountId, String, String), Mark> = Keyspace::new("iam.role_profile");

/// Serves the operations.
pub(crate) fn register(registry: &mut Registry) {
    registry.on::<op::CreateInstanceProfile, _, _>(
        |call, i| {
            let name = (i.path.as_ref(), i.instance_profile_name.as_str());
            access::creating::<op::CreateInstanceProfile>(call, KIND, name, i.tags.as_ref(), None)
        },
        create,
    );
    registry.on::<op::GetInstanceProfile, _, _>(
        |call, i| access::on::<op::GetInstanceProfile>(call, KIND, &i.instance_profile_name),
        get,
    );
    registry.on::<op::DeleteInstanceProfile, _, _>(
        |call, i| access::on::<op::DeleteInstanceProfile>(call, KIND, &i.instance_profile_name),
        delete,
    );
    registry.on::<op::ListInstanceProfiles, _, _>(
        |call, i| access::listing::<op::ListInstanceProfiles>(call, KIND, i.path_prefix.as_ref()),
        list,
    );
    registry.on::<op::ListInstanceProfilesForRole, _, _>(
        |call, i| access::on::<op::ListInstanceProfilesForRole>(call, "role", &i.role_name),
        list_for_role,
    );
    registry.on::<op::AddRoleToInstanceProfile, _, _>(
        |call, i| access::on::<op::AddRoleToInstanceProfile>(call, KIND, &i.instance_profile_name),
        add_role,
    );
    registry.on::<op::RemoveRoleFromInstanceProfile, _, _>(
        |call, i| access::on::<op::RemoveRoleFromInstanceProfile>(call, KIND, &i.instance_profile_name),
        remove_role,
    );
    registry.on::<op::TagInstanceProfile, _, _>(
        |call, i| access::tagging::<op::TagInstanceProfile>(call, KIND, &i.instance_profile_name, &i.tags),
        tag,
    );
    registry.on::<op::UntagInstanceProfile, _, _>(
        |call, i| {
            access::untagging::<op::UntagInstanceProfile>(call, KIND, &i.instance_profile_name, &i.tag_keys)
        },
        untag,
    );
    registry.on::<op::ListInstanceProfileTags, _, _>(
        |call, i| access::on::<op::ListInstanceProfileTags>(call, KIND, &i.instance_profile_name),
        list_tags,
    );
}

/// How many the account has.
pub(crate) fn count(tx: &ReadTx<'_>, account: &AccountId) -> Result<u64, StoreError> {
    PROFILES.count(tx, PROFILES.prefix((account,)))
}

/// The profile of exactly this name.
pub(crate) fn find(tx: &ReadTx<'_>, account: &AccountId, name: &str) -> Result<Option<Profile>, StoreError> {
    Ok(PROFILES.get(tx, &(account, folded(name)))?.filter(|profile| profile.name == name))
}

fn need(tx: &ReadTx<'_>, account: &AccountId, name: &str) -> Result<Profile, Fault> {
    find(tx, account, name)?.ok_or_else(|| no_such(format!("Instance Profile {name} cannot be found.")))
}

fn save(tx: &mut WriteTx<'_>, account: &AccountId, profile: &Profile) -> Result<(), StoreError> {
    PROFILES.put(tx, &(account, folded(&profile.name)), profile)
}

fn shown(tx: &ReadTx<'_>, account: &AccountId, profile: &Profile) -> Result<t::InstanceProfile, StoreError> {
    let role = match &profile.role {
        Some(key) => ROLES.get(tx, &(account, key.as_str()))?,
        None => None,
    };
    Ok(t::InstanceProfile {
        path: profile.path.clone(),
        instance_profile_name: profile.name.clone(),
        instance_profile_id: profile.id.clone(),
        arn: profile.arn(account),
        create_date: profile.created,
        roles: role.iter().map(|role| roles::shown(account, role)).collect(),
        tags: Some(tags::shown(&profile.tags)),
    })
}

/// The profiles that a role is in, by name.
pub(crate) fn of_role(
    tx: &ReadTx<'_>,
    account: &AccountId,
    role: &Role,
) -> Result<Vec<t::InstanceProfile>, Fault> {
    let mut found = Vec::new();
    for row in PROFILES_OF.scan_prefix(tx, (account, folded(&role.base().name))) {
        let ((_, _, key), _) = row?;
        if let Some(profile) = PROFILES.get(tx, &(account, key.as_str()))? {
            found.push(shown(tx, account, &profile)?);
        }
    }
    Ok(found)
}

async fn create(
    ctx: Ctx,
    input: t::CreateInstanceProfileRequest,
) -> Result<t::CreateInstanceProfileResponse, Fault> {
    let account = ctx.account()?.clone();
    let profile = Profile {
        name: input.instance_profile_name,
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: names::unique_id("AIPA", ctx.entropy()),
        created: ctx.now(),
        role: None,
        tags: tags::read(input.tags.unwrap_or_default())?,
    };
    ctx.write(move |tx| {
        if PROFILES.contains(tx, &(&account, folded(&profile.name)))? {
            let text = format!("Instance Profile {} already exists.", profile.name);
            return Err(Fault::sender("EntityAlreadyExists", text).with_status(409));
        }
        if PROFILES.count(tx, PROFILES.prefix((&account,)))? >= MOST as u64 {
            return Err(quota("InstanceProfilesPerAccount", MOST));
        }
        save(tx, &account, &profile)?;
        Ok(t::CreateInstanceProfileResponse { instance_profile: shown(tx, &account, &profile)? })
    })
    .await
}

async fn get(ctx: Ctx, input: t::GetInstanceProfileRequest) -> Result<t::GetInstanceProfileResponse, Fault> {
    let account = ctx.account()?;
    ctx.read(|tx| {
        let profile = need(tx, account, &input.instance_profile_name)?;
        Ok(t::GetInstanceProfileResponse { instance_profile: shown(tx, account, &profile)? })
    })
}

async fn delete(ctx: Ctx, input: t::DeleteInstanceProfileRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let profile = need(tx, &account, &input.instance_profile_name)?;
        if profile.role.is_some() {
            return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
        }
        PROFILES.delete(tx, &(&account, folded(&profile.name)))?;
        Ok(())
    })
    .await
}

async fn list(
    ctx: Ctx,
    input: t::ListInstanceProfilesRequest,
) -> Result<t::ListInstanceProfilesResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let listed = ctx.read(|tx| {
        let rows = PROFILES.scan_prefix(tx, (account,)).filter_map(|row| match row {
            Ok((_, profile)) if !profile.path.starts_with(prefix) => None,
            Ok(((_, key), profile)) => {
                Some(shown(tx, account, &profile).map(|shown| (key, shown)).map_err(Fault::from))
            }
            Err(error) => Some(Err(error.into())),
        });
        page.take(rows)
    })?;
    let Listed { items, truncated, marker } = listed;
    Ok(t::ListInstanceProfilesResponse { instance_profiles: items, is_truncated: truncated, marker })
}

async fn list_for_role(
    ctx: Ctx,
    input: t::ListInstanceProfilesForRoleRequest,
) -> Result<t::ListInstanceProfilesForRoleResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let found = ctx.read(|tx| {
        let role = entities::need::<Role>(tx, account, &input.role_name)?;
        of_role(tx, account, &role)
    })?;
    let rows = found.into_iter().map(|profile| Ok((folded(&profile.instance_profile_name), profile)));
    let Listed { items, truncated, marker } = page.take(rows)?;
    Ok(t::ListInstanceProfilesForRoleResponse { instance_profiles: items, is_truncated: truncated, marker })
}

async fn add_role(ctx: Ctx, input: t::AddRoleToInstanceProfileRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    // EC2 would hand the role to whoever is on the machine.
    let role = entities::get::<Role>(&ctx, &input.role_name)?;
    let need_role = Need::new("iam:PassRole", role.base.arn(&account, Role::KIND).as_str())
        .with("iam:PassedToService", ["ec2.amazonaws.com"]);
    ctx.authorize(&[need_role]).map_err(|fault| denied(fault.message()))?;
    ctx.write(move |tx| {
        let role = entities::need::<Role>(tx, &account, &input.role_name)?;
        entities::must_be_open(&role)?;
        let mut profile = need(tx, &account, &input.instance_profile_name)?;
        if profile.role.is_some() {
            return Err(quota("InstanceSessionsPerInstanceProfile", 1));
        }
        let key = folded(&role.base.name);
        PROFILES_OF.put(tx, &(&account, &key, folded(&profile.name)), &Mark {})?;
        profile.role = Some(key);
        Ok(save(tx, &account, &profile)?)
    })
    .await
}

async fn remove_role(ctx: Ctx, input: t::RemoveRoleFromInstanceProfileRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let mut profile = need(tx, &account, &input.instance_profile_name)?;
        let role = entities::need::<Role>(tx, &account, &input.role_name)?;
        let key = folded(&role.base.name);
        if profile.role.as_ref() != Some(&key) {
            let (role, profile) = (&role.base.name, &profile.name);
            return Err(no_such(format!("Role {role} cannot be found in instance profile {profile}.")));
        }
        PROFILES_OF.delete(tx, &(&account, &key, folded(&profile.name)))?;
        profile.role = None;
        Ok(save(tx, &account, &profile)?)
    })
    .await
}

async fn tag(ctx: Ctx, input: t::TagInstanceProfileRequest) -> Result<(), Fault> {
    let added = tags::read(input.tags)?;
    change(&ctx, input.instance_profile_name, |profile| tags::merge(&mut profile.tags, added)).await
}

async fn untag(ctx: Ctx, input: t::UntagInstanceProfileRequest) -> Result<(), Fault> {
    change(&ctx, input.instance_profile_name, move |profile| {
        tags::remove(&mut profile.tags, &input.tag_keys);
        Ok(())
    })
    .await
}

async fn change(
    ctx: &Ctx,
    name: String,
    work: impl FnOnce(&mut Profile) -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let mut profile = need(tx, &account, &name)?;
        work(&mut profile)?;
        Ok(save(tx, &account, &profile)?)
    })
    .await
}

async fn list_tags(
    ctx: Ctx,
    input: t::ListInstanceProfileTagsRequest,
) -> Result<t::ListInstanceProfileTagsResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let profile = ctx.read(|tx| need(tx, account, &input.instance_profile_name))?;
    let listed = page.take_in_order(tags::shown(&profile.tags))?;
    Ok(t::ListInstanceProfileTagsResponse {
        tags: listed.items,
        is_truncated: listed.truncated,
        marker: listed.marker,
    })
}
