//! Targets that are Delta Lake tables: appended to, overwritten, merged into, or made.

mod commit;
mod partitions;
mod stats;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{DataFrame, SessionContext};
use deltalake_core::DeltaTable;
use mastic_api_glue::glue::types::{Column, SerDeInfo, StorageDescriptor, Table, TableInput};
use mastic_hive::stored_name;

use super::store::{StoreExec, Storing};
use super::{Share, Target, changed_table};
use crate::environment::Environment;
use crate::error::NodeError;
use crate::lake::LakeFormat;
use crate::lake::columns::{matched, stored};
use crate::lake::delta::{engine_type, open, stored_schema};
use crate::location::Location;
use crate::plan::{
    Compression, CsvWriting, DeltaPlace, DeltaTarget, DeltaVersion, FieldPath, Format, LakeMode,
    UpdateBehavior,
};
use crate::run::store_of;
use crate::sink::{self, Output, SinkSpec};
use crate::transform::exact;
use crate::types::glue_type;

/// Bytes after which a file is closed and the next one begun.
const FILE_BYTES: u64 = 1 << 30;

/// The length of the parts in which the catalog keeps a schema.
const PART: usize = 4000;

/// A Delta Lake table to write to, as it was found or as it will be.
pub(crate) struct Delta {
    node: String,
    folder: Location,
    /// The table, if it is there.
    table: Option<DeltaTable>,
    /// The columns of the table as they will be.
    schema: SchemaRef,
    /// Whether they are others than the table's.
    changed: bool,
    /// The columns that become folders.
    keys: Vec<String>,
    /// For each column of the table the one of the frame.
    columns: Vec<Option<String>>,
    mode: LakeMode,
    compression: Compression,
    entry: Option<Entry>,
}

/// The table of the catalog that stands for it.
struct Entry {
    database: String,
    name: String,
    follows: bool,
    found: Option<Table>,
}

impl Delta {
    /// Looks at a table and the columns that come in.
    ///
    /// # Errors
    /// The table cannot take the columns, is of a kind that is not written, or is missing and not to be made.
    pub(crate) async fn open(
        environment: &Environment,
        node: &str,
        target: &DeltaTarget,
        input: &DataFrame,
    ) -> Result<Self, DataFusionError> {
        let entry = entry(environment, node, target).await?;
        let path = match (&target.place, &entry) {
            (DeltaPlace::Folders(paths), _) => paths.first().cloned(),
            (_, Some(entry)) => entry
                .found
                .as_ref()
                .and_then(|found| found.storage_descriptor.as_ref().and_then(|found| found.location.clone())),
            _ => None,
        };
        let folder = Location::parse(&path.unwrap_or_default());
        let folder = folder.map_err(|error| NodeError::new(node, error))?.folder();
        let wrong = |message: String| NodeError::new(node, format!("`{folder}`: {message}"));
        let table = open(environment, node, &folder, &DeltaVersion::Newest).await?;
        if table.is_none() && matches!(target.place, DeltaPlace::Table { .. }) {
            return Err(wrong("there is no Delta Lake table: it has no `_delta_log/`".to_owned()).into());
        }
        let incoming = stored_schema(input.schema().fields().iter()).map_err(wrong)?;
        let (known, known_keys) = match &table {
            None => (None, Vec::new()),
            Some(table) => {
                let state = table.snapshot().map_err(|error| wrong(error.to_string()))?;
                commit::check(state, &target.mode).map_err(wrong)?;
                let keys = state.metadata().partition_columns().to_vec();
                (Some(state.snapshot().arrow_schema()), keys)
            }
        };
        let given = keys(input, &target.partition_keys).map_err(wrong)?;
        let (schema, keys) = match known {
            Some(known) if !target.overwrite_schema => {
                if !given.is_empty() && !same(&given, &known_keys) {
                    let (known, given) = (known_keys.join("`, `"), given.join("`, `"));
                    return Err(wrong(format!("it is partitioned by `{known}`, not by `{given}`")).into());
                }
                (merged(&known, &incoming, target.merge_schema), known_keys)
            }
            _ => (incoming, given),
        };
        let before = table.as_ref().and_then(|table| table.snapshot().ok());
        let before = before.map(|state| state.snapshot().arrow_schema());
        let changed = before.is_some_and(|before| before.fields() != schema.fields());
        let all: Vec<(String, DataType, bool)> = schema
            .fields()
            .iter()
            .map(|field| (field.name().clone(), engine_type(field.data_type()), !field.is_nullable()))
            .collect();
        // Delta Lake fills what a frame does not have.
        let columns = matched(input, &all, true).map_err(wrong)?;
        if let LakeMode::Upsert(keys) = &target.mode {
            let known =
                |key: &String| columns.iter().flatten().any(|column| column.eq_ignore_ascii_case(key));
            if let Some(key) = keys.iter().find(|key| !known(key)) {
                return Err(wrong(format!("there is no column `{key}` to merge by")).into());
            }
        }
        Ok(Self {
            node: node.to_owned(),
            folder,
            table,
            schema: Arc::new(schema),
            changed,
            keys,
            columns,
            mode: target.mode.clone(),
            compression: target.compression.unwrap_or(Compression::Snappy),
            entry,
        })
    }

