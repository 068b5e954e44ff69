//! Databases.

use std::collections::HashSet;

use mastic_api_glue::glue::types::{
    CreateDatabaseRequest, CreateDatabaseResponse, Database, DatabaseAttributes, DatabaseInput,
    DeleteDatabaseRequest, DeleteDatabaseResponse, GetDatabaseRequest, GetDatabaseResponse,
    GetDatabasesRequest, GetDatabasesResponse, ResourceShareType, UpdateDatabaseRequest,
    UpdateDatabaseResponse,
};
use mastic_core::{AccountId, Fault, Region};
use mastic_hive::stored_name;
use mastic_kernel::ports::CatalogChange;
use mastic_kernel::{Ctx, Need, tags};
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::access::table_arn;
use crate::arguments::OnDatabase;
use crate::events::Events;
use crate::functions::{self, FUNCTIONS};
use crate::keys::{DATABASES, ORPHANS, TABLES};
use crate::place::Place;
use crate::records::{DatabaseRecord, OrphanRecord, kept_database};
use crate::{catalogs, errors, links, orphans, paging};

/// The database with this stored name.
///
/// # Errors
/// `EntityNotFoundException` if there is none.
pub(crate) fn find(tx: &ReadTx<'_>, place: &Place, name: &str) -> Result<DatabaseRecord, Fault> {
    match DATABASES.get(tx, &key(place, name))? {
        Some(record) => Ok(record),
        None => {
            catalogs::check(tx, place)?;
            Err(errors::database_missing(name))
        }
    }
}

pub(crate) fn key<'a>(place: &'a Place, name: &'a str) -> (&'a AccountId, &'a Region, &'a str, &'a str) {
    (&place.account, &place.region, &place.catalog, name)
}

pub(crate) async fn create(ctx: Ctx, input: CreateDatabaseRequest) -> Result<CreateDatabaseResponse, Fault> {
    let place = Place::of(ctx.call(), input.catalog_id.as_deref())?;
    let tags = input.tags.unwrap_or_default();
    tags::check(&tags)?;
    let record = DatabaseRecord {
        id: ctx.entropy().hex(8),
        created: ctx.now(),
        input: checked(input.database_input)?,
        tags,
    };
    let events = Events::of(&ctx);
    ctx.write(move |tx| {
        catalogs::check(tx, &place)?;
        if !DATABASES.insert_new(tx, &key(&place, &record.input.name), &record)? {
            return Err(errors::exists("Database"));
        }
        events.tell(tx, &place, record.input.name, CatalogChange::DatabaseCreated)?;
        Ok(CreateDatabaseResponse {})
    })
    .await
}

pub(crate) async fn get(ctx: Ctx, input: GetDatabaseRequest) -> Result<GetDatabaseResponse, Fault> {
    let place = Place::of(ctx.call(), input.catalog_id())?;
    let record = ctx.read(|tx| find(tx, &place, &stored_name(&input.name)))?;
    let database = links::shown_database(&ctx, &place, record.answer(&place))?;
    Ok(GetDatabaseResponse { database: Some(database) })
}

pub(crate) async fn list(ctx: Ctx, input: GetDatabasesRequest) -> Result<GetDatabasesResponse, Fault> {
    let place = Place::of(ctx.call(), input.catalog_id.as_deref())?;
    let only = input.attributes_to_get.as_deref().map(wanted).transpose()?;
    if foreign_only(input.resource_share_type) {
        return Ok(GetDatabasesResponse::default());
    }
    let size = paging::size(input.max_results, paging::NAMES_A_PAGE);
    let mut range = DATABASES.prefix((&place.account, &place.region, place.catalog.as_str()));
    if let Some(last) = paging::position::<String>(input.next_token.as_deref())? {
        range = range.after(&key(&place, &last));
    }
    let (page, next_token) = ctx.read(|tx| {
        catalogs::check(tx, &place)?;
        let rows = DATABASES.scan(tx, range).map(|row| Ok(row?.1));
        paging::take(rows, size, |record| record.input.name.clone())
    })?;
    let database_list = page
        .into_iter()
        .map(|record| {
            let database = links::shown_database(&ctx, &place, record.answer(&place))?;
            Ok(match &only {
                Some(only) => shortened(database, only),
                None => database,
            })
        })
        .collect::<Result<_, Fault>>()?;
    Ok(GetDatabasesResponse { database_list, next_token })
}

