//! Tables that `CreateTable` makes Iceberg tables: their first metadata file, and what the catalog says of them
//! ("Iceberg Table Spec"; "OpenTableFormatInput" in the AWS Glue Web API Reference).

use mastic_api_glue::glue::types::{
    Column, CreateIcebergTableInput, IcebergInput, OpenTableFormatInput, StorageDescriptor, TableInput,
};
use mastic_core::{Fault, Timestamp};
use mastic_shape::Value;
use serde_json::{Value as Json, json};

use crate::errors;
use crate::iceberg_types::{self as types, Ids};

/// The version of the table format that is made.
const VERSION: &str = "2";

/// Partition fields are numbered from here on.
const FIRST_PARTITION_FIELD: i32 = 1000;

/// A metadata file to be written.
pub(crate) struct Metadata {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) bytes: Vec<u8>,
}

/// Makes an Iceberg table of a table's input.
///
/// # Errors
/// If it cannot be one, or is to be one that is not supported.
pub(crate) fn create(
    table: &mut TableInput,
    format: OpenTableFormatInput,
    now: Timestamp,
    uuids: [String; 2],
) -> Result<Option<Metadata>, Fault> {
    let Some(IcebergInput { version, create_iceberg_table_input: wanted, .. }) = format.iceberg_input else {
        return Ok(None);
    };
    if version.as_deref().is_some_and(|version| version != VERSION) {
        return Err(errors::not_supported("a Version of IcebergInput other than 2"));
    }
    if table.partition_keys.as_ref().is_some_and(|keys| !keys.is_empty()) {
        return Err(errors::invalid(
            "An Iceberg table has no PartitionKeys. Its partition spec tells of partitions.",
        ));
    }
    let content = match wanted {
        Some(wanted) => Content::of_input(wanted)?,
        None => Content::of_descriptor(table)?,
    };
    let [table_uuid, file_uuid] = uuids;
    let location = content.location.trim_end_matches('/').to_owned();
    let place = location.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let Some((bucket, folder)) = place.filter(|(bucket, folder)| !bucket.is_empty() && !folder.is_empty())
    else {
        return Err(errors::invalid(format!(
            "{location} is not the location of an Iceberg table: s3://bucket/folder"
        )));
    };
    let key = format!("{folder}/metadata/00000-{file_uuid}.metadata.json");
    let metadata_location = format!("s3://{bucket}/{key}");
    let bytes =
        serde_json::to_vec(&content.metadata(&location, &table_uuid, now)).map_err(Fault::internal)?;
    let file = Metadata { bucket: bucket.to_owned(), key, bytes };

    let descriptor = table.storage_descriptor.get_or_insert_with(StorageDescriptor::default);
    descriptor.columns = Some(content.columns);
    descriptor.location = Some(location);
    table.table_type.get_or_insert_with(|| "EXTERNAL_TABLE".to_owned());
    let parameters = table.parameters.get_or_insert_default();
    parameters.insert("table_type".to_owned(), "ICEBERG".to_owned());
    parameters.insert("metadata_location".to_owned(), metadata_location);
    Ok(Some(file))
}

/// What a new table consists of.
struct Content {
    location: String,
    columns: Vec<Column>,
    schema: Json,
    last_column: i32,
    partition_spec: Json,
    last_partition: i32,
    sort_order: Json,
    properties: Json,
}