    fn wrong(&self, message: impl std::fmt::Display) -> DataFusionError {
        NodeError::new(&self.node, format!("`{}`: {message}", self.folder)).into()
    }

    /// The plan with its rows as they are stored.
    fn storing(&self, plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let mut next = 0..;
        let places: Vec<Option<usize>> =
            self.columns.iter().map(|column| column.as_ref().and_then(|_| next.next())).collect();
        let (name, schema) = (self.node.clone(), Arc::clone(&self.schema));
        let storing: Storing = Arc::new(move |batch: &RecordBatch| {
            let batch = stored(batch, &places, &schema).map_err(|error| NodeError::new(&name, error))?;
            Ok(batch.columns().to_vec())
        });
        Arc::new(StoreExec::new(plan, Arc::clone(&self.schema), storing))
    }

    /// How the sink writes it.
    fn sink(&self, environment: &Environment) -> Result<SinkSpec, DataFusionError> {
        Ok(SinkSpec {
            node: self.node.clone(),
            store: store_of(environment, &self.node, &self.folder)?,
            folder: self.folder.clone(),
            format: Format::Parquet,
            compression: self.compression,
            csv: CsvWriting::default(),
            partition_keys: self.keys.clone(),
            prefix: "part-".to_owned(),
            id: environment.entropy.uuid(),
            files: None,
            target_bytes: FILE_BYTES,
            statistics: Some(stats::statistics),
            budget: (environment.memory_limit / 2).max(16 << 20),
        })
    }

