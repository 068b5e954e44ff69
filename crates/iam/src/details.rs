//! `GetAccountAuthorizationDetails`: everything that decides access in an account, in one listing.

use std::sync::Arc;

use mastic_api_iam::iam::{op, types as t};
use mastic_core::{AccountId, Fault};
use mastic_kernel::{Ctx, Registry};
use mastic_store::{ReadTx, StoreError};

use crate::page::Page;
use crate::policies::{self, Managed};
use crate::records::{Base, Entity, GROUPS, Group, POLICIES, Role, USES, User};
use crate::{Iam, access, boundaries, documents, managed, profiles, roles, tags, versions};

/// Serves the operation.
pub(crate) fn register(iam: &Arc<Iam>, registry: &mut Registry) {
    let iam = Arc::clone(iam);
    registry.on::<op::GetAccountAuthorizationDetails, _, _>(
        |_, _| access::everywhere::<op::GetAccountAuthorizationDetails>(),
        move |ctx, i| std::future::ready(get(&iam, &ctx, &i)),
    );
}

/// One of the four lists' entries.
enum Detail {
    User(t::UserDetail),
    Group(t::GroupDetail),
    Role(t::RoleDetail),
    Policy(t::ManagedPolicyDetail),
}

/// A row of the whole listing, with the key that puts it in its place.
type Row = Result<(String, Detail), Fault>;

fn get(
    iam: &Iam,
    ctx: &Ctx,
    input: &t::GetAccountAuthorizationDetailsRequest,
) -> Result<t::GetAccountAuthorizationDetailsResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let wanted = |kind| input.filter.as_ref().is_none_or(|kinds| kinds.is_empty() || kinds.contains(&kind));
    let listed = ctx.read(|tx| {
        let users = rows::<User>(tx, account, "0", |entity| user(tx, account, &entity).map(Detail::User));
        let groups = rows::<Group>(tx, account, "1", |entity| group(tx, account, &entity).map(Detail::Group));
        let roles =
            rows::<Role>(tx, account, "2", |entity| role(iam, tx, account, &entity).map(Detail::Role));
        page.take(
            users
                .filter(|_| wanted(t::EntityType::User))
                .chain(groups.filter(|_| wanted(t::EntityType::Group)))
                .chain(roles.filter(|_| wanted(t::EntityType::Role)))
                .chain(local(tx, account).filter(|_| wanted(t::EntityType::LocalManagedPolicy)))
                .chain(aws(tx, account).filter(|_| wanted(t::EntityType::AWSManagedPolicy))),
        )
    })?;
    let mut out = t::GetAccountAuthorizationDetailsResponse {
        user_detail_list: Some(Vec::new()),
        group_detail_list: Some(Vec::new()),
        role_detail_list: Some(Vec::new()),
        policies: Some(Vec::new()),
        is_truncated: listed.truncated,
        marker: listed.marker,
    };
    for detail in listed.items {
        match detail {
            Detail::User(user) => out.user_detail_list.get_or_insert_default().push(user),
            Detail::Group(group) => out.group_detail_list.get_or_insert_default().push(group),
            Detail::Role(role) => out.role_detail_list.get_or_insert_default().push(role),
            Detail::Policy(policy) => out.policies.get_or_insert_default().push(policy),
        }
    }
    Ok(out)
}

fn rows<'t, E: Entity>(
    tx: &'t ReadTx<'t>,
    account: &'t AccountId,
    order: &'static str,
    show: impl Fn(E) -> Result<Detail, Fault> + 't,
) -> impl Iterator<Item = Row> + 't {
    E::SPACE.scan_prefix(tx, (account,)).map(move |row| {
        let ((_, key), entity) = row?;
        Ok((format!("{order}{key}"), show(entity)?))
    })
}

fn local<'t>(tx: &'t ReadTx<'t>, account: &'t AccountId) -> impl Iterator<Item = Row> + 't {
    POLICIES.scan_prefix(tx, (account,)).map(move |row| {
        let ((_, key), policy) = row?;
        let shown = versions::all(&policy);
        let policy = Managed::Own(Box::new(policy));
        Ok((format!("3{key}"), Detail::Policy(detail(tx, account, &policy, shown)?)))
    })
}

