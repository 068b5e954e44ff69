//! Tags of log groups.

use std::collections::BTreeMap;

use mastic_api_watch::logs::types;
use mastic_core::{Arn, Fault};
use mastic_kernel::Ctx;
use mastic_kernel::ports::ResourceTags;
use mastic_kernel::tags::Tags;

use crate::place::GroupRef;
use crate::{Watch, faults};

/// How many tags a resource can have (TagResource).
const MOST: usize = 50;

/// Whether a group may carry these tags.
pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    if tags.len() > MOST {
        return Err(faults::too_many_tags());
    }
    match tags.keys().find(|key| key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))) {
        Some(key) => Err(faults::invalid(format!(
            "The tag key {key} is reserved: keys starting with aws: are for system use."
        ))),
        None => Ok(()),
    }
}

pub(crate) async fn tag(ctx: Ctx, input: types::TagResourceRequest) -> Result<(), Fault> {
    change(ctx, &input.resource_arn, move |tags| {
        tags.extend(input.tags);
        check(tags)
    })
    .await
}

pub(crate) async fn untag(ctx: Ctx, input: types::UntagResourceRequest) -> Result<(), Fault> {
    change(ctx, &input.resource_arn, move |tags| {
        tags.retain(|key, _| !input.tag_keys.contains(key));
        Ok(())
    })
    .await
}

pub(crate) async fn list(
    ctx: Ctx,
    input: types::ListTagsForResourceRequest,
) -> Result<types::ListTagsForResourceResponse, Fault> {
    let GroupRef { place, name } = GroupRef::parse(&input.resource_arn)?;
    let group = ctx.read(|tx| place.group(tx, &name))?;
    Ok(types::ListTagsForResourceResponse { tags: Some(group.tags) })
}

impl ResourceTags for Watch {
    fn tags(&self, arn: &Arn) -> Result<Tags, Fault> {
        // A stream has the tags of its group.
        let group = arn.as_str().split(":log-stream:").next().unwrap_or_default();
        let Ok(GroupRef { place, name }) = GroupRef::parse(group) else { return Ok(Tags::new()) };
        let found = self.background.read(|tx| place.group(tx, &name));
        // What does not exist has no tags.
        match found {
            Ok(group) => Ok(group.tags),
            Err(fault) if fault.status() < 500 => Ok(Tags::new()),
            Err(fault) => Err(fault),
        }
    }
}

async fn change(
    ctx: Ctx,
    arn: &str,
    change: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let GroupRef { place, name } = GroupRef::parse(arn)?;
    ctx.write_plain(move |tx| {
        let mut group = place.group(tx, &name)?;
        change(&mut group.tags)?;
        Ok(place.put_group(tx, &name, &group)?)
    })
    .await
}
