//! Tags of analyzers.

use std::collections::BTreeMap;

use mastic_api_iam::accessanalyzer::types::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, TagResourceRequest, TagResourceResponse,
    UntagResourceRequest, UntagResourceResponse,
};
use mastic_core::Fault;
use mastic_kernel::Ctx;

use crate::faults::validation;
use crate::{analyzers, place};

/// How many tags an analyzer can have.
const MOST: usize = 50;

pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    if tags.len() > MOST {
        return Err(validation(format!("A resource can have at most {MOST} tags.")));
    }
    let reserved = |key: &&String| key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
    match tags.keys().find(|key| reserved(key) || key.is_empty() || key.chars().count() > 128) {
        Some(key) => Err(validation(format!("The tag key {key} is not valid."))),
        None => match tags.values().find(|value| value.chars().count() > 256) {
            Some(value) => Err(validation(format!("The tag value {value} is too long."))),
            None => Ok(()),
        },
    }
}

pub(crate) fn list(
    ctx: &Ctx,
    input: &ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, Fault> {
    let key = analyzers::key(ctx, &place::name_of(ctx, &input.resource_arn)?)?;
    let record = ctx.read(|tx| analyzers::load(tx, &key))?;
    Ok(ListTagsForResourceResponse { tags: Some(record.tags) })
}

pub(crate) async fn tag(ctx: Ctx, input: TagResourceRequest) -> Result<TagResourceResponse, Fault> {
    let name = place::name_of(&ctx, &input.resource_arn)?;
    analyzers::change_tags(&ctx, name, move |tags| {
        tags.extend(input.tags);
        Ok(())
    })
    .await?;
    Ok(TagResourceResponse {})
}

pub(crate) async fn untag(ctx: Ctx, input: UntagResourceRequest) -> Result<UntagResourceResponse, Fault> {
    let name = place::name_of(&ctx, &input.resource_arn)?;
    analyzers::change_tags(&ctx, name, move |tags| {
        tags.retain(|key, _| !input.tag_keys.contains(key));
        Ok(())
    })
    .await?;
    Ok(UntagResourceResponse {})
}
