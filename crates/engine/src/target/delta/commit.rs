//! Commits to the logs of Delta Lake tables ("Delta Transaction Log Protocol").

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Column, DataFusionError};
use datafusion::datasource::TableType;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::logical_expr::{Expr, lit};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column as PhysicalColumn;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::prelude::SessionContext;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties, PROTOCOL, TableReference};
use deltalake_core::kernel::{Action, Add, Metadata, MetadataExt as _, Remove, StructType, new_metadata};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use deltalake_core::{DeltaTable, DeltaTableError};
use futures::stream::{self, StreamExt, TryStreamExt};
use mastic_hive::{DEFAULT_PARTITION, parse_partition_segment};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::basic::Compression as Codec;
use parquet::file::properties::WriterProperties;
use serde_json::json;

use super::super::Share;
use super::{Delta, stats};
use crate::environment::Environment;
use crate::error::FileError;
use crate::lake::delta::{log, open};
use crate::location::Location;
use crate::plan::{Compression, DeltaVersion, LakeMode};
use crate::run::store_of;
use crate::sink::{Output, WrittenFile};

/// Footers that are read side by side.
const FOOTERS: usize = 16;

/// Whether a table can be written, and in this mode.
///
/// # Errors
/// Names the feature of the table that is not supported.
pub(super) fn check(state: &DeltaTableState, mode: &LakeMode) -> Result<(), String> {
    let refused = |feature: &str| Err(format!("Delta Lake tables with {feature} are not written"));
    let configuration = state.metadata().configuration();
    let set = |name: &str| configuration.get(name).map(String::as_str);
    if set("delta.columnMapping.mode").is_some_and(|mode| mode != "none") {
        return refused("column mapping (delta.columnMapping.mode)");
    }
    if let Some(name) = configuration.keys().find(|name| name.starts_with("delta.constraints.")) {
        return refused(&format!("check constraints ({name})"));
    }
    if *mode != LakeMode::Append && set("delta.appendOnly") == Some("true") {
        return refused("delta.appendOnly set to true, other than by appending,");
    }
    for field in state.schema().fields() {
        let told = ["delta.generationExpression", "delta.invariants", "delta.identity.start"];
        if let Some(found) = told.iter().find(|name| field.metadata.contains_key(**name)) {
            return refused(&format!("{found} (the column `{}`)", field.name));
        }
    }
    let schema = state.snapshot().arrow_schema();
    if let Some(field) = schema.fields().iter().find(|field| has_local_time(field.data_type())) {
        return refused(&format!("columns of the type timestamp_ntz (`{}`)", field.name()));
    }
    PROTOCOL.can_write_to(state).map_err(|error| error.to_string())
}

fn has_local_time(of: &DataType) -> bool {
    match of {
        DataType::Timestamp(_, zone) => zone.is_none(),
        DataType::List(field) | DataType::Map(field, _) => has_local_time(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_local_time(field.data_type())),
        _ => false,
    }
}

/// A schema as the log has it.
///
/// # Errors
/// A type is not one of the format's.
pub(super) fn schema_json(schema: &Schema) -> Result<String, String> {
    let schema: StructType = schema.try_into_kernel().map_err(|error| error.to_string())?;
    serde_json::to_string(&schema).map_err(|error| error.to_string())
}

fn told(target: &Delta, error: &DeltaTableError) -> DataFusionError {
    match error {
        DeltaTableError::Transaction { source } => {
            target.wrong(format!("{source}. Another writer changed the table meanwhile: run the job again"))
        }
        other => target.wrong(other),
    }
}

fn properties() -> CommitProperties {
    // What has expired is left to those who clean the table up.
    CommitProperties::default().with_cleanup_expired_logs(Some(false))
}

