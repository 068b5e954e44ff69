//! Commits to the logs of Delta Lake tables ("Delta Transaction Log Protocol").

use std::any::Any;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Column, DataFusionError};
use datafusion::datasource::TableType;
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
use parquet::basic::Compression as Codec;
use parquet::file::properties::WriterProperties;
use serde_json::json;

use super::super::Share;
use super::Delta;
use super::partitions::{Keys, partition_values};
use crate::environment::Environment;
use crate::lake::delta::{log, open};
use crate::plan::{Compression, DeltaVersion, LakeMode};
use crate::sink::{Output, WrittenFile};

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
    let written = environment.clock.now().millis();
    let added: Vec<Add> = output.files.iter().map(|file| added(target, file, written)).collect();
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
            let removed = removed(target, state, &added).map_err(|error| target.wrong(error))?;
            actions.extend(removed.into_iter().map(Action::Remove));
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
///
/// # Errors
/// The log has a value that is none of its column's type.
fn removed(target: &Delta, state: &DeltaTableState, added: &[Add]) -> Result<Vec<Remove>, String> {
    let by_partition = match target.mode {
        LakeMode::Append | LakeMode::Upsert(_) => return Ok(Vec::new()),
        LakeMode::Overwrite => false,
        LakeMode::OverwritePartitions => !target.keys.is_empty(),
    };
    let files = state.snapshot().log_data();
    let files = files.iter().map(|file| file.remove_action(true));
    if !by_partition {
        return Ok(files.collect());
    }
    let keys = Keys::of(&target.schema, &target.keys)?;
    let written = added.iter().map(|add| keys.partition(&add.partition_values));
    let written = written.collect::<Result<HashSet<_>, _>>()?;
    let mut removed = Vec::new();
    for file in files {
        let none = HashMap::new();
        let partition = keys.partition(file.partition_values.as_ref().unwrap_or(&none))?;
        if written.contains(&partition) {
            removed.push(file);
        }
    }
    Ok(removed)
}

/// What the log tells of a file that was written.
fn added(target: &Delta, file: &WrittenFile, now: i64) -> Add {
    let path = file.url.strip_prefix(&target.folder.to_string()).unwrap_or_default();
    Add {
        path: path.to_owned(),
        partition_values: partition_values(&target.keys, path),
        size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        modification_time: now,
        data_change: true,
        stats: file.statistics.clone(),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
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
        statistics: None,
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
