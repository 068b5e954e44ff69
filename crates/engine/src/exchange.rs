//! Sources for a program beside the engine, Spark: their files where it reads them with the same meaning, their rows in files of
//! Arrow's format otherwise.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path as LocalPath;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::FileWriter;
use datafusion::common::DataFusionError;
use datafusion::common::runtime::SpawnedTask;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlanProperties;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use tokio::task::JoinSet;

use crate::cast::cast_array;
use crate::choice;
use crate::environment::Environment;
use crate::error::{EngineError, FileError};
use crate::open::Opened;
use crate::source::{ParquetTable, SourceFile};
use crate::types::type_text;

/// What tells the columns of a folder whose rows are not there yet.
const ANNOUNCED: &str = "columns.arrow";

/// How a source is handed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The most groups of files that may be answered instead of rows; none where rows are wanted in any case.
    pub groups: usize,
    /// Whether a folder may be answered that holds the files of all partitions and nothing else, as `key=value/` names them.
    pub folders: bool,
}

/// Files of Parquet that have the same columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handles {
    /// The partition keys with their types in Glue's grammar.
    pub keys: Vec<(String, String)>,
    /// The columns with their types in Glue's grammar, partition keys among them.
    pub columns: Vec<(String, String)>,
    /// The files by the values of their partition keys.
    pub groups: Vec<HandedGroup>,
    /// The URL of the folder that holds all of them, where there would be too many groups.
    pub folder: Option<String>,
}

/// Files of one partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandedGroup {
    /// The values of the partition keys.
    pub values: Vec<Option<String>>,
    /// The files' URLs.
    pub files: Vec<String>,
}

/// Rows in files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// The columns with their types in Glue's grammar.
    pub columns: Vec<(String, String)>,
    /// Where the columns have choices: names of columns and fields, `[]` for the elements of an array.
    pub choices: Vec<Vec<String>>,
    /// How many rows there are.
    pub rows: u64,
    /// How many records could not be read.
    pub error_rows: usize,
}

/// Writes a frame's rows into `folder`, and takes away what announced them.
pub(crate) async fn write_rows(
    name: &str,
    context: &SessionContext,
    environment: &Environment,
    frame: DataFrame,
    folder: &LocalPath,
) -> Result<Rows, EngineError> {
    let failed = |error: DataFusionError| EngineError::at(name, &error);
    let own = frame.schema().as_arrow().clone();
    let schema = Arc::new(handed_schema(&own));
    let plan = frame.create_physical_plan().await.map_err(failed)?;
    let unwritable = |cause: std::io::Error| FileError::new(name, folder.display().to_string(), cause);
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    let mut tasks = JoinSet::new();
    for number in 0..plan.output_partitioning().partition_count() {
        let stream = plan.execute(number, context.task_ctx()).map_err(failed)?;
        let path = folder.join(format!("part-{number:05}.arrow"));
        tasks.spawn(put(stream, Arc::clone(&schema), path));
    }
    let mut rows = 0;
    while let Some(done) = tasks.join_next().await {
        let broken = |error| DataFusionError::Execution(format!("a writing task broke off: {error}"));
        rows += done.map_err(|error| failed(broken(error)))?.map_err(failed)?;
    }
    match std::fs::remove_file(folder.join(ANNOUNCED)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unwritable(error).into()),
        _ => {}
    }
    let error_rows = match &environment.error_rows {
        Some(errors) => errors.write(environment).await.map_err(failed)?,
        None => 0,
    };
    Ok(Rows { columns: columns(&own), choices: choices(&own), rows, error_rows })
}

/// Makes a folder with a file that tells the columns, and whose rows cannot be read.
pub(crate) fn announce(schema: &Schema, folder: &LocalPath) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let schema = Arc::new(handed_schema(schema));
    let written = || -> Result<Vec<u8>, ArrowError> {
        let mut writer = FileWriter::try_new(Vec::new(), &schema)?;
        let begin = writer.get_ref().len();
        writer.write(&RecordBatch::new_empty(Arc::clone(&schema)))?;
        let end = writer.get_ref().len();
        let mut bytes = writer.into_inner()?;
        // Nobody may take the rows that are not there yet for none.
        bytes.iter_mut().take(end).skip(begin).for_each(|byte| *byte = 0xff);
        Ok(bytes)
    };
    std::fs::write(folder.join(ANNOUNCED), written().map_err(std::io::Error::other)?)
}

