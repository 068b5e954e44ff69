//! A table as a crawl would make it, fitted to the one that is there.

use std::collections::{BTreeMap, HashMap};

use mastic_api_glue::glue::types::{Column, PartitionInput, SerDeInfo, StorageDescriptor, TableInput};
use mastic_hive::Configuration;

use crate::describe::DEPRECATED_BY;

/// What came of it.
pub(crate) enum Adapted {
    Table(Box<TableInput>),
    /// New columns cannot be merged: this parameter was one thing and is another.
    Clash(&'static str, Option<String>, Option<String>),
}

/// Parameters that tell how data is to be read: `MergeNewColumns` stops at a change of one.
const FUNDAMENTAL: [&str; 3] = ["classification", "compressionType", "delimiter"];

/// Fits `new` to `old`. With `MergeNewColumns` only columns and the crawler's own parameters are added; without,
/// everything is as crawled, which removes what the crawler does not set (Setting crawler configuration
/// options in the AWS Glue Developer Guide), but for what `KeepComments` keeps.
pub(crate) fn adapt(old: &TableInput, mut new: TableInput, configuration: &Configuration) -> Adapted {
    if configuration.merge_new_columns {
        return merged(old, new);
    }
    if configuration.keep_comments {
        new.description.clone_from(&old.description);
        keep_comments(old.partition_keys.as_ref(), new.partition_keys.as_mut());
        if let (Some(old), Some(new)) = (&old.storage_descriptor, &mut new.storage_descriptor) {
            keep_comments(old.columns.as_ref(), new.columns.as_mut());
        }
    }
    Adapted::Table(Box::new(new))
}

fn keep_comments(old: Option<&Vec<Column>>, new: Option<&mut Vec<Column>>) {
    let known: HashMap<&str, &Column> =
        old.into_iter().flatten().map(|column| (column.name.as_str(), column)).collect();
    for column in new.into_iter().flatten() {
        if let Some(known) = known.get(column.name.as_str()) {
            column.comment.clone_from(&known.comment);
        }
    }
}

fn merged(old: &TableInput, new: TableInput) -> Adapted {
    let of = |table: &TableInput, key: &str| table.parameters.as_ref().and_then(|p| p.get(key).cloned());
    for key in FUNDAMENTAL {
        let (was, is) = (of(old, key), of(&new, key));
        if was != is {
            return Adapted::Clash(key, was, is);
        }
    }
    let storage_descriptor = match (&old.storage_descriptor, new.storage_descriptor) {
        (Some(old), Some(new)) => Some(merged_descriptor(old, new)),
        (_, new) => new,
    };
    let mut parameters = overlaid(old.parameters.as_ref(), new.parameters);
    parameters.remove(DEPRECATED_BY);
    Adapted::Table(Box::new(TableInput {
        last_access_time: new.last_access_time,
        storage_descriptor,
        parameters: Some(parameters),
        ..old.clone()
    }))
}

fn merged_descriptor(old: &StorageDescriptor, new: StorageDescriptor) -> StorageDescriptor {
    let mut columns = old.columns.clone().unwrap_or_default();
    for column in new.columns.into_iter().flatten() {
        if columns.iter().all(|known| known.name != column.name) {
            columns.push(column);
        }
    }
    let crawled = new.serde_info.and_then(|serde| serde.parameters);
    let serde = old.serde_info.clone().unwrap_or_default();
    StorageDescriptor {
        columns: Some(columns),
        parameters: Some(overlaid(old.parameters.as_ref(), new.parameters)),
        serde_info: Some(SerDeInfo {
            parameters: Some(overlaid(serde.parameters.as_ref(), crawled)),
            ..serde
        }),
        ..old.clone()
    }
}

fn overlaid(
    old: Option<&BTreeMap<String, String>>,
    new: Option<BTreeMap<String, String>>,
) -> BTreeMap<String, String> {
    let mut all = old.cloned().unwrap_or_default();
    all.extend(new.unwrap_or_default());
    all
}

/// Fits a partition to the one that is there, in the same way.
pub(crate) fn adapt_partition(
    old: &PartitionInput,
    mut new: PartitionInput,
    configuration: &Configuration,
) -> PartitionInput {
    let merge = configuration.merge_new_columns && !configuration.inherit_from_table;
    new.storage_descriptor = match (&old.storage_descriptor, new.storage_descriptor) {
        (Some(old), Some(new)) if merge => Some(merged_descriptor(old, new)),
        (Some(old), Some(mut new)) if configuration.keep_comments => {
            keep_comments(old.columns.as_ref(), new.columns.as_mut());
            Some(new)
        }
        (_, new) => new,
    };
    if configuration.merge_new_columns {
        let mut parameters = old.parameters.clone().unwrap_or_default();
        parameters.remove(DEPRECATED_BY);
        new.parameters = Some(parameters);
    }
    new
}
