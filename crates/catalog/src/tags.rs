//! Tags: those of databases and catalogs are part of them, those of crawlers, jobs and others are the kernel's.

use std::collections::BTreeMap;
use std::sync::Arc;

use mastic_api_glue::glue::types::{
    GetTagsRequest, GetTagsResponse, TagResourceRequest, TagResourceResponse, UntagResourceRequest,
    UntagResourceResponse,
};
use mastic_core::{Arn, Fault};
use mastic_hive::stored_name;
use mastic_kernel::ports::ResourceTags;
use mastic_kernel::tags::Tags;
use mastic_kernel::{Background, Ctx, tags};
use mastic_store::{ReadTx, WriteTx};

use crate::keys::DATABASES;
use crate::place::Place;
use crate::{catalogs, databases, errors};

/// Where the tags of a resource are.
enum Home {
    Database(Place, String),
    Catalog(Place),
    Kernel(Arn),
}

impl Home {
    fn of(text: &str) -> Result<Self, Fault> {
        let arn: Arn =
            text.parse().map_err(|_| errors::invalid(format!("The ResourceArn {text} is not valid.")))?;
        let (kind, path) = arn.resource().split_once('/').unwrap_or((arn.resource(), ""));
        if !matches!(kind, "database" | "catalog") {
            return Ok(Self::Kernel(arn));
        }
        let (Some(account), Ok(region)) = (arn.account_id(), arn.region().parse()) else {
            return Err(errors::invalid(format!("The ResourceArn {text} is not valid.")));
        };
        let place = |catalog: &str| Place { account, region, catalog: catalog.to_owned() };
        Ok(match (kind, path.rsplit_once('/')) {
            ("catalog", _) => Self::Catalog(place(path)),
            (_, Some((catalog, name))) => Self::Database(place(catalog), stored_name(name)),
            (_, None) => Self::Database(place(""), stored_name(path)),
        })
    }

    fn get(&self, tx: &ReadTx<'_>) -> Result<BTreeMap<String, String>, Fault> {
        match self {
            Self::Database(place, name) => Ok(databases::find(tx, place, name)?.tags),
            Self::Catalog(place) => Ok(catalogs::find(tx, place)?.tags),
            Self::Kernel(arn) => tags::get(tx, arn)?.ok_or_else(|| errors::resource_missing(arn.as_str())),
        }
    }

    fn put(&self, tx: &mut WriteTx<'_>, changed: BTreeMap<String, String>) -> Result<(), Fault> {
        tags::check(&changed)?;
        match self {
            Self::Database(place, name) => {
                let mut record = databases::find(tx, place, name)?;
                record.tags = changed;
                Ok(DATABASES.put(tx, &databases::key(place, name), &record)?)
            }
            Self::Catalog(place) => catalogs::retag(tx, place, changed),
            Self::Kernel(arn) => Ok(tags::put(tx, arn, changed)?),
        }
    }
}

/// The tags of Glue's resources, as conditions ask for them.
pub struct GlueTags(Background);

impl GlueTags {
    /// Reads in the given context.
    #[must_use]
    pub fn new(background: Background) -> Arc<Self> {
        Arc::new(Self(background))
    }
}

impl ResourceTags for GlueTags {
    fn tags(&self, arn: &Arn) -> Result<Tags, Fault> {
        let Ok(home) = Home::of(arn.as_str()) else { return Ok(Tags::new()) };
        let found = self.0.read(|tx| home.get(tx));
        // What does not exist has no tags.
        found.or_else(|fault: Fault| if fault.status() < 500 { Ok(Tags::new()) } else { Err(fault) })
    }
}

pub(crate) async fn add(ctx: Ctx, input: TagResourceRequest) -> Result<TagResourceResponse, Fault> {
    let home = Home::of(&input.resource_arn)?;
    ctx.write(move |tx| {
        let mut tags = home.get(tx)?;
        tags.extend(input.tags_to_add);
        home.put(tx, tags)?;
        Ok(TagResourceResponse {})
    })
    .await
}

pub(crate) async fn remove(ctx: Ctx, input: UntagResourceRequest) -> Result<UntagResourceResponse, Fault> {
    let home = Home::of(&input.resource_arn)?;
    ctx.write(move |tx| {
        let mut tags = home.get(tx)?;
        tags.retain(|key, _| !input.tags_to_remove.contains(key));
        home.put(tx, tags)?;
        Ok(UntagResourceResponse {})
    })
    .await
}

pub(crate) async fn get(ctx: Ctx, input: GetTagsRequest) -> Result<GetTagsResponse, Fault> {
    let home = Home::of(&input.resource_arn)?;
    Ok(GetTagsResponse { tags: Some(ctx.read(|tx| home.get(tx))?) })
}
