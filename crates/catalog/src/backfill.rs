//! What happens to indexes beside the calls: a new one reads all partitions, and one that is to go goes.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{
    BackfillError, BackfillErrorCode, PartitionIndexStatus, PartitionValueList,
};
use mastic_core::{AccountId, Fault};
use mastic_kernel::Background;
use mastic_store::{ReadTx, StoreError};

use crate::indexes;
use crate::keys::{INDEXES, PARTITIONS, Shelf, TABLES};
use crate::records::IndexRecord;

/// How many partitions are told for each kind of error.
const TOLD: usize = 10;

type IndexKey = (AccountId, String, String);

/// Brings every index to rest.
pub(crate) async fn settle(background: &Background) -> Result<(), Fault> {
    let waiting: Vec<(IndexKey, IndexRecord)> = background.read(|tx| {
        let rows = INDEXES.scan(tx, INDEXES.all());
        let at_work = |row: &Result<(_, IndexRecord), StoreError>| match row {
            Ok((_, index)) => {
                matches!(index.status, PartitionIndexStatus::Creating | PartitionIndexStatus::Deleting)
            }
            Err(_) => true,
        };
        rows.filter(at_work).collect::<Result<_, _>>()
    })?;
    for (key, index) in waiting {
        match index.status {
            PartitionIndexStatus::Creating => {
                let (reader, at) = (background.clone(), key.clone());
                let read = move || reader.read(|tx| backfill(tx, &at, &index));
                let errors = tokio::task::spawn_blocking(read).await.map_err(Fault::internal)??;
                background.write(move |tx| finish(tx, &key, errors)).await?;
            }
            _ => {
                background.write(move |tx| INDEXES.delete(tx, &key)).await?;
            }
        }
    }
    Ok(())
}

fn finish(
    tx: &mut mastic_store::WriteTx<'_>,
    key: &IndexKey,
    errors: Vec<BackfillError>,
) -> Result<(), Fault> {
    // It may have gone meanwhile, with its table.
    if let Some(mut index) = INDEXES.get(tx, key)? {
        let whole = errors.is_empty();
        index.status = if whole { PartitionIndexStatus::Active } else { PartitionIndexStatus::Failed };
        index.errors = errors;
        INDEXES.put(tx, key, &index)?;
    }
    Ok(())
}

/// The partitions that an index cannot hold.
fn backfill(
    tx: &ReadTx<'_>,
    (account, id, _): &IndexKey,
    index: &IndexRecord,
) -> Result<Vec<BackfillError>, Fault> {
    let (database, name) = &index.table;
    let table = TABLES.get(tx, &(account, database.as_str(), name.as_str()))?.filter(|table| table.id == *id);
    let Some(table) = table else { return Ok(Vec::new()) };
    let keys: Vec<_> = index.keys.iter().filter_map(|name| indexes::place_of(&table, name)).collect();
    let shelf = Shelf::of(account, &table);
    let mut found: BTreeMap<BackfillErrorCode, Vec<PartitionValueList>> = BTreeMap::new();
    for row in PARTITIONS.scan(tx, shelf.all()) {
        let values = shelf.values(row?.0.2);
        let code = if values.len() != table.keys().len() {
            BackfillErrorCode::MissingPartitionValueError
        } else if values.iter().any(|value| indexes::has_reserved(value)) {
            BackfillErrorCode::UnsupportedPartitionCharacterError
        } else if keys
            .iter()
            .any(|(place, order)| values.get(*place).is_some_and(|v| order.check(v).is_err()))
        {
            BackfillErrorCode::InvalidPartitionTypeDataError
        } else {
            continue;
        };
        let told = found.entry(code).or_default();
        if told.len() < TOLD {
            told.push(PartitionValueList { values });
        }
    }
    let errors = found.into_iter();
    Ok(errors.map(|(code, told)| BackfillError { code: Some(code), partitions: Some(told) }).collect())
}
