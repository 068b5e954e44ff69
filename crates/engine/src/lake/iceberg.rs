//! Iceberg tables of the catalog: opened, made, and described for it.

use std::collections::{BTreeMap, HashMap};

use datafusion::common::DataFusionError;
use iceberg::spec::{
    FormatVersion, NestedFieldRef, PartitionField, Schema, TableMetadata, TableMetadataBuilder, Transform,
    UnboundPartitionSpec,
};
use iceberg::table::Table as IcebergTable;
use iceberg::{Runtime, TableCreation, TableIdent};
use mastic_api_glue::glue::types::{Column, StorageDescriptor, Table, TableInput};
use mastic_hive::stored_name;

use super::columns::engine_type;
use super::storage::file_io;
use crate::environment::Environment;
use crate::error::{FileError, NodeError};
use crate::types::glue_type;

/// Where the catalog says that a table's newest metadata is.
pub(crate) const METADATA: &str = "metadata_location";

/// Where it was before.
pub(crate) const PREVIOUS_METADATA: &str = "previous_metadata_location";

/// A table of the catalog, opened.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    /// What the catalog keeps of it.
    pub(crate) entry: Table,
    /// The table as its metadata tells it.
    pub(crate) table: IcebergTable,
}

/// What the library says, under the node's name; a file that it could not read or write is named.
pub(crate) fn told(node: &str, error: &iceberg::Error) -> DataFusionError {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut texts: Vec<String> = Vec::new();
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<FileError>() {
            return found.clone().into();
        }
        match current.downcast_ref::<iceberg::Error>() {
            Some(known) => texts.push(known.message().to_owned()),
            None => texts.push(current.to_string()),
        }
        next = current.source();
    }
    texts.dedup();
    NodeError::new(node, texts.join(": ")).into()
}

/// Opens a table that the catalog has.
///
/// # Errors
/// The table names no metadata, or metadata that cannot be read.
pub(crate) async fn open(
    environment: &Environment,
    node: &str,
    entry: Table,
) -> Result<Opened, DataFusionError> {
    let name = format!("{}.{}", entry.database_name.as_deref().unwrap_or_default(), entry.name);
    let location = entry.parameters.as_ref().and_then(|parameters| parameters.get(METADATA)).cloned();
    let location = location.ok_or_else(|| {
        NodeError::new(
            node,
            format!("table `{name}`: it has no parameter `{METADATA}`, as Iceberg tables do"),
        )
    })?;
    let io = file_io(environment, node);
    let metadata =
        TableMetadata::read_from(&io, &location).await.map_err(|error| match told(node, &error) {
            DataFusionError::External(inner) if inner.is::<FileError>() => DataFusionError::External(inner),
            error => {
                FileError::new(node, &location, format!("it is no metadata of Iceberg: {}", said(&error)))
                    .into()
            }
        })?;
    let table = table(environment, node, &entry, metadata, location)?;
    Ok(Opened { entry, table })
}

fn said(error: &DataFusionError) -> String {
    match error {
        DataFusionError::External(inner) => match inner.downcast_ref::<NodeError>() {
            Some(error) => error.message().to_owned(),
            None => inner.to_string(),
        },
        other => other.strip_backtrace(),
    }
}

/// A table of this metadata.
///
/// # Errors
/// What the library says.
pub(crate) fn table(
    environment: &Environment,
    node: &str,
    entry: &Table,
    metadata: TableMetadata,
    location: String,
) -> Result<IcebergTable, DataFusionError> {
    let failed = |error: iceberg::Error| told(node, &error);
    let database = entry.database_name.as_deref().unwrap_or_default();
    IcebergTable::builder()
        .file_io(file_io(environment, node))
        .metadata(metadata)
        .metadata_location(location)
        .identifier(TableIdent::from_strs([database, entry.name.as_str()]).map_err(failed)?)
        .runtime(Runtime::try_current().map_err(failed)?)
        .build()
        .map_err(failed)
}

/// The metadata of a table that does not exist yet. `keys` are the columns whose values are partitions.
///
/// # Errors
/// A key is no column, or the properties contradict each other.
pub(crate) fn new_metadata(
    location: &str,
    schema: Schema,
    keys: &[String],
    mut properties: BTreeMap<String, String>,
    uuid: &str,
) -> Result<TableMetadata, String> {
    let version = match properties.remove("format-version").as_deref() {
        None | Some("2") => FormatVersion::V2,
        Some("1") => FormatVersion::V1,
        Some(other) => {
            return Err(format!("tables of the format version `{other}` are not supported: 1 or 2"));
        }
    };
    let mut spec = UnboundPartitionSpec::builder();
    for key in keys {
        let field = schema.field_by_name_case_insensitive(key);
        let field = field.ok_or_else(|| format!("there is no column `{key}` to partition by"))?;
        spec = spec
            .add_partition_field(field.id, &field.name, Transform::Identity)
            .map_err(|error| error.message().to_owned())?;
    }
    let creation = TableCreation::builder()
        .name(String::new())
        .location(location.trim_end_matches('/').to_owned())
        .schema(schema)
        .partition_spec(spec.build())
        .properties(properties.into_iter().collect::<HashMap<_, _>>())
        .format_version(version)
        .build();
    let built = TableMetadataBuilder::from_table_creation(creation)
        .and_then(|builder| match uuid.parse() {
            Ok(uuid) => builder.assign_uuid(uuid).build(),
            Err(_) => builder.build(),
        })
        .map_err(|error| error.message().to_owned())?;
    Ok(built.metadata)
}