/// Makes what was written part of the table.
///
/// # Errors
/// Others have changed the table so that it cannot be, or the log cannot be written.
pub(super) async fn commit(
    target: &Delta,
    environment: &Environment,
    output: &Output,
) -> Result<(), DataFusionError> {
    let node = &target.node;
    let added = added(target, environment, output).await?;
    let now = match &target.table {
        None => None,
        // What others wrote meanwhile is no reason to fail.
        Some(_) => open(environment, node, &target.folder, &DeltaVersion::Newest).await?,
    };
    let failed = |error: DeltaTableError| told(target, &error);
    let mut actions: Vec<Action> = Vec::new();
    let mode = if target.mode == LakeMode::Append { SaveMode::Append } else { SaveMode::Overwrite };
    match (&target.table, &now) {
        (Some(seen), Some(now)) => {
            let (seen, state) = (seen.snapshot().map_err(failed)?, now.snapshot().map_err(failed)?);
            if seen.metadata() != state.metadata() {
                return Err(target.wrong("its schema was changed meanwhile. Run the job again"));
            }
            if target.changed {
                let made = changed(target, state.metadata()).map_err(|error| target.wrong(error))?;
                actions.push(Action::Metadata(made));
            }
            actions.extend(removed(target, state, &added).into_iter().map(Action::Remove));
        }
        (Some(_), None) => return Err(target.wrong("it was deleted meanwhile")),
        (None, _) => {
            let protocol = json!({"minReaderVersion": 1, "minWriterVersion": 2});
            let protocol = serde_json::from_value(protocol);
            actions.push(Action::Protocol(protocol.map_err(|error| target.wrong(error))?));
            let none: HashMap<String, String> = HashMap::new();
            let made = metadata(target, none).map_err(|error| target.wrong(error))?;
            actions.push(Action::Metadata(made));
        }
    }
    actions.extend(added.into_iter().map(Action::Add));
    if actions.is_empty() {
        return Ok(());
    }
    let operation = DeltaOperation::Write {
        mode,
        partition_by: (!target.keys.is_empty()).then(|| target.keys.clone()),
        predicate: None,
    };
    let log = match &now {
        Some(table) => table.log_store(),
        None => log(environment, node, &target.folder)?,
    };
    let state = match &now {
        Some(table) => Some(table.snapshot().map_err(failed)?),
        None => None,
    };
    let reference = state.map(|state| state as &dyn TableReference);
    let commit = CommitBuilder::from(properties()).with_actions(actions).build(reference, log, operation);
    commit.await.map(drop).map_err(failed)
}

fn metadata(target: &Delta, configuration: HashMap<String, String>) -> Result<Metadata, String> {
    let schema: StructType = target.schema.as_ref().try_into_kernel().map_err(|error| error.to_string())?;
    new_metadata(&schema, &target.keys, configuration).map_err(|error| error.to_string())
}

/// The table's metadata with another schema.
fn changed(target: &Delta, known: &Metadata) -> Result<Metadata, String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let made = metadata(target, known.configuration().clone())?;
    let made = made.with_table_id(known.id().to_owned()).map_err(|error| failed(&error))?;
    let made = match known.name() {
        Some(name) => made.with_name(name.to_owned()).map_err(|error| failed(&error))?,
        None => made,
    };
    match known.description() {
        Some(text) => made.with_description(text.to_owned()).map_err(|error| failed(&error)),
        None => Ok(made),
    }
}

/// The files that give way to the new ones.
fn removed(target: &Delta, state: &DeltaTableState, added: &[Add]) -> Vec<Remove> {
    let all = match target.mode {
        LakeMode::Append | LakeMode::Upsert(_) => return Vec::new(),
        LakeMode::Overwrite => true,
        LakeMode::OverwritePartitions => target.keys.is_empty(),
    };
    let written = |remove: &Remove| {
        let values = remove.partition_values.as_ref();
        added.iter().any(|add| values == Some(&add.partition_values))
    };
    let files = state.snapshot().log_data();
    let files = files.iter().map(|file| file.remove_action(true));
    files.filter(|remove| all || written(remove)).collect()
}

/// What the log tells of the files that were written.
async fn added(
    target: &Delta,
    environment: &Environment,
    output: &Output,
) -> Result<Vec<Add>, DataFusionError> {
    let telling = Arc::new(Telling {
        node: target.node.clone(),
        store: store_of(environment, &target.node, &target.folder)?,
        folder: target.folder.clone(),
        keys: target.keys.clone(),
        schema: Arc::clone(&output.schema),
        now: environment.clock.now().millis(),
    });
    let files: Vec<_> = output.files.iter().map(|file| Arc::clone(&telling).add(file.clone())).collect();
    stream::iter(files).buffered(FOOTERS).try_collect().await
}

/// What it takes to tell of a file.
struct Telling {
    node: String,
    store: Arc<dyn ObjectStore>,
    folder: Location,
    keys: Vec<String>,
    schema: SchemaRef,
    now: i64,
}

impl Telling {
    async fn add(self: Arc<Self>, file: WrittenFile) -> Result<Add, DataFusionError> {
        let failed = |error: &dyn std::fmt::Display| FileError::new(&self.node, &file.url, error);
        let folder = self.folder.to_string();
        let path = file.url.strip_prefix(&folder).unwrap_or_default();
        let key = Path::parse(format!("{}{path}", self.folder.key)).map_err(|error| failed(&error))?;
        let meta = self.store.head(&key).await.map_err(|error| failed(&error))?;
        let footer = DFParquetMetadata::new(self.store.as_ref(), &meta).fetch_metadata().await;
        let footer = footer.map_err(|error| failed(&error))?;
        Ok(Add {
            path: path.to_owned(),
            partition_values: partition_values(&self.keys, path),
            size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
            modification_time: self.now,
            data_change: true,
            stats: Some(stats::statistics(&self.schema, &footer)),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        })
    }
}