    /// What the catalog keeps of the table's columns.
    fn catalog_columns(&self) -> Result<Vec<Column>, String> {
        let fields = self.schema.fields().iter();
        fields
            .map(|field| {
                let of = glue_type(field.data_type());
                let of = of.map_err(|error| format!("the column `{}`: {error}", field.name()))?;
                let name = stored_name(field.name());
                Ok(Column { name, r#type: Some(of.to_string()), ..Column::default() })
            })
            .collect()
    }

    /// The catalog's entry of a native table, as crawlers make it.
    fn new_entry(&self, name: &str) -> Result<TableInput, String> {
        let mut parameters = BTreeMap::from(
            [
                ("EXTERNAL", "TRUE"),
                ("classification", "delta"),
                ("table_type", "delta"),
                ("spark.sql.sources.provider", "delta"),
                ("spark.sql.partitionProvider", "catalog"),
            ]
            .map(|(key, text)| (key.to_owned(), text.to_owned())),
        );
        let schema: Vec<char> = commit::schema_json(&self.schema)?.chars().collect();
        let parts: Vec<String> = schema.chunks(PART).map(|part| part.iter().collect()).collect();
        parameters.insert("spark.sql.sources.schema.numParts".to_owned(), parts.len().to_string());
        for (number, part) in parts.into_iter().enumerate() {
            parameters.insert(format!("spark.sql.sources.schema.part.{number}"), part);
        }
        let location = self.folder.to_string();
        let serde = [("serialization.format", "1"), ("path", location.as_str())];
        Ok(TableInput {
            name: name.to_owned(),
            storage_descriptor: Some(StorageDescriptor {
                columns: Some(self.catalog_columns()?),
                location: Some(location.clone()),
                input_format: Some("org.apache.hadoop.mapred.SequenceFileInputFormat".to_owned()),
                output_format: Some("org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat".to_owned()),
                serde_info: Some(SerDeInfo {
                    serialization_library: Some(
                        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe".to_owned(),
                    ),
                    parameters: Some(
                        serde.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect(),
                    ),
                    ..SerDeInfo::default()
                }),
                ..StorageDescriptor::default()
            }),
            partition_keys: Some(Vec::new()),
            table_type: Some("EXTERNAL_TABLE".to_owned()),
            parameters: Some(parameters),
            ..TableInput::default()
        })
    }
}

/// The catalog's table of a target, which has to be there if the target names no folder.
async fn entry(
    environment: &Environment,
    node: &str,
    target: &DeltaTarget,
) -> Result<Option<Entry>, DataFusionError> {
    let (database, name, follows, made) = match (&target.place, &target.table) {
        (DeltaPlace::Table { database, table }, _) => (database, table, target.merge_schema, false),
        (_, Some(table)) => {
            (&table.database, &table.table, table.update == UpdateBehavior::UpdateInDatabase, true)
        }
        (DeltaPlace::Folders(_), None) => return Ok(None),
    };
    let wrong = |message: String| NodeError::new(node, format!("table `{database}.{name}`: {message}"));
    let found = environment.catalog.get_table(database, name).await.map_err(wrong)?;
    match &found {
        None if !made => return Err(wrong("it was not found".to_owned()).into()),
        Some(found) if LakeFormat::of(found) != Some(LakeFormat::Delta) => {
            return Err(wrong("it is no Delta Lake table".to_owned()).into());
        }
        _ => {}
    }
    Ok(Some(Entry { database: database.clone(), name: stored_name(name), follows, found }))
}

/// The columns to partition by, as the frame names them.
fn keys(input: &DataFrame, paths: &[FieldPath]) -> Result<Vec<String>, String> {
    paths
        .iter()
        .map(|path| {
            let [key] = path.as_slice() else {
                return Err(format!("the partition key `{}` is not a column", path.join(".")));
            };
            let fields = input.schema().fields();
            let found = fields.iter().find(|field| field.name().eq_ignore_ascii_case(key));
            match found {
                Some(field) if !field.data_type().is_nested() => Ok(field.name().clone()),
                Some(_) => Err(format!("the column `{key}` is nested and cannot be partitioned by")),
                None => Err(format!("there is no column `{key}` to partition by")),
            }
        })
        .collect()
}

fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// The table's columns, and with `more` those that only the frame has.
fn merged(known: &Schema, incoming: &Schema, more: bool) -> Schema {
    let mut fields: Vec<Arc<Field>> = known.fields().to_vec();
    if more {
        let new = |field: &&Arc<Field>| {
            !known.fields().iter().any(|known| known.name().eq_ignore_ascii_case(field.name()))
        };
        fields.extend(incoming.fields().iter().filter(new).cloned());
    }
    Schema::new(fields)
}

#[async_trait]
impl Target for Delta {
    fn shaped(&self, frame: DataFrame) -> Result<DataFrame, DataFusionError> {
        let names: Vec<Expr> = self.columns.iter().flatten().map(|name| exact(name)).collect();
        frame.select(names)
    }

    async fn write(
        &self,
        environment: &Environment,
        context: &SessionContext,
        plan: Arc<dyn ExecutionPlan>,
        share: Share,
    ) -> Result<Output, DataFusionError> {
        let plan = self.storing(plan);
        if let (LakeMode::Upsert(keys), Some(table)) = (&self.mode, &self.table) {
            return commit::merge(self, context, table.clone(), plan, keys, share).await;
        }
        let mut spec = self.sink(environment)?;
        spec.budget /= share.targets;
        let output = sink::write(plan, context.task_ctx(), spec, share.progress).await?;
        commit::commit(self, environment, &output).await?;
        Ok(output)
    }

    async fn register(&self, environment: &Environment, _: &Output) -> Result<(), DataFusionError> {
        let Some(Entry { database, name, follows, found }) = &self.entry else { return Ok(()) };
        let wrong =
            |message: String| NodeError::new(&self.node, format!("table `{database}.{name}`: {message}"));
        let Some(found) = found else {
            let input = self.new_entry(name).map_err(wrong)?;
            return Ok(environment.catalog.create_table(database, input).await.map_err(wrong)?);
        };
        let mut descriptor = found.storage_descriptor.clone().unwrap_or_default();
        let mut columns = descriptor.columns.take().unwrap_or_default();
        let before = columns.len();
        for column in self.catalog_columns().map_err(wrong)? {
            if !columns.iter().any(|known| known.name.eq_ignore_ascii_case(&column.name)) {
                columns.push(column);
            }
        }
        if !follows || columns.len() == before {
            return Ok(());
        }
        descriptor.columns = Some(columns);
        let input = changed_table(found, descriptor);
        Ok(environment.catalog.update_table(database, input).await.map_err(wrong)?)
    }
}