/// Where the columns have choices, see [`Rows::choices`].
#[must_use]
pub fn choices(schema: &Schema) -> Vec<Vec<String>> {
    fn walk(of: &DataType, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
        if choice::members(of).is_some() {
            found.push(path.clone());
        }
        let mut below = |step: &str, of: &DataType| {
            path.push(step.to_owned());
            walk(of, path, found);
            path.pop();
        };
        match of {
            DataType::Struct(fields) => {
                fields.iter().for_each(|field| below(field.name(), field.data_type()))
            }
            DataType::List(item) | DataType::LargeList(item) => below("[]", item.data_type()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for field in schema.fields() {
        walk(field.data_type(), &mut vec![field.name().clone()], &mut found);
    }
    found
}

/// The columns with their types in Glue's grammar.
#[must_use]
pub fn columns(schema: &Schema) -> Vec<(String, String)> {
    schema.fields().iter().map(|field| (field.name().clone(), type_text(field.data_type()))).collect()
}

/// The files of a source, if they tell all of it.
pub(crate) async fn handles(
    environment: &Environment,
    opened: &Opened,
    schema: &Schema,
    wanted: Wanted,
) -> Result<Option<Handles>, DataFusionError> {
    let plain = opened.table.as_any().is::<ParquetTable>()
        && opened.files.iter().all(|file| file.codec.is_none())
        && opened.table.schema().fields().iter().all(|field| is_plain(field.data_type()));
    if !plain || wanted.groups == 0 {
        return Ok(None);
    }
    let keys = opened.keys.iter().map(|(name, of)| (name.clone(), type_text(of))).collect();
    let all = Handles { keys, columns: columns(schema), ..Handles::default() };
    if let Some(groups) = groups(opened, wanted.groups) {
        return Ok(Some(Handles { groups, ..all }));
    }
    let folder = if wanted.folders { folder(environment, opened).await? } else { None };
    Ok(folder.map(|folder| Handles { folder: Some(folder), ..all }))
}

fn groups(opened: &Opened, most: usize) -> Option<Vec<HandedGroup>> {
    let mut groups: Vec<HandedGroup> = Vec::new();
    for file in &opened.files {
        let (count, known) = (groups.len(), groups.iter().rposition(|group| group.values == file.partition));
        match known.and_then(|at| groups.get_mut(at)) {
            Some(group) => group.files.push(file.url()),
            None if count == most => return None,
            None => groups.push(HandedGroup { values: file.partition.clone(), files: vec![file.url()] }),
        }
    }
    Some(groups)
}

/// The folder that holds the files of all partitions by their names, and nothing else.
async fn folder(environment: &Environment, opened: &Opened) -> Result<Option<String>, DataFusionError> {
    let Some(first) = opened.files.first() else { return Ok(None) };
    let Some(root) = root(first, &opened.keys) else { return Ok(None) };
    let same =
        |file: &SourceFile| file.bucket == first.bucket && self::root(file, &opened.keys) == Some(root);
    if !opened.files.iter().all(same) {
        return Ok(None);
    }
    let prefix = Path::parse(root.trim_end_matches('/'))?;
    let store = environment.stores.bucket(&first.bucket).map_err(DataFusionError::Execution)?;
    let count = store.list(Some(&prefix)).try_fold(0, async |count: usize, _| Ok(count + 1)).await?;
    Ok((count == opened.files.len()).then(|| format!("s3://{}/{root}", first.bucket)))
}

/// The part of a file's key before its partition's folders, if they are called as the partition is.
fn root<'a>(file: &'a SourceFile, keys: &[(String, DataType)]) -> Option<&'a str> {
    let key = file.meta.location.as_ref();
    let mut folders = key.strip_suffix(".parquet")?.rsplit_once('/')?.0;
    for ((name, _), value) in keys.iter().zip(&file.partition).rev() {
        let (above, last) = folders.rsplit_once('/')?;
        // What is escaped, or missing, has another name than its value.
        let plain =
            value.as_ref().is_some_and(|value| last == format!("{name}={value}") && !last.contains('%'));
        folders = if plain { above } else { return None };
    }
    key.get(..=folders.len())
}

/// Whether every reader of Parquet means the same by the type.
fn is_plain(of: &DataType) -> bool {
    match of {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Utf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::BinaryView
        | DataType::Date32
        | DataType::Decimal128(..)
        | DataType::Timestamp(TimeUnit::Millisecond | TimeUnit::Microsecond, _) => true,
        DataType::List(item) => is_plain(item.data_type()),
        DataType::Struct(fields) => {
            choice::members(of).is_none() && fields.iter().all(|field| is_plain(field.data_type()))
        }
        DataType::Map(entries, _) => is_plain(entries.data_type()),
        _ => false,
    }
}

/// The columns in types that Spark has.
fn handed_schema(schema: &Schema) -> Schema {
    Schema::new(schema.fields().iter().map(|field| handed_field(field)).collect::<Vec<_>>())
}

fn handed_field(field: &Field) -> FieldRef {
    Arc::new(Field::new(field.name(), handed_type(field.data_type()), field.is_nullable()))
}

fn handed_type(of: &DataType) -> DataType {
    match of {
        DataType::Null | DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::Date64 => DataType::Date32,
        DataType::Dictionary(_, values) => handed_type(values),
        // An instant: what Spark calls a timestamp.
        DataType::Timestamp(..) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::List(item) | DataType::LargeList(item) => {
            DataType::List(Arc::new(Field::new_list_field(handed_type(item.data_type()), true)))
        }
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| handed_field(field)).collect())
        }
        DataType::Map(entries, sorted) => DataType::Map(handed_field(entries), *sorted),
        other => other.clone(),
    }
}

