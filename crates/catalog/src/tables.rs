//! Tables.

use mastic_api_glue::glue::types::{
    BatchDeleteTableRequest, BatchDeleteTableResponse, CreateTableRequest, CreateTableResponse,
    DeleteTableRequest, DeleteTableResponse, GetTableRequest, GetTableResponse, GetTablesRequest,
    GetTablesResponse, PartitionIndexStatus, Table, TableAttributes, TableError, TableInput,
    UpdateTableRequest, UpdateTableResponse,
};
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_hive::stored_name;
use mastic_kernel::ports::CatalogChange;
use mastic_kernel::{Call, Ctx};
use mastic_store::{ReadTx, WriteTx};
use regex::Regex;

use crate::arguments::{OnDatabase, OnTable, no_table_input};
use crate::events::Events;
use crate::keys::{ORPHANS, TABLES, VERSIONS};
use crate::place::Place;
use crate::records::{OrphanRecord, TableRecord};
use crate::{databases, errors, iceberg, indexes, links, orphans, paging, reorder, statistics};

/// A table as an input names it, in stored names.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) place: Place,
    pub(crate) database: String,
    pub(crate) table: String,
}

impl Target {
    pub(crate) fn of<I: OnTable>(call: &Call, input: &I) -> Result<Self, Fault> {
        Ok(Self {
            place: Place::of(call, input.catalog_id())?,
            database: stored_name(input.database()),
            table: stored_name(input.table()?),
        })
    }

    /// The table.
    ///
    /// # Errors
    /// `EntityNotFoundException` if it or its database is missing.
    pub(crate) fn find(&self, tx: &ReadTx<'_>) -> Result<TableRecord, Fault> {
        Ok(self.find_with_database(tx)?.1)
    }

    /// The table, and the id of its database.
    pub(crate) fn find_with_database(&self, tx: &ReadTx<'_>) -> Result<(String, TableRecord), Fault> {
        let database = databases::find(tx, &self.place, &self.database)?.id;
        let record = TABLES.get(tx, &self.key(&database))?;
        record.map(|record| (database, record)).ok_or_else(|| errors::table_missing(&self.table))
    }

    fn key<'a>(&'a self, database: &'a str) -> (&'a AccountId, &'a str, &'a str) {
        (&self.place.account, database, &self.table)
    }

    /// Whether the table can be made.
    fn is_free(&self, tx: &ReadTx<'_>) -> Result<(), Fault> {
        let database = databases::find(tx, &self.place, &self.database)?.id;
        if TABLES.contains(tx, &self.key(&database))? { Err(errors::exists("Table")) } else { Ok(()) }
    }

    /// Removes the table; what hangs on it is an orphan then.
    fn remove(&self, tx: &mut WriteTx<'_>, events: &Events) -> Result<orphans::Orphan, Fault> {
        let (database, record) = self.find_with_database(tx)?;
        TABLES.delete(tx, &self.key(&database))?;
        ORPHANS.put(tx, &(&self.place.account, record.id.as_str()), &OrphanRecord::Table)?;
        events.tell(
            tx,
            &self.place,
            self.database.clone(),
            CatalogChange::TableDeleted(self.table.clone()),
        )?;
        Ok((self.place.account.clone(), record.id))
    }
}

/// Refuses what belonged to governed tables, which AWS has retired.
pub(crate) fn no_transaction(id: Option<&String>, as_of: Option<Timestamp>) -> Result<(), Fault> {
    match (id, as_of) {
        (Some(_), _) => Err(errors::not_supported("TransactionId")),
        (_, Some(_)) => Err(errors::not_supported("QueryAsOfTime")),
        _ => Ok(()),
    }
}

