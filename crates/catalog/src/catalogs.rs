//! Catalogs that an account has besides its default one ("Catalogs" in the AWS Glue Web API Reference). Those
//! that stand for something elsewhere, such as a Redshift namespace, are refused.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{
    Catalog, CatalogInput, CatalogProperties, CatalogPropertiesOutput, CreateCatalogRequest,
    CreateCatalogResponse, DeleteCatalogRequest, DeleteCatalogResponse, GetCatalogRequest,
    GetCatalogResponse, GetCatalogsRequest, GetCatalogsResponse, UpdateCatalogRequest, UpdateCatalogResponse,
};
use mastic_core::{AccountId, Fault, Region, Timestamp};
use mastic_kernel::ports::CatalogChange;
use mastic_kernel::{Access, Call, Ctx, Need, tags};
use mastic_store::{Keyspace, ReadTx, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use crate::access::with_request_tags;
use crate::events::Events;
use crate::keys::{DATABASES, ORPHANS};
use crate::orphans::{self, Orphan};
use crate::place::Place;
use crate::records::OrphanRecord;
use crate::{errors, paging};

/// Account, region, name; the default catalog has an entry, with an empty name, once it has been changed.
const CATALOGS: Keyspace<(AccountId, Region, String), CatalogRecord> = Keyspace::new("glue.catalog").staged();

/// A catalog.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CatalogRecord {
    created: Timestamp,
    updated: Timestamp,
    input: CatalogInput,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Record for CatalogRecord {
    const VERSION: u16 = 1;
}

impl CatalogRecord {
    fn answer(self, place: &Place) -> Catalog {
        let input = self.input;
        let name = if place.catalog.is_empty() { place.account.to_string() } else { place.catalog.clone() };
        Catalog {
            catalog_id: Some(place.id()),
            name,
            resource_arn: Some(place.arn("catalog")),
            description: input.description,
            parameters: Some(input.parameters.unwrap_or_default()),
            create_time: Some(self.created),
            update_time: Some(self.updated),
            catalog_properties: input.catalog_properties.map(|given| CatalogPropertiesOutput {
                custom_properties: given.custom_properties,
                ..CatalogPropertiesOutput::default()
            }),
            create_table_default_permissions: Some(
                input.create_table_default_permissions.unwrap_or_default(),
            ),
            create_database_default_permissions: Some(
                input.create_database_default_permissions.unwrap_or_default(),
            ),
            allow_full_table_external_data_access: input.allow_full_table_external_data_access,
            ..Catalog::default()
        }
    }
}

fn key(place: &Place) -> (&AccountId, &Region, &str) {
    (&place.account, &place.region, &place.catalog)
}

/// The catalog; that of an account is always there.
///
/// # Errors
/// `EntityNotFoundException` if there is none of this name.
pub(crate) fn find(tx: &ReadTx<'_>, place: &Place) -> Result<CatalogRecord, Fault> {
    match CATALOGS.get(tx, &key(place))? {
        Some(record) => Ok(record),
        None if place.catalog.is_empty() => {
            let moment = Timestamp::from_secs(0);
            let (input, tags) = (CatalogInput::default(), BTreeMap::new());
            Ok(CatalogRecord { created: moment, updated: moment, input, tags })
        }
        None => Err(errors::catalog_missing(&place.id())),
    }
}

/// Gives a catalog other tags.
pub(crate) fn retag(
    tx: &mut WriteTx<'_>,
    place: &Place,
    changed: BTreeMap<String, String>,
) -> Result<(), Fault> {
    let record = CatalogRecord { tags: changed, ..find(tx, place)? };
    Ok(CATALOGS.put(tx, &key(place), &record)?)
}

/// Whether the catalog exists.
pub(crate) fn check(tx: &ReadTx<'_>, place: &Place) -> Result<(), Fault> {
    if place.catalog.is_empty() || CATALOGS.contains(tx, &key(place))? {
        Ok(())
    } else {
        Err(errors::catalog_missing(&place.id()))
    }
}

pub(crate) fn may_create(call: &Call, input: &CreateCatalogRequest) -> Result<Access, Fault> {
    let place = named(call, &input.name)?;
    let tags = input.tags.iter().flatten().collect();
    let needs = place.needs("glue:CreateCatalog");
    Ok(Access::All(needs.into_iter().map(|need| with_request_tags(need, &tags)).collect()))
}

pub(crate) fn may_get(call: &Call, input: &GetCatalogRequest) -> Result<Access, Fault> {
    on(call, &input.catalog_id, "glue:GetCatalog")
}

pub(crate) fn may_list(call: &Call, input: &GetCatalogsRequest) -> Result<Access, Fault> {
    let root = Place::of(call, input.parent_catalog_id.as_deref())?.root();
    let need = |resource| Need::new("glue:GetCatalogs", root.arn(resource));
    Ok(Access::All(vec![need("catalog"), need("catalog/*")]))
}

pub(crate) fn may_update(call: &Call, input: &UpdateCatalogRequest) -> Result<Access, Fault> {
    on(call, &input.catalog_id, "glue:UpdateCatalog")
}

pub(crate) fn may_delete(call: &Call, input: &DeleteCatalogRequest) -> Result<Access, Fault> {
    on(call, &input.catalog_id, "glue:DeleteCatalog")
}

fn on(call: &Call, id: &str, action: &str) -> Result<Access, Fault> {
    Ok(Access::All(Place::of(call, Some(id))?.needs(action)))
}

fn named(call: &Call, name: &str) -> Result<Place, Fault> {
    Ok(Place { catalog: name.to_owned(), ..Place::of(call, None)? })
}

pub(crate) async fn create(ctx: Ctx, input: CreateCatalogRequest) -> Result<CreateCatalogResponse, Fault> {
    let place = named(ctx.call(), &input.name)?;
    if input.name == place.account.as_str() || input.name.contains(':') {
        return Err(errors::invalid("The name of a catalog cannot be the account's id or contain a colon."));
    }
    let tags = input.tags.unwrap_or_default();
    tags::check(&tags)?;
    let now = ctx.now();
    let record = CatalogRecord { created: now, updated: now, input: checked(input.catalog_input)?, tags };
    ctx.write(move |tx| {
        if CATALOGS.insert_new(tx, &key(&place), &record)? {
            Ok(CreateCatalogResponse {})
        } else {
            Err(errors::exists("Catalog"))
        }
    })
    .await
}

pub(crate) async fn get(ctx: Ctx, input: GetCatalogRequest) -> Result<GetCatalogResponse, Fault> {
    let place = Place::of(ctx.call(), Some(&input.catalog_id))?;
    let record = ctx.read(|tx| find(tx, &place))?;
    Ok(GetCatalogResponse { catalog: Some(record.answer(&place)) })
}

/// Catalogs are not nested further, so that a recursive listing is the same as one of the default catalog.
pub(crate) async fn list(ctx: Ctx, input: GetCatalogsRequest) -> Result<GetCatalogsResponse, Fault> {
    let parent = Place::of(ctx.call(), input.parent_catalog_id.as_deref())?;
    if !parent.catalog.is_empty() {
        if input.include_root.is_some() {
            return Err(errors::invalid("IncludeRoot can only be used without a ParentCatalogId."));
        }
        ctx.read(|tx| check(tx, &parent))?;
        return Ok(GetCatalogsResponse::default());
    }
    let size = paging::size(input.max_results, paging::NAMES_A_PAGE);
    let last = paging::position::<String>(input.next_token.as_deref())?;
    let (page, next_token) = ctx.read(|tx| {
        let root = if last.is_none() && input.include_root == Some(true) {
            Some(Ok((parent.clone(), find(tx, &parent)?)))
        } else {
            None
        };
        // The default catalog's entry is the one with an empty name.
        let after = last.clone().unwrap_or_default();
        let range = CATALOGS.prefix((&parent.account, &parent.region));
        let range = range.after(&(&parent.account, &parent.region, after.as_str()));
        let rows = CATALOGS.scan(tx, range).map(|row| {
            let ((_, _, catalog), record) = row?;
            Ok((Place { catalog, ..parent.clone() }, record))
        });
        paging::take(root.into_iter().chain(rows), size, |(place, _)| place.catalog.clone())
    })?;
    let catalog_list = page.into_iter().map(|(place, record)| record.answer(&place)).collect();
    Ok(GetCatalogsResponse { catalog_list, next_token })
}

pub(crate) async fn update(ctx: Ctx, input: UpdateCatalogRequest) -> Result<UpdateCatalogResponse, Fault> {
    let place = Place::of(ctx.call(), Some(&input.catalog_id))?;
    let changed = checked(input.catalog_input)?;
    let now = ctx.now();
    ctx.write(move |tx| {
        let record = CatalogRecord { input: changed, updated: now, ..find(tx, &place)? };
        CATALOGS.put(tx, &key(&place), &record)?;
        Ok(UpdateCatalogResponse {})
    })
    .await
}

/// Removes the catalog and its databases; what is in these cannot be reached from then on, and is swept.
pub(crate) async fn delete(ctx: Ctx, input: DeleteCatalogRequest) -> Result<DeleteCatalogResponse, Fault> {
    let place = Place::of(ctx.call(), Some(&input.catalog_id))?;
    if place.catalog.is_empty() {
        return Err(errors::invalid("The default catalog of an account cannot be deleted."));
    }
    let events = Events::of(&ctx);
    let orphans = ctx
        .write(move |tx| {
            check(tx, &place)?;
            CATALOGS.delete(tx, &key(&place))?;
            let databases = DATABASES
                .scan_prefix(tx, key(&place))
                .map(|row| row.map(|((_, _, _, name), record)| (name, record.id)))
                .collect::<Result<Vec<_>, StoreError>>()?;
            let mut orphans: Vec<Orphan> = Vec::new();
            for (name, id) in databases {
                DATABASES.delete(tx, &crate::databases::key(&place, &name))?;
                ORPHANS.put(tx, &(&place.account, id.as_str()), &OrphanRecord::Database)?;
                events.tell(tx, &place, name, CatalogChange::DatabaseDeleted)?;
                orphans.push((place.account.clone(), id));
            }
            Ok::<_, Fault>(orphans)
        })
        .await?;
    orphans::after_delete(&ctx, orphans).await?;
    Ok(DeleteCatalogResponse {})
}

/// Refuses what stands for something outside this catalog, and what would have to be done by itself.
fn checked(input: CatalogInput) -> Result<CatalogInput, Fault> {
    if input.federated_catalog.is_some() {
        return Err(errors::not_supported("FederatedCatalog"));
    }
    if input.target_redshift_catalog.is_some() {
        return Err(errors::not_supported("TargetRedshiftCatalog"));
    }
    if let Some(properties) = &input.catalog_properties {
        properties_checked(properties)?;
    }
    Ok(input)
}

fn properties_checked(properties: &CatalogProperties) -> Result<(), Fault> {
    if properties.data_lake_access_properties.is_some() {
        return Err(errors::not_supported("DataLakeAccessProperties"));
    }
    if properties.iceberg_optimization_properties.is_some() {
        return Err(errors::not_supported("IcebergOptimizationProperties"));
    }
    let switched_on = |(key, value): (&String, &String)| {
        key.starts_with("ColumnStatistics.") && value.eq_ignore_ascii_case("true")
    };
    match properties.custom_properties.iter().flatten().find(|pair| switched_on(*pair)) {
        Some((key, _)) => Err(errors::not_supported(&format!("the custom property {key}"))),
        None => Ok(()),
    }
}