/// Writes a stream's rows into a file; how many there are.
async fn put(
    mut stream: SendableRecordBatchStream,
    schema: SchemaRef,
    path: std::path::PathBuf,
) -> Result<u64, DataFusionError> {
    let file = File::create(&path)?;
    let mut writer = FileWriter::try_new(BufWriter::with_capacity(1 << 20, file), &schema)?;
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        let (batch, schema) = (batch?, Arc::clone(&schema));
        rows += batch.num_rows() as u64;
        let written = SpawnedTask::spawn_blocking(move || {
            writer.write(&handed(&batch, schema)?)?;
            Ok::<_, ArrowError>(writer)
        });
        let written = written.await.map_err(|error| DataFusionError::Execution(error.to_string()))?;
        writer = written?;
    }
    writer.finish()?;
    Ok(rows)
}

fn handed(batch: &RecordBatch, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| cast_array(column, field.data_type()))
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(schema, columns)
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn partitions_are_called_by_their_values() {
        let store: Arc<dyn object_store::ObjectStore> = Arc::new(InMemory::new());
        let keys = [("year".to_owned(), DataType::Utf8View), ("m".to_owned(), DataType::Int32)];
        for (key, values, expected) in [
            ("t/x/year=2024/m=01/a.parquet", ["2024", "01"], Some("t/x/")),
            ("t/x/year=2024/m=01/a", ["2024", "01"], None),
            ("t/x/year=2024/m=01/a.parquet", ["2024", "1"], None),
            ("t/x/m=01/year=2024/a.parquet", ["2024", "01"], None),
            ("t/year=a%20b/m=1/a.parquet", ["a%20b", "1"], None),
            ("t/y/a.parquet", ["2024", "01"], None),
        ] {
            let path = Path::parse(key).unwrap();
            store.put(&path, "x".into()).await.unwrap();
            let meta = store.head(&path).await.unwrap();
            let partition = values.map(|value| Some(value.to_owned())).to_vec();
            let file =
                SourceFile { store: Arc::clone(&store), bucket: "b".into(), meta, codec: None, partition };
            assert_eq!(root(&file, &keys), expected, "{key}");
        }
    }
}