pub(crate) async fn create(ctx: Ctx, input: CreateTableRequest) -> Result<CreateTableResponse, Fault> {
    no_transaction(input.transaction_id.as_ref(), None)?;
    let target = Target::in_linked(&ctx, &input)?;
    let indexes = input.partition_indexes.unwrap_or_default();
    let iceberg = input.open_table_format_input.as_ref().is_some_and(|format| format.iceberg_input.is_some());
    let mut table = match input.table_input {
        // An Iceberg table can do without.
        None if iceberg => TableInput::default(),
        None => return Err(no_table_input()),
        Some(table) => table,
    };
    table.name.clone_from(&target.table);
    if let Some(format) = input.open_table_format_input {
        ctx.read(|tx| target.is_free(tx))?;
        let uuids = [ctx.entropy().uuid(), ctx.entropy().uuid()];
        if let Some(file) = iceberg::create(&mut table, format, ctx.now(), uuids)? {
            let writer = ctx.kernel().object_writer()?;
            writer.put(&ctx, &file.bucket, &file.key, file.bytes).await.map_err(errors::of_s3)?;
        }
    }
    let mut record = TableRecord {
        id: ctx.entropy().hex(8),
        version: 0,
        created: ctx.now(),
        updated: ctx.now(),
        created_by: ctx.caller().arn(),
        input: table,
        order: Vec::new(),
    };
    record.order = record.key_types();
    let events = Events::of(&ctx);
    ctx.write(move |tx| {
        let database = databases::find(tx, &target.place, &target.database)?.id;
        if !TABLES.insert_new(tx, &target.key(&database), &record)? {
            return Err(errors::exists("Table"));
        }
        for index in indexes {
            // There is nothing yet for it to hold.
            let status = PartitionIndexStatus::Active;
            indexes::add(tx, &target.place.account, &database, &record, index, status)?;
        }
        events.tell(tx, &target.place, target.database, CatalogChange::TableCreated(target.table))?;
        Ok(CreateTableResponse {})
    })
    .await
}

pub(crate) async fn get(ctx: Ctx, input: GetTableRequest) -> Result<GetTableResponse, Fault> {
    no_transaction(input.transaction_id.as_ref(), input.query_as_of_time)?;
    let target = Target::in_linked(&ctx, &input)?;
    let record = ctx.read(|tx| {
        let database = databases::find(tx, &target.place, &target.database)?.id;
        TABLES.get(tx, &target.key(&database))?.ok_or_else(errors::entity_missing)
    })?;
    let table = record.answer(&target.place, &target.database);
    Ok(GetTableResponse { table: Some(links::shown_table(&ctx, &target.place, table)?) })
}

pub(crate) async fn list(ctx: Ctx, input: GetTablesRequest) -> Result<GetTablesResponse, Fault> {
    no_transaction(input.transaction_id.as_ref(), input.query_as_of_time)?;
    let place = Place::of(ctx.call(), input.catalog_id())?;
    let name = stored_name(&input.database_name);
    let (place, name) = links::database(&ctx, "glue:GetTables", place, name)?;
    let pattern =
        input.expression.as_deref().filter(|text| !text.is_empty()).map(names_matching).transpose()?;
    let only = input.attributes_to_get.as_deref().map(wanted).transpose()?;
    let size = paging::size(input.max_results, paging::NAMES_A_PAGE);
    let after = paging::position::<String>(input.next_token.as_deref())?;
    let (page, next_token) = ctx.read(|tx| {
        let database = databases::find(tx, &place, &name)?.id;
        let mut range = TABLES.prefix((&place.account, database.as_str()));
        if let Some(last) = &after {
            range = range.after(&(&place.account, database.as_str(), last.as_str()));
        }
        let rows = TABLES.scan(tx, range).map(|row| Ok(row?.1)).filter(|row: &Result<TableRecord, Fault>| {
            match (row, &pattern) {
                (Ok(record), Some(pattern)) => pattern.is_match(&record.input.name),
                _ => true,
            }
        });
        paging::take(rows, size, |record| record.input.name.clone())
    })?;
    let tables = page.into_iter().map(|record| {
        let table = links::shown_table(&ctx, &place, record.answer(&place, &name))?;
        Ok(match &only {
            Some(only) => shortened(table, only),
            None => table,
        })
    });
    Ok(GetTablesResponse { table_list: Some(tables.collect::<Result<_, Fault>>()?), next_token })
}

