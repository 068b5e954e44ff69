//! Organizational units, and the tree's edges.

use mastic_api_iam::organizations::{op, types as t};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, StoreError};

use crate::access::{Reach, enter, enter_node};
use crate::faults::{constraint, no_child, no_parent, no_unit};
use crate::organization::fresh_id;
use crate::page;
use crate::records::{UNITS, Unit};
use crate::tags;
use crate::tree::{DEEPEST, Node, Org};

/// Units of an organization at most ("Quotas and service limits for AWS Organizations").
const MOST: usize = 2000;

/// A unit as answers carry it.
fn shown(tx: &ReadTx<'_>, org: &Org, id: &str, unit: &Unit) -> Result<t::OrganizationalUnit, StoreError> {
    Ok(t::OrganizationalUnit {
        id: Some(id.to_owned()),
        arn: Some(org.arn_of("ou", id)),
        name: Some(unit.name.clone()),
        path: Some(org.path(tx, id)?),
    })
}

/// Names are unique under one parent.
fn must_be_free(tx: &ReadTx<'_>, org: &Org, parent: &str, name: &str, own: &str) -> Result<(), Fault> {
    let taken =
        org.units(tx)?.into_iter().any(|(id, unit)| id != own && unit.parent == parent && unit.name == name);
    if taken {
        let text = "An OU with the same name already exists.";
        return Err(Fault::sender("DuplicateOrganizationalUnitException", text));
    }
    Ok(())
}

pub(crate) async fn create(
    ctx: Ctx,
    input: t::CreateOrganizationalUnitRequest,
) -> Result<t::CreateOrganizationalUnitResponse, Fault> {
    let org = enter::<op::CreateOrganizationalUnit>(&ctx, Reach::Management, |about| {
        about.request_tags(input.tags.as_deref());
        about.node(&input.parent_id)
    })?;
    let tags = tags::read(input.tags)?;
    let suffix = org.record.root.trim_start_matches("r-");
    let id = fresh_id(ctx.entropy(), &format!("ou-{suffix}-"), 8);
    let unit = ctx
        .write(move |tx| {
            let org = org.again(tx)?;
            if !org.is_parent(tx, &input.parent_id)? {
                return Err(no_parent());
            }
            // The line begins with the root, which is no unit.
            if org.line(tx, &input.parent_id)?.len() > DEEPEST {
                let text = "You have exceeded the number of levels that an OU tree can have.";
                return Err(constraint("OU_DEPTH_LIMIT_EXCEEDED", text));
            }
            if org.units(tx)?.len() >= MOST {
                let text = "You have exceeded the number of OUs that an organization can have.";
                return Err(constraint("OU_NUMBER_LIMIT_EXCEEDED", text));
            }
            must_be_free(tx, &org, &input.parent_id, &input.name, "")?;
            let unit = Unit { name: input.name, parent: input.parent_id, tags };
            UNITS.put(tx, &(&org.management, id.as_str()), &unit)?;
            org.attach_defaults(tx, &id)?;
            Ok(shown(tx, &org, &id, &unit)?)
        })
        .await?;
    Ok(t::CreateOrganizationalUnitResponse { organizational_unit: Some(unit) })
}

pub(crate) async fn describe(
    ctx: Ctx,
    input: t::DescribeOrganizationalUnitRequest,
) -> Result<t::DescribeOrganizationalUnitResponse, Fault> {
    let id = input.organizational_unit_id;
    let org = enter_node::<op::DescribeOrganizationalUnit>(&ctx, Reach::Readers, &id)?;
    let unit = ctx.read(|tx| {
        let unit = org.unit(tx, &id)?.ok_or_else(no_unit)?;
        Ok::<_, Fault>(shown(tx, &org, &id, &unit)?)
    })?;
    Ok(t::DescribeOrganizationalUnitResponse { organizational_unit: Some(unit) })
}

