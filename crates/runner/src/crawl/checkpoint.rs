//! Checkpoints of Delta logs in Parquet: the rows that tell a table's description and its files ("Checkpoints" in the
//! Delta Transaction Log Protocol, Delta Lake). Other columns, statistics among them, are not read.

use std::sync::Arc;

use mastic_crawl::lake::delta::{Action, Add, Metadata, Named};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;

/// The columns that are read, and what of them. Of files only where these matter.
const DESCRIPTION: (&str, &[&str]) = ("metaData", &["schemaString", "partitionColumns", "configuration"]);
const FILES: [(&str, &[&str]); 2] =
    [("add", &["path", "partitionValues", "deletionVector"]), ("sidecar", &["path"])];

/// The actions of a checkpoint, or of one of its parts.
pub(super) fn read<R: ChunkReader + 'static>(
    file: R,
    files_matter: bool,
) -> Result<Vec<Action>, ParquetError> {
    let reader = SerializedFileReader::new(file)?;
    let root = reader.metadata().file_metadata().schema();
    let of_files = FILES.into_iter().filter(|_| files_matter);
    let columns = [DESCRIPTION].into_iter().chain(of_files).filter_map(|(name, parts)| {
        let column = root.get_fields().iter().find(|field| field.name() == name)?;
        Some(narrow(column, parts))
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let projection = Type::group_type_builder(root.name()).with_fields(columns).build()?;
    let mut actions = Vec::new();
    for row in reader.get_row_iter(Some(projection))? {
        let action = action(&row?);
        if action.metadata.is_some() || action.add.is_some() || action.sidecar.is_some() {
            actions.push(action);
        }
    }
    Ok(actions)
}

/// A column of a struct with some of its parts only.
fn narrow(column: &Arc<Type>, parts: &[&str]) -> Result<Arc<Type>, ParquetError> {
    if !column.is_group() {
        return Ok(Arc::clone(column));
    }
    let fields = column.get_fields().iter().filter(|field| parts.contains(&field.name())).cloned();
    let group = Type::group_type_builder(column.name())
        .with_repetition(column.get_basic_info().repetition())
        .with_fields(fields.collect());
    Ok(Arc::new(group.build()?))
}

fn action(row: &Row) -> Action {
    let mut action = Action::default();
    for (name, field) in row.get_column_iter() {
        let Field::Group(parts) = field else { continue };
        let part =
            |name: &str| parts.get_column_iter().find(|(found, _)| *found == name).map(|(_, field)| field);
        let path = || part("path").and_then(text).unwrap_or_default();
        match name.as_str() {
            "metaData" => {
                action.metadata = Some(Metadata {
                    schema_string: part("schemaString").and_then(text).unwrap_or_default(),
                    partition_columns: part("partitionColumns").map(texts).unwrap_or_default(),
                    configuration: part("configuration").map(entries).unwrap_or_default(),
                });
            }
            "add" => {
                let vector = part("deletionVector").filter(|field| !matches!(field, Field::Null));
                action.add = Some(Add {
                    path: path(),
                    partition_values: part("partitionValues").map(entries).unwrap_or_default(),
                    deletion_vector: vector.map(|_| true.into()),
                });
            }
            _ => action.sidecar = Some(Named { path: path() }),
        }
    }
    action
}

fn text(field: &Field) -> Option<String> {
    match field {
        Field::Str(text) => Some(text.clone()),
        Field::Bytes(bytes) => bytes.as_utf8().ok().map(str::to_owned),
        _ => None,
    }
}

fn texts(field: &Field) -> Vec<String> {
    match field {
        Field::ListInternal(list) => list.elements().iter().filter_map(text).collect(),
        _ => Vec::new(),
    }
}

fn entries<M: FromIterator<(String, Option<String>)>>(field: &Field) -> M {
    let all = match field {
        Field::MapInternal(map) => map.entries(),
        _ => &[],
    };
    all.iter().filter_map(|(key, value)| Some((text(key)?, text(value)))).collect()
}