/// AWS's own policies as far as the account uses them.
fn aws<'t>(tx: &'t ReadTx<'t>, account: &'t AccountId) -> impl Iterator<Item = Row> + 't {
    managed::all().filter_map(move |policy| {
        let row = || {
            if USES.scan_prefix(tx, (account, policy.arn.as_str())).next().transpose()?.is_none() {
                return Ok(None);
            }
            let shown = vec![versions::of_aws(policy)];
            Ok(Some((
                format!("4{}", policy.name),
                Detail::Policy(detail(tx, account, &Managed::Aws(policy), shown)?),
            )))
        };
        row().transpose()
    })
}

fn detail(
    tx: &ReadTx<'_>,
    account: &AccountId,
    policy: &Managed,
    versions: Vec<t::PolicyVersion>,
) -> Result<t::ManagedPolicyDetail, StoreError> {
    let whole = policies::whole(tx, account, policy)?;
    Ok(t::ManagedPolicyDetail {
        policy_name: whole.policy_name,
        policy_id: whole.policy_id,
        arn: whole.arn,
        path: whole.path,
        default_version_id: whole.default_version_id,
        attachment_count: whole.attachment_count,
        permissions_boundary_usage_count: whole.permissions_boundary_usage_count,
        is_attachable: whole.is_attachable,
        description: whole.description,
        create_date: whole.create_date,
        update_date: whole.update_date,
        policy_version_list: Some(versions),
    })
}

fn inline(base: &Base) -> Option<Vec<t::PolicyDetail>> {
    let shown = |(name, document): (&String, &String)| t::PolicyDetail {
        policy_name: Some(name.clone()),
        policy_document: Some(documents::encoded(document)),
    };
    Some(base.inline.iter().map(shown).collect())
}

fn attached(
    tx: &ReadTx<'_>,
    account: &AccountId,
    base: &Base,
) -> Result<Option<Vec<t::AttachedPolicy>>, StoreError> {
    let mut shown = Vec::new();
    for arn in &base.attached {
        if let Some(policy) = policies::find(tx, account, arn)? {
            shown.push(t::AttachedPolicy {
                policy_name: Some(policy.name().to_owned()),
                policy_arn: Some(arn.clone()),
            });
        }
    }
    Ok(Some(shown))
}

fn user(tx: &ReadTx<'_>, account: &AccountId, user: &User) -> Result<t::UserDetail, Fault> {
    let base = &user.base;
    let mut groups = Vec::new();
    for key in &user.groups {
        groups.extend(GROUPS.get(tx, &(account, key.as_str()))?.map(|group| group.base.name));
    }
    Ok(t::UserDetail {
        path: Some(base.path.clone()),
        user_name: Some(base.name.clone()),
        user_id: Some(base.id.clone()),
        arn: Some(base.arn(account, User::KIND).to_string()),
        create_date: Some(base.created),
        user_policy_list: inline(base),
        group_list: Some(groups),
        attached_managed_policies: attached(tx, account, base)?,
        permissions_boundary: boundaries::shown(base),
        tags: Some(tags::shown(&base.tags)),
    })
}

fn group(tx: &ReadTx<'_>, account: &AccountId, group: &Group) -> Result<t::GroupDetail, Fault> {
    let base = &group.base;
    Ok(t::GroupDetail {
        path: Some(base.path.clone()),
        group_name: Some(base.name.clone()),
        group_id: Some(base.id.clone()),
        arn: Some(base.arn(account, Group::KIND).to_string()),
        create_date: Some(base.created),
        group_policy_list: inline(base),
        attached_managed_policies: attached(tx, account, base)?,
    })
}

fn role(iam: &Iam, tx: &ReadTx<'_>, account: &AccountId, role: &Role) -> Result<t::RoleDetail, Fault> {
    let base = &role.base;
    Ok(t::RoleDetail {
        path: Some(base.path.clone()),
        role_name: Some(base.name.clone()),
        role_id: Some(base.id.clone()),
        arn: Some(base.arn(account, Role::KIND).to_string()),
        create_date: Some(base.created),
        assume_role_policy_document: Some(documents::encoded(&role.trust)),
        instance_profile_list: Some(profiles::of_role(tx, account, role)?),
        role_policy_list: inline(base),
        attached_managed_policies: attached(tx, account, base)?,
        permissions_boundary: boundaries::shown(base),
        tags: Some(tags::shown(&base.tags)),
        role_last_used: Some(roles::last_used(iam, tx, role)?),
    })
}