/// The values that the folders of a file tell.
fn partition_values(keys: &[String], path: &str) -> HashMap<String, Option<String>> {
    let told: HashMap<String, String> = path.split('/').filter_map(parse_partition_segment).collect();
    keys.iter()
        .map(|key| {
            let value = told.get(key).filter(|value| !value.is_empty() && *value != DEFAULT_PARTITION);
            (key.clone(), value.cloned())
        })
        .collect()
}

/// Merges the rows of a plan into a table: those with the keys of one that is there take its place.
///
/// # Errors
/// Several rows have the keys of one that is there, or the table cannot be written.
pub(super) async fn merge(
    target: &Delta,
    context: &SessionContext,
    table: DeltaTable,
    plan: Arc<dyn ExecutionPlan>,
    keys: &[String],
    share: Share,
) -> Result<Output, DataFusionError> {
    let before = files(target, &table)?;
    let source = context.read_table(Arc::new(Planned { schema: plan.schema(), plan }))?;
    let of = |relation: &str, name: &str| Column::new(Some(relation), name);
    let column = |relation: &str, name: &str| Expr::Column(of(relation, name));
    let fields = target.schema.fields();
    let keys =
        keys.iter().filter_map(|key| fields.iter().find(|field| field.name().eq_ignore_ascii_case(key)));
    let same = keys
        .map(|key| column("target", key.name()).eq(column("source", key.name())))
        .reduce(Expr::and)
        .unwrap_or_else(|| lit(false));
    let pairs = fields.iter().zip(&target.columns).filter(|(_, found)| found.is_some());
    let names: Vec<&str> = pairs.map(|(field, _)| field.name().as_str()).collect();
    let failed = |error: DeltaTableError| told(target, &error);
    let codec = match target.compression {
        Compression::None => Codec::UNCOMPRESSED,
        _ => Codec::SNAPPY,
    };
    let (table, metrics) = table
        .merge(source, same)
        .with_source_alias("source")
        .with_target_alias("target")
        .with_merge_schema(target.changed)
        // The source is read once.
        .with_streaming(true)
        .with_session_state(Arc::new(context.state()))
        .with_writer_properties(WriterProperties::builder().set_compression(codec).build())
        .with_commit_properties(properties())
        .when_matched_update(|update| {
            names
                .iter()
                .fold(update, |update, name| update.update(of("target", name), column("source", name)))
        })
        .map_err(failed)?
        .when_not_matched_insert(|insert| {
            names.iter().fold(insert, |insert, name| insert.set(of("target", name), column("source", name)))
        })
        .map_err(failed)?
        .await
        .map_err(failed)?;
    (share.progress)(metrics.num_source_rows as u64);
    let files: Vec<WrittenFile> = files(target, &table)?.difference(&before).cloned().collect();
    Ok(Output {
        target: target.node.clone(),
        folder: target.folder.to_string(),
        partitions: Vec::new(),
        rows: metrics.num_source_rows as u64,
        bytes: files.iter().map(|file| file.bytes).sum(),
        files,
        schema: Arc::clone(&target.schema),
        partition_schema: Arc::new(Schema::empty()),
    })
}

/// The files of a table.
fn files(target: &Delta, table: &DeltaTable) -> Result<BTreeSet<WrittenFile>, DataFusionError> {
    let state = table.snapshot().map_err(|error| told(target, &error))?;
    let files = state.snapshot().log_data();
    let files = files.iter().map(|file| WrittenFile {
        url: format!("{}{}", target.folder, file.path()),
        rows: file.num_records().unwrap_or(0) as u64,
        bytes: u64::try_from(file.size()).unwrap_or(0),
    });
    Ok(files.collect())
}

/// The rows of a plan as a table that is read once.
#[derive(Debug)]
struct Planned {
    schema: SchemaRef,
    plan: Arc<dyn ExecutionPlan>,
}

#[async_trait]
impl TableProvider for Planned {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let Some(projection) = projection else { return Ok(Arc::clone(&self.plan)) };
        let columns: Vec<(Arc<dyn PhysicalExpr>, String)> = projection
            .iter()
            .filter_map(|at| Some((*at, self.schema.fields().get(*at)?.name())))
            .map(|(at, name)| {
                (Arc::new(PhysicalColumn::new(name, at)) as Arc<dyn PhysicalExpr>, name.clone())
            })
            .collect();
        Ok(Arc::new(ProjectionExec::try_new(columns, Arc::clone(&self.plan))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_tell_the_values_of_partitions() {
        let keys = ["day".to_owned(), "Of".to_owned()];
        let told =
            partition_values(&keys, "day=2024-01-01 10%3A00/Of=__HIVE_DEFAULT_PARTITION__/part-0.parquet");
        assert_eq!(told["day"].as_deref(), Some("2024-01-01 10:00"));
        assert_eq!(told["Of"], None);
        assert!(partition_values(&[], "part-0.parquet").is_empty());
    }
}