pub(crate) async fn update(ctx: Ctx, input: UpdateDatabaseRequest) -> Result<UpdateDatabaseResponse, Fault> {
    let place = Place::of(ctx.call(), input.catalog_id())?;
    let name = stored_name(&input.name);
    let changed = checked(input.database_input)?;
    if changed.name != name {
        return Err(errors::invalid("The name of a database cannot be changed."));
    }
    let events = Events::of(&ctx);
    ctx.write(move |tx| {
        let record = DatabaseRecord { input: changed, ..find(tx, &place, &name)? };
        DATABASES.put(tx, &key(&place, &name), &record)?;
        events.tell(tx, &place, name, CatalogChange::DatabaseUpdated)?;
        Ok(UpdateDatabaseResponse {})
    })
    .await
}

/// Removes the database at once; its tables cannot be reached from then on, and are swept. It needs
/// a permission for each table and function too.
pub(crate) async fn delete(ctx: Ctx, input: DeleteDatabaseRequest) -> Result<DeleteDatabaseResponse, Fault> {
    let place = Place::of(ctx.call(), input.catalog_id())?;
    let name = stored_name(&input.name);
    let mut authorized = HashSet::new();
    loop {
        for arn in ctx.read(|tx| contents(tx, &place, &name))? {
            if !authorized.contains(&arn) {
                ctx.authorize(&[Need::new(DeleteDatabaseRequest::ACTION, &arn)])?;
                authorized.insert(arn);
            }
        }
        let (place, name, known) = (place.clone(), name.clone(), authorized.len());
        let events = Events::of(&ctx);
        let removed = ctx.write(move |tx| remove(tx, &events, &place, &name, known)).await?;
        if let Some(orphan) = removed {
            orphans::after_delete(&ctx, vec![orphan]).await?;
            return Ok(DeleteDatabaseResponse {});
        }
    }
}

/// Removes the database, unless tables or functions have been added to the `known` ones.
fn remove(
    tx: &mut WriteTx<'_>,
    events: &Events,
    place: &Place,
    name: &str,
    known: usize,
) -> Result<Option<orphans::Orphan>, Fault> {
    let id = find(tx, place, name)?.id;
    let tables = TABLES.count(tx, TABLES.prefix((&place.account, id.as_str())))?;
    let functions = FUNCTIONS.count(tx, FUNCTIONS.prefix((&place.account, id.as_str())))?;
    if usize::try_from(tables + functions).is_ok_and(|there| there > known) {
        return Ok(None);
    }
    DATABASES.delete(tx, &key(place, name))?;
    ORPHANS.put(tx, &(&place.account, id.as_str()), &OrphanRecord::Database)?;
    events.tell(tx, place, name.to_owned(), CatalogChange::DatabaseDeleted)?;
    Ok(Some((place.account.clone(), id)))
}

/// The ARNs of a database's tables and functions.
fn contents(tx: &ReadTx<'_>, place: &Place, database: &str) -> Result<Vec<String>, Fault> {
    let id = find(tx, place, database)?.id;
    let tables = TABLES.scan_prefix(tx, (&place.account, id.as_str())).map(|row| Ok(row?.0.2));
    let tables = tables.collect::<Result<Vec<String>, StoreError>>()?;
    let functions = functions::names(tx, place, &id)?;
    let tables = tables.iter().map(|table| table_arn(place, database, table));
    Ok(tables.chain(functions.iter().map(|name| functions::arn(place, database, name))).collect())
}

/// Whether only what others share is asked for: nothing is shared between catalogs here.
pub(crate) fn foreign_only(share: Option<ResourceShareType>) -> bool {
    matches!(share, Some(ResourceShareType::Foreign | ResourceShareType::Federated))
}

fn checked(input: DatabaseInput) -> Result<DatabaseInput, Fault> {
    if input.federated_database.is_some() {
        return Err(errors::not_supported("FederatedDatabase"));
    }
    Ok(kept_database(input))
}

fn wanted(attributes: &[DatabaseAttributes]) -> Result<Vec<DatabaseAttributes>, Fault> {
    if attributes.contains(&DatabaseAttributes::Name) {
        Ok(attributes.to_vec())
    } else {
        Err(errors::invalid("AttributesToGet must include NAME"))
    }
}

fn shortened(database: Database, only: &[DatabaseAttributes]) -> Database {
    let target = only.contains(&DatabaseAttributes::TargetDatabase);
    Database {
        name: database.name,
        target_database: database.target_database.filter(|_| target),
        ..Database::default()
    }
}
