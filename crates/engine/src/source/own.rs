//! What formats whose files tell their own columns have in common.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use datafusion::common::runtime::SpawnedTask;
use futures::stream::{self, StreamExt};

use super::SourceFile;
use super::scan::{Batches, FileFormat, FileTable, with_partitions};
use crate::cast::cast_array;
use crate::choice::{united, united_fields};

/// A table over files that tell their own columns, in the columns that are wanted of them.
pub(crate) fn own_table(
    node: &str,
    files: Vec<SourceFile>,
    columns: &[(String, DataType)],
    partitions: &[(String, DataType)],
    format: Arc<dyn FileFormat>,
) -> FileTable {
    let fields: Vec<Field> = columns.iter().map(|(name, of)| Field::new(name, of.clone(), true)).collect();
    let (schema, kept) = with_partitions(&Schema::new(fields), partitions);
    FileTable::new(node, schema, kept.len(), files, format)
}

/// The columns of all files by those that each tells of itself. A column whose type differs between files has the type
/// that holds all its values: a wider number, or a choice.
pub(super) fn united_columns(schemas: impl IntoIterator<Item = SchemaRef>) -> Vec<(String, DataType)> {
    let all = schemas.into_iter().fold(Fields::empty(), |all, schema| {
        let own: Fields = schema
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), settled(field.data_type()), true))
            .collect();
        united_fields(&all, &own)
    });
    all.iter()
        .map(|field| match field.data_type() {
            DataType::Utf8 => (field.name().clone(), DataType::Utf8View),
            of => (field.name().clone(), of.clone()),
        })
        .collect()
}

/// The type in which the engine holds values of a type that a file has: a union is a choice, a dictionary is its values.
fn settled(of: &DataType) -> DataType {
    match of {
        DataType::Union(fields, _) => {
            fields.iter().fold(DataType::Null, |all, (_, field)| united(&all, &settled(field.data_type())))
        }
        DataType::Dictionary(_, values) => settled(values),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::List(item) | DataType::LargeList(item) => {
            DataType::List(Arc::new(Field::new_list_field(settled(item.data_type()), true)))
        }
        DataType::Struct(fields) => DataType::Struct(
            fields.iter().map(|field| Field::new(field.name(), settled(field.data_type()), true)).collect(),
        ),
        other => other.clone(),
    }
}

/// The rows in the columns of `schema`: found by their names in any case, cast, or null.
pub(super) fn adapted(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, String> {
    let found = batch.schema();
    let column = |field: &Arc<Field>| -> Result<ArrayRef, String> {
        let names = || found.fields().iter().map(|found| found.name());
        let at = names().position(|name| name == field.name());
        let at = at.or_else(|| names().position(|name| name.eq_ignore_ascii_case(field.name())));
        match at.and_then(|at| batch.columns().get(at)) {
            Some(column) => cast_array(column, field.data_type())
                .map_err(|error| format!("column `{}`: {error}", field.name())),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        }
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| error.to_string())
}

/// Does work that takes its time elsewhere. A reader that panics on what a file says has failed to read it.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match SpawnedTask::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err("the file is broken: its reader gave up".to_owned()),
    }
}

/// Where work puts its batches; false tells it that nobody wants more.
pub(super) type Put<'a> = &'a mut dyn FnMut(RecordBatch) -> bool;

/// The batches that work puts out elsewhere, as they come.
pub(super) fn streamed(work: impl FnOnce(Put<'_>) -> Result<(), String> + Send + 'static) -> Batches {
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    let work = apart(move || work(&mut |batch| sender.blocking_send(batch).is_ok()));
    let batches = stream::unfold(receiver, |mut receiver| async move {
        let batch: RecordBatch = receiver.recv().await?;
        Some((Ok(batch), receiver))
    });
    let end = stream::once(work).filter_map(|done| async move { done.err().map(Err) });
    stream::select(batches, end).boxed()
}