/// What the catalog keeps of a table's columns.
///
/// # Errors
/// Names the column of a type that the catalog does not have.
pub(crate) fn columns(schema: &Schema) -> Result<Vec<Column>, String> {
    let fields = schema.as_struct().fields().iter();
    fields
        .map(|field| {
            let of = engine_type(&field.field_type).and_then(|of| glue_type(&of));
            let of = of.map_err(|error| format!("the column `{}`: {error}", field.name))?;
            let marks = [
                ("iceberg.field.current", "true".to_owned()),
                ("iceberg.field.id", field.id.to_string()),
                ("iceberg.field.optional", (!field.required).to_string()),
            ];
            Ok(Column {
                name: stored_name(&field.name),
                r#type: Some(of.to_string()),
                comment: field.doc.clone(),
                parameters: Some(marks.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()),
            })
        })
        .collect()
}

/// The catalog's entry of a new table.
///
/// # Errors
/// Names the column of a type that the catalog does not have.
pub(crate) fn new_entry(name: &str, metadata: &TableMetadata, location: &str) -> Result<TableInput, String> {
    Ok(TableInput {
        name: name.to_owned(),
        storage_descriptor: Some(StorageDescriptor {
            columns: Some(columns(metadata.current_schema())?),
            location: Some(metadata.location().to_owned()),
            ..StorageDescriptor::default()
        }),
        table_type: Some("EXTERNAL_TABLE".to_owned()),
        parameters: Some(BTreeMap::from([
            ("table_type".to_owned(), "ICEBERG".to_owned()),
            (METADATA.to_owned(), location.to_owned()),
        ])),
        ..TableInput::default()
    })
}

/// A schema with more columns. The builder of metadata gives it its number.
///
/// # Errors
/// A name is there already.
pub(crate) fn with_columns(schema: &Schema, more: Vec<NestedFieldRef>) -> iceberg::Result<Schema> {
    Schema::builder()
        .with_schema_id(schema.schema_id() + 1)
        .with_identifier_field_ids(schema.identifier_field_ids())
        .with_fields(schema.as_struct().fields().iter().cloned().chain(more))
        .build()
}

/// The columns by which a table is divided as they are; nothing if any is transformed.
pub(crate) fn identity_keys(metadata: &TableMetadata) -> Option<Vec<&str>> {
    let schema = metadata.current_schema();
    let fields = metadata.default_partition_spec().fields().iter();
    fields
        .filter(|field: &&PartitionField| field.transform != Transform::Void)
        .map(|field| {
            let identity = field.transform == Transform::Identity;
            schema.name_by_field_id(field.source_id).filter(|_| identity)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::datatypes::{DataType, Field, TimeUnit};

    use super::super::columns::nested;
    use super::*;

    fn schema() -> Schema {
        let instant = DataType::Timestamp(TimeUnit::Microsecond, None);
        let fields = [
            Arc::new(Field::new("Id", DataType::Int64, true)),
            Arc::new(Field::new("day", DataType::Date32, true)),
            Arc::new(Field::new("at", instant, true)),
        ];
        Schema::builder().with_fields(nested(fields.iter(), &mut 0).unwrap()).build().unwrap()
    }

    const UUID: &str = "8ab8a2b4-51a8-4f6c-a0c7-6d8b5d0b4f55";

    #[test]
    fn a_new_table_is_described_to_the_catalog() {
        let properties = BTreeMap::from([("write.parquet.compression-codec".to_owned(), "gzip".to_owned())]);
        let keys = ["DAY".to_owned()];
        let metadata = new_metadata("s3://b/t/", schema(), &keys, properties, UUID).unwrap();
        assert_eq!((metadata.location(), metadata.uuid().to_string().as_str()), ("s3://b/t", UUID));
        assert_eq!(identity_keys(&metadata), Some(vec!["day"]));
        let entry = new_entry("t", &metadata, "s3://b/t/metadata/0.json").unwrap();
        let columns = entry.storage_descriptor.unwrap().columns.unwrap();
        let told: Vec<_> =
            columns.iter().map(|c| format!("{} {}", c.name, c.r#type.as_deref().unwrap())).collect();
        assert_eq!(told, ["id bigint", "day date", "at timestamp"]);
        assert_eq!(entry.parameters.unwrap()["table_type"], "ICEBERG");
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let made = |keys: &[&str], properties: &[(&str, &str)]| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            let properties =
                properties.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
            new_metadata("s3://b/t", schema(), &keys, properties, UUID).unwrap_err()
        };
        assert!(made(&["x"], &[]).contains("`x`"));
        assert!(made(&[], &[("format-version", "3")]).contains("`3`"));
    }
}
