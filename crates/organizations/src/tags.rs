//! Tags of roots, units, accounts and policies.

use std::collections::BTreeSet;

use mastic_api_iam::organizations::{op, types as t};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_store::{StoreError, WriteTx};

use crate::access::{About, Reach, enter};
use crate::faults::{constraint, invalid, no_target};
use crate::page;
use crate::records::{POLICIES, Tags, UNITS};
use crate::tree::{AnyPolicy, Node, Org};

/// Tags that a resource can have.
const MOST: usize = 50;

/// Reads the tags of a request.
pub(crate) fn read(tags: Option<Vec<t::Tag>>) -> Result<Tags, Fault> {
    let mut read = Tags::new();
    add(&mut read, tags.unwrap_or_default())?;
    Ok(read)
}

fn add(tags: &mut Tags, more: Vec<t::Tag>) -> Result<(), Fault> {
    let mut keys = BTreeSet::new();
    for tag in more {
        if tag.key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(invalid(
                "INVALID_SYSTEM_TAGS_PARAMETER",
                "You specified a tag key that is a system tag.",
            ));
        }
        if !keys.insert(tag.key.clone()) {
            return Err(invalid(
                "DUPLICATE_TAG_KEY",
                "Tag keys must be unique among the tags attached to the same entity.",
            ));
        }
        tags.insert(tag.key, tag.value);
    }
    if tags.len() > MOST {
        return Err(constraint("MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the number of tags allowed."));
    }
    Ok(())
}

/// The tags of a resource and the means to change them.
fn change(
    tx: &mut WriteTx<'_>,
    org: Org,
    id: &str,
    work: impl FnOnce(&mut Tags) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut org = org.again(tx)?;
    if id.starts_with("p-") {
        let Some(AnyPolicy::Own(mut policy)) = org.policy(tx, id)? else { return Err(no_target()) };
        work(&mut policy.tags)?;
        return Ok(POLICIES.put(tx, &(&org.management, id), &policy)?);
    }
    if id.starts_with("rp-") {
        let policy = org.record.delegation.as_mut().filter(|policy| policy.id == id).ok_or_else(no_target)?;
        work(&mut policy.tags)?;
        return Ok(org.save(tx)?);
    }
    match org.node(tx, id)?.ok_or_else(no_target)? {
        Node::Root => {
            work(&mut org.record.root_tags)?;
            org.save(tx)?;
        }
        Node::Unit(mut unit) => {
            work(&mut unit.tags)?;
            UNITS.put(tx, &(&org.management, id), &unit)?;
        }
        Node::Account(account, mut member) => {
            work(&mut member.tags)?;
            org.save_member(tx, &account, &member)?;
        }
    }
    Ok(())
}

/// What a tagging call is about.
fn about(about: &mut About<'_>, id: &str) -> Result<(), StoreError> {
    if id.starts_with("p-") {
        return about.policy(id);
    }
    if id.starts_with("rp-") {
        let tags = about.org().record.delegation.as_ref().map(|policy| policy.tags.clone());
        about.arn(about.org().arn_of("resourcepolicy", id), tags.unwrap_or_default());
        return Ok(());
    }
    about.node(id)
}

pub(crate) async fn tag(ctx: Ctx, input: t::TagResourceRequest) -> Result<(), Fault> {
    let org = enter::<op::TagResource>(&ctx, Reach::Delegates, |call| {
        call.request_tags(Some(&input.tags));
        about(call, &input.resource_id)
    })?;
    ctx.write(move |tx| change(tx, org, &input.resource_id, |tags| add(tags, input.tags))).await
}

pub(crate) async fn untag(ctx: Ctx, input: t::UntagResourceRequest) -> Result<(), Fault> {
    let org = enter::<op::UntagResource>(&ctx, Reach::Delegates, |call| {
        call.tag_keys(input.tag_keys.clone());
        about(call, &input.resource_id)
    })?;
    ctx.write(move |tx| {
        change(tx, org, &input.resource_id, |tags| {
            tags.retain(|key, _| !input.tag_keys.contains(key));
            Ok(())
        })
    })
    .await
}

pub(crate) async fn list(
    ctx: Ctx,
    input: t::ListTagsForResourceRequest,
) -> Result<t::ListTagsForResourceResponse, Fault> {
    let id = input.resource_id.as_str();
    let org = enter::<op::ListTagsForResource>(&ctx, Reach::Readers, |call| about(call, id))?;
    let tags = ctx.read(|tx| {
        let found = if id.starts_with("p-") {
            org.policy(tx, id)?.map(|policy| match policy {
                AnyPolicy::Aws(_) => Tags::new(),
                AnyPolicy::Own(policy) => policy.tags,
            })
        } else if id.starts_with("rp-") {
            org.record.delegation.as_ref().filter(|policy| policy.id == id).map(|policy| policy.tags.clone())
        } else {
            org.node(tx, id)?.map(|node| node.tags(&org))
        };
        found.ok_or_else(no_target)
    })?;
    let tags = tags.into_iter().map(|(key, value)| (key.clone(), t::Tag { key, value }));
    let (tags, next_token) = page::take(tags, input.next_token.as_deref(), None)?;
    Ok(t::ListTagsForResourceResponse { tags: Some(tags), next_token })
}