pub(crate) async fn update(
    ctx: Ctx,
    input: t::UpdateOrganizationalUnitRequest,
) -> Result<t::UpdateOrganizationalUnitResponse, Fault> {
    let id = input.organizational_unit_id;
    let org = enter_node::<op::UpdateOrganizationalUnit>(&ctx, Reach::Management, &id)?;
    let unit = ctx
        .write(move |tx| {
            let org = org.again(tx)?;
            let mut unit = org.unit(tx, &id)?.ok_or_else(no_unit)?;
            if let Some(name) = input.name {
                must_be_free(tx, &org, &unit.parent, &name, &id)?;
                unit.name = name;
                UNITS.put(tx, &(&org.management, id.as_str()), &unit)?;
            }
            Ok::<_, Fault>(shown(tx, &org, &id, &unit)?)
        })
        .await?;
    Ok(t::UpdateOrganizationalUnitResponse { organizational_unit: Some(unit) })
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteOrganizationalUnitRequest) -> Result<(), Fault> {
    let id = input.organizational_unit_id;
    let org = enter_node::<op::DeleteOrganizationalUnit>(&ctx, Reach::Management, &id)?;
    ctx.write(move |tx| {
        let org = org.again(tx)?;
        org.unit(tx, &id)?.ok_or_else(no_unit)?;
        let below = children(tx, &org, &id)?;
        if !below.units.is_empty() || !below.accounts.is_empty() {
            let text = "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all \
                        child OUs, and try the operation again.";
            return Err(Fault::sender("OrganizationalUnitNotEmptyException", text));
        }
        org.detach_all(tx, &id)?;
        UNITS.delete(tx, &(&org.management, id.as_str()))?;
        Ok(())
    })
    .await
}

/// What lies right under a parent.
pub(crate) struct Children {
    pub(crate) units: Vec<(String, Unit)>,
    pub(crate) accounts: Vec<String>,
}

/// The units and accounts right under a parent.
pub(crate) fn children(tx: &ReadTx<'_>, org: &Org, parent: &str) -> Result<Children, StoreError> {
    let units = org.units(tx)?.into_iter().filter(|(_, unit)| unit.parent == parent).collect();
    let accounts = org.members(tx)?.into_iter().filter(|(_, member)| member.parent == parent);
    Ok(Children { units, accounts: accounts.map(|(account, _)| account.to_string()).collect() })
}

pub(crate) async fn list(
    ctx: Ctx,
    input: t::ListOrganizationalUnitsForParentRequest,
) -> Result<t::ListOrganizationalUnitsForParentResponse, Fault> {
    let parent = &input.parent_id;
    let org = enter_node::<op::ListOrganizationalUnitsForParent>(&ctx, Reach::Readers, parent)?;
    let units = ctx.read(|tx| {
        if !org.is_parent(tx, parent)? {
            return Err(no_parent());
        }
        let units = children(tx, &org, parent)?.units;
        let shown = units.into_iter().map(|(id, unit)| Ok((id.clone(), shown(tx, &org, &id, &unit)?)));
        shown.collect::<Result<Vec<_>, Fault>>()
    })?;
    let (units, next_token) = page::take(units, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListOrganizationalUnitsForParentResponse { organizational_units: Some(units), next_token })
}

pub(crate) async fn list_children(
    ctx: Ctx,
    input: t::ListChildrenRequest,
) -> Result<t::ListChildrenResponse, Fault> {
    let parent = &input.parent_id;
    let org = enter_node::<op::ListChildren>(&ctx, Reach::Readers, parent)?;
    let ids = ctx.read(|tx| {
        if !org.is_parent(tx, parent)? {
            return Err(no_parent());
        }
        let below = children(tx, &org, parent)?;
        Ok(match input.child_type {
            Some(t::ChildType::Account) => below.accounts,
            _ => below.units.into_iter().map(|(id, _)| id).collect(),
        })
    })?;
    let children =
        ids.into_iter().map(|id| (id.clone(), t::Child { id: Some(id), r#type: input.child_type }));
    let (children, next_token) = page::take(children, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListChildrenResponse { children: Some(children), next_token })
}

/// There is one parent.
pub(crate) async fn list_parents(
    ctx: Ctx,
    input: t::ListParentsRequest,
) -> Result<t::ListParentsResponse, Fault> {
    let org = enter_node::<op::ListParents>(&ctx, Reach::Readers, &input.child_id)?;
    let id = ctx.read(|tx| match org.node(tx, &input.child_id)? {
        Some(Node::Unit(unit)) => Ok(unit.parent),
        Some(Node::Account(_, member)) => Ok(member.parent),
        Some(Node::Root) | None => Err(no_child()),
    })?;
    let kind = if id == org.record.root { t::ParentType::Root } else { t::ParentType::OrganizationalUnit };
    let parent = (id.clone(), t::Parent { id: Some(id), r#type: Some(kind) });
    let (parents, next_token) = page::take([parent], input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListParentsResponse { parents: Some(parents), next_token })
}