pub(crate) async fn update(ctx: Ctx, input: UpdateTableRequest) -> Result<UpdateTableResponse, Fault> {
    no_transaction(input.transaction_id.as_ref(), None)?;
    if input.view_update_action.is_some() {
        return Err(errors::not_supported("ViewUpdateAction"));
    }
    if input.update_open_table_format_input.is_some() {
        return Err(errors::not_supported("UpdateOpenTableFormatInput"));
    }
    let named = stored_name(input.table()?);
    if input.table_input.as_ref().zip(input.name.as_ref()).is_some_and(|(_, name)| stored_name(name) != named)
    {
        return Err(errors::invalid("The name of a table cannot be changed."));
    }
    let target = Target::followed(&ctx, &input)?;
    let mut changed = kept(input.table_input, &target)?;
    if target.table != named || target.place != Place::of(ctx.call(), input.catalog_id.as_deref())? {
        // A link cannot be made to lead elsewhere.
        changed.target_table = None;
    }
    let (archive, expected, now) = (input.skip_archive != Some(true), input.version_id, ctx.now());
    let events = Events::of(&ctx);
    ctx.write(move |tx| {
        let (database, old) = target.find_with_database(tx)?;
        if expected.is_some_and(|expected| expected != old.version.to_string()) {
            return Err(errors::concurrent_update());
        }
        if archive {
            VERSIONS.put(tx, &(&target.place.account, old.id.as_str(), old.version), &old)?;
        }
        let mut record = TableRecord { version: old.version + 1, updated: now, input: changed, ..old };
        indexes::check_all(tx, &target.place.account, &record)?;
        reorder::adapt(tx, &target.place.account, &mut record)?;
        TABLES.put(tx, &target.key(&database), &record)?;
        statistics::keep_columns(tx, &target.place.account, &record)?;
        events.tell(tx, &target.place, target.database, CatalogChange::TableUpdated(target.table))?;
        Ok(UpdateTableResponse {})
    })
    .await
}

pub(crate) async fn delete(ctx: Ctx, input: DeleteTableRequest) -> Result<DeleteTableResponse, Fault> {
    no_transaction(input.transaction_id.as_ref(), None)?;
    let target = Target::in_linked(&ctx, &input)?;
    let events = Events::of(&ctx);
    let orphan = ctx.write(move |tx| target.remove(tx, &events)).await?;
    orphans::after_delete(&ctx, vec![orphan]).await?;
    Ok(DeleteTableResponse {})
}

pub(crate) async fn batch_delete(
    ctx: Ctx,
    input: BatchDeleteTableRequest,
) -> Result<BatchDeleteTableResponse, Fault> {
    no_transaction(input.transaction_id.as_ref(), None)?;
    let place = Place::of(ctx.call(), input.catalog_id())?;
    let database = stored_name(&input.database_name);
    let events = Events::of(&ctx);
    let (orphans, errors) = ctx
        .write(move |tx| {
            databases::find(tx, &place, &database)?;
            let (mut orphans, mut errors) = (Vec::new(), Vec::new());
            for name in input.tables_to_delete {
                let table = stored_name(&name);
                match (Target { place: place.clone(), database: database.clone(), table }).remove(tx, &events)
                {
                    Ok(orphan) => orphans.push(orphan),
                    Err(fault) => {
                        let error_detail = Some(errors::detail(fault)?);
                        errors.push(TableError { table_name: Some(name), error_detail });
                    }
                }
            }
            Ok::<_, Fault>((orphans, errors))
        })
        .await?;
    orphans::after_delete(&ctx, orphans).await?;
    Ok(BatchDeleteTableResponse { errors: Some(errors) })
}

/// A table's input as it is kept: the name in lower case.
fn kept(input: Option<TableInput>, target: &Target) -> Result<TableInput, Fault> {
    let mut input = input.ok_or_else(no_table_input)?;
    input.name.clone_from(&target.table);
    Ok(input)
}

/// The names that an `Expression` of `GetTables` means: those that match it as a whole.
fn names_matching(expression: &str) -> Result<Regex, Fault> {
    Regex::new(&format!("^(?:{expression})$"))
        .map_err(|_| errors::invalid(format!("Expression is not a valid regular expression: {expression}")))
}

fn wanted(attributes: &[TableAttributes]) -> Result<Vec<TableAttributes>, Fault> {
    if attributes.contains(&TableAttributes::Name) {
        Ok(attributes.to_vec())
    } else {
        Err(errors::invalid("AttributesToGet must include NAME"))
    }
}

fn shortened(table: Table, only: &[TableAttributes]) -> Table {
    let typed = only.contains(&TableAttributes::TableType);
    Table { name: table.name, table_type: table.table_type.filter(|_| typed), ..Table::default() }
}
