//! What each operation needs (Actions, resources, and condition keys for Amazon CloudWatch Logs).

use std::collections::BTreeMap;

use mastic_api_watch::logs::types;
use mastic_core::Fault;
use mastic_kernel::{Access, Call, Need};

use crate::place::{GroupRef, Place};

/// An action on a whole group of the caller's.
pub(crate) fn group(call: &Call, action: &str, group: &str) -> Result<Access, Fault> {
    stream(call, action, group, "")
}

/// An action on a stream of the caller's.
pub(crate) fn stream(call: &Call, action: &str, group: &str, stream: &str) -> Result<Access, Fault> {
    Ok(Access::one(format!("logs:{action}"), Place::of(call)?.stream_arn(group, stream)))
}

/// Listing the groups.
pub(crate) fn groups(call: &Call) -> Result<Access, Fault> {
    stream(call, "DescribeLogGroups", "", "")
}

pub(crate) fn create_log_group(call: &Call, input: &types::CreateLogGroupRequest) -> Result<Access, Fault> {
    let place = Place::of(call)?;
    let create = Need::new("logs:CreateLogGroup", place.stream_arn(&input.log_group_name, ""));
    Ok(Access::All(match &input.tags {
        None => vec![create],
        Some(tags) => {
            let tag = Need::new("logs:TagResource", place.group_arn(&input.log_group_name));
            vec![requesting(create, tags), requesting(tag, tags)]
        }
    }))
}

pub(crate) fn describe_log_streams(
    call: &Call,
    input: &types::DescribeLogStreamsRequest,
) -> Result<Access, Fault> {
    let group = GroupRef::of(call, input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    Ok(Access::one("logs:DescribeLogStreams", group.place.stream_arn(&group.name, "")))
}

pub(crate) fn get_log_events(call: &Call, input: &types::GetLogEventsRequest) -> Result<Access, Fault> {
    let group = GroupRef::of(call, input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    Ok(reading("logs:GetLogEvents", &group, &input.log_stream_name, input.unmask))
}

pub(crate) fn filter_log_events(call: &Call, input: &types::FilterLogEventsRequest) -> Result<Access, Fault> {
    let group = GroupRef::of(call, input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    Ok(reading("logs:FilterLogEvents", &group, "", input.unmask))
}

pub(crate) fn tag_resource(_: &Call, input: &types::TagResourceRequest) -> Result<Access, Fault> {
    GroupRef::parse(&input.resource_arn)?;
    let need = Need::new("logs:TagResource", &input.resource_arn);
    Ok(Access::All(vec![requesting(need, &input.tags)]))
}

pub(crate) fn untag_resource(_: &Call, input: &types::UntagResourceRequest) -> Result<Access, Fault> {
    GroupRef::parse(&input.resource_arn)?;
    let need = Need::new("logs:UntagResource", &input.resource_arn).with("aws:TagKeys", &input.tag_keys);
    Ok(Access::All(vec![need]))
}

pub(crate) fn list_tags_for_resource(
    _: &Call,
    input: &types::ListTagsForResourceRequest,
) -> Result<Access, Fault> {
    GroupRef::parse(&input.resource_arn)?;
    Ok(Access::one("logs:ListTagsForResource", &input.resource_arn))
}

/// Reading events; to see them unmasked takes a permission of its own.
fn reading(action: &str, group: &GroupRef, stream: &str, unmask: Option<bool>) -> Access {
    let mut needs = vec![Need::new(action, group.place.stream_arn(&group.name, stream))];
    if unmask == Some(true) {
        needs.push(Need::new("logs:Unmask", group.place.stream_arn(&group.name, "")));
    }
    Access::All(needs)
}

fn requesting(need: Need, tags: &BTreeMap<String, String>) -> Need {
    let need = need.with("aws:TagKeys", tags.keys());
    tags.iter().fold(need, |need, (key, value)| need.with(format!("aws:RequestTag/{key}"), [value]))
}