impl Content {
    /// A table without partitions and order, with the columns of the descriptor.
    fn of_descriptor(table: &TableInput) -> Result<Self, Fault> {
        let descriptor = table.storage_descriptor.as_ref();
        let location = descriptor.and_then(|descriptor| descriptor.location.clone());
        let location = location
            .ok_or_else(|| errors::invalid("An Iceberg table needs a Location in its StorageDescriptor."))?;
        let mut columns = descriptor.and_then(|descriptor| descriptor.columns.clone()).unwrap_or_default();
        // The columns have the first numbers, what is nested in them the following.
        let mut ids = Ids::after(columns.len());
        let mut fields = Vec::with_capacity(columns.len());
        for (id, column) in (1..).zip(&mut columns) {
            let ty = types::of_hive(column.r#type.as_deref().unwrap_or("string"), &mut ids)?;
            let mut field = json!({"id": id, "name": column.name, "required": false, "type": ty});
            if let Some(comment) = &column.comment {
                insert(&mut field, "doc", json!(comment));
            }
            fields.push(field);
            mark(column, id, true);
        }
        Ok(Self {
            location,
            columns,
            schema: json!({"type": "struct", "schema-id": 0, "fields": fields}),
            last_column: ids.last(),
            partition_spec: json!({"spec-id": 0, "fields": []}),
            last_partition: FIRST_PARTITION_FIELD - 1,
            sort_order: json!({"order-id": 0, "fields": []}),
            properties: json!({}),
        })
    }

    fn of_input(input: CreateIcebergTableInput) -> Result<Self, Fault> {
        let schema = input.schema;
        let (mut columns, mut fields, mut last_column) = (Vec::new(), Vec::new(), 0);
        for field in schema.fields {
            let ty = serde_json::to_value(&field.r#type).map_err(Fault::internal)?;
            last_column = last_column.max(field.id).max(types::greatest_id(&ty));
            let mut column = Column {
                name: field.name.clone(),
                r#type: Some(types::to_hive(&ty)?),
                comment: field.doc.clone(),
                ..Column::default()
            };
            mark(&mut column, field.id, !field.required);
            columns.push(column);
            let mut shown =
                json!({"id": field.id, "name": field.name, "required": field.required, "type": ty});
            for (name, value) in [
                ("doc", field.doc.map(Json::from)),
                ("initial-default", as_json(field.initial_default.as_ref())?),
                ("write-default", as_json(field.write_default.as_ref())?),
            ] {
                if let Some(value) = value {
                    insert(&mut shown, name, value);
                }
            }
            fields.push(shown);
        }
        let mut shown =
            json!({"type": "struct", "schema-id": schema.schema_id.unwrap_or(0), "fields": fields});
        if let Some(identifiers) = schema.identifier_field_ids {
            insert(&mut shown, "identifier-field-ids", json!(identifiers));
        }
        let (mut last_partition, mut parts) = (FIRST_PARTITION_FIELD - 1, Vec::new());
        let spec = input.partition_spec.unwrap_or_default();
        for field in spec.fields {
            let id = field.field_id.unwrap_or(last_partition + 1);
            last_partition = last_partition.max(id);
            parts.push(json!({
                "source-id": field.source_id, "field-id": id, "name": field.name, "transform": field.transform,
            }));
        }
        let order = input.write_order.unwrap_or_default();
        let sorted = order.fields.into_iter().map(|field| {
            json!({
                "source-id": field.source_id,
                "transform": field.transform,
                "direction": field.direction.map(|direction| direction.as_str()),
                "null-order": field.null_order.map(|order| order.as_str()),
            })
        });
        Ok(Self {
            location: input.location,
            columns,
            schema: shown,
            last_column,
            partition_spec: json!({"spec-id": spec.spec_id.unwrap_or(0), "fields": parts}),
            last_partition,
            sort_order: json!({"order-id": order.order_id, "fields": sorted.collect::<Vec<_>>()}),
            properties: json!(input.properties.unwrap_or_default()),
        })
    }

    fn metadata(&self, location: &str, uuid: &str, now: Timestamp) -> Json {
        let id = |of: &Json, name: &str| of.get(name).cloned().unwrap_or_default();
        json!({
            "format-version": 2,
            "table-uuid": uuid,
            "location": location,
            "last-sequence-number": 0,
            "last-updated-ms": now.millis(),
            "last-column-id": self.last_column,
            "current-schema-id": id(&self.schema, "schema-id"),
            "schemas": [self.schema],
            "default-spec-id": id(&self.partition_spec, "spec-id"),
            "partition-specs": [self.partition_spec],
            "last-partition-id": self.last_partition,
            "default-sort-order-id": id(&self.sort_order, "order-id"),
            "sort-orders": [self.sort_order],
            "properties": self.properties,
            "current-snapshot-id": -1,
            "refs": {},
            "snapshots": [],
            "statistics": [],
            "snapshot-log": [],
            "metadata-log": [],
        })
    }
}

fn as_json(value: Option<&Value>) -> Result<Option<Json>, Fault> {
    value.map(serde_json::to_value).transpose().map_err(Fault::internal)
}

fn insert(object: &mut Json, name: &str, value: Json) {
    if let Json::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

/// What Glue notes of an Iceberg field at its column.
fn mark(column: &mut Column, id: i32, optional: bool) {
    let parameters = column.parameters.get_or_insert_default();
    parameters.insert("iceberg.field.current".to_owned(), "true".to_owned());
    parameters.insert("iceberg.field.id".to_owned(), id.to_string());
    parameters.insert("iceberg.field.optional".to_owned(), optional.to_string());
}
