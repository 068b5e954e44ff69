//! Targets that are Iceberg tables: appended to, overwritten, merged into, or made.

mod files;
mod merge;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{DataFrame, SessionContext};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{DataFile, FormatVersion, Schema, TableMetadata};
use mastic_api_glue::glue::types::Table;
use mastic_hive::stored_name;

use super::{Share, Target};
use crate::environment::Environment;
use crate::error::NodeError;
use crate::lake::LakeFormat;
use crate::lake::columns::{engine_type, matched, nested};
use crate::lake::iceberg::{Opened, identity_keys, new_metadata, open, told, with_columns};
use crate::lake::snapshot::{Commit, Replaces};
use crate::location::Location;
use crate::plan::{FieldPath, IcebergTarget, IcebergVersion, LakeMode, NewIceberg};
use crate::sink::{Output, WrittenFile};
use crate::source::iceberg_provider;
use crate::transform::exact;
use merge::Merge;

/// An Iceberg table to write to, as it was found or as it will be.
pub(crate) struct Iceberg {
    node: String,
    database: String,
    name: String,
    /// The table's metadata with the schema that it gets.
    planned: TableMetadata,
    creates: bool,
    /// Whether the planned schema has columns that the table does not have.
    grows: bool,
    /// For each column of the table the one of the frame.
    columns: Vec<Option<String>>,
    mode: LakeMode,
    /// The table's properties, and what the node says instead.
    properties: HashMap<String, String>,
    /// The rows that are there already, for a merge.
    present: Option<Arc<dyn TableProvider>>,
}

impl Iceberg {
    /// Looks at a table and the columns that come in.
    ///
    /// # Errors
    /// The table cannot take the columns, is of a kind that is not written, or is missing and not to be made.
    pub(crate) async fn open(
        environment: &Environment,
        node: &str,
        target: &IcebergTarget,
        found: Option<Table>,
        input: &DataFrame,
    ) -> Result<Self, DataFusionError> {
        let IcebergTarget { database, table: name, .. } = target;
        let wrong = |message: String| NodeError::new(node, format!("table `{database}.{name}`: {message}"));
        match (found, &target.new) {
            (Some(entry), _) => {
                if LakeFormat::of(&entry) != Some(LakeFormat::Iceberg) {
                    return Err(wrong("it is no Iceberg table".to_owned()).into());
                }
                let opened = open(environment, node, entry).await?;
                Self::existing(node, target, opened, input)
            }
            (None, Some(new)) => {
                Self::new(environment, node, target, new, input).map_err(|e| wrong(e).into())
            }
            (None, None) => Err(wrong("it was not found".to_owned()).into()),
        }
    }

    fn new(
        environment: &Environment,
        node: &str,
        target: &IcebergTarget,
        new: &NewIceberg,
        input: &DataFrame,
    ) -> Result<Self, String> {
        let location = Location::parse(&new.path)?;
        let fields = nested(input.schema().fields().iter(), &mut 0)?;
        let schema =
            Schema::builder().with_fields(fields).build().map_err(|error| error.message().to_owned())?;
        let keys = target.partition_keys.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        let uuid = environment.entropy.uuid();
        let properties = new.properties.clone();
        let planned = new_metadata(&location.to_string(), schema, &keys, properties, &uuid)?;
        files::check(planned.properties())?;
        let columns = input.schema().fields().iter().map(|field| Some(field.name().clone())).collect();
        let properties = planned.properties().clone();
        Ok(Self {
            node: node.to_owned(),
            database: target.database.clone(),
            name: stored_name(&target.table),
            planned,
            creates: true,
            grows: false,
            columns,
            mode: LakeMode::Append,
            properties,
            present: None,
        })
    }

    fn existing(
        node: &str,
        target: &IcebergTarget,
        opened: Opened,
        input: &DataFrame,
    ) -> Result<Self, DataFusionError> {
        let IcebergTarget { database, table: name, mode, .. } = target;
        let wrong = |message: String| NodeError::new(node, format!("table `{database}.{name}`: {message}"));
        let metadata = opened.table.metadata();
        if metadata.format_version() > FormatVersion::V2 {
            let version = metadata.format_version();
            return Err(wrong(format!("Iceberg tables of format version {version} are not written")).into());
        }
        let mut properties = metadata.properties().clone();
        properties.extend(target.overrides.clone());
        files::check(&properties).map_err(wrong)?;
        check_keys(metadata, &target.partition_keys).map_err(wrong)?;
        let evolved = if target.merge_schema { evolved(metadata, input).map_err(wrong)? } else { None };
        let planned = match &evolved {
            None => metadata.clone(),
            Some(schema) => {
                let builder = metadata.clone().into_builder(None).add_current_schema(schema.clone());
                builder.and_then(|builder| builder.build()).map_err(|error| told(node, &error))?.metadata
            }
        };
        let known = planned.current_schema().as_struct().fields().iter();
        let known = known
            .map(|field| Ok((field.name.clone(), engine_type(&field.field_type)?, field.required)))
            .collect::<Result<Vec<(String, DataType, bool)>, String>>();
        // Rows are rewritten whole: a column that does not come in would be lost in those that are there.
        let lenient = target.merge_schema && !matches!(mode, LakeMode::Upsert(_));
        let columns = matched(input, &known.map_err(wrong)?, lenient).map_err(wrong)?;
        let present = match mode {
            LakeMode::Upsert(keys) => {
                for key in keys {
                    if !columns.iter().flatten().any(|column| column.eq_ignore_ascii_case(key)) {
                        return Err(wrong(format!("there is no column `{key}` to merge by")).into());
                    }
                }
                let provider = iceberg_provider(node, opened.table.clone(), &IcebergVersion::Current);
                Some(provider.map_err(wrong)?)
            }
            _ => None,
        };
        Ok(Self {
            node: node.to_owned(),
            database: database.clone(),
            name: opened.entry.name.clone(),
            planned,
            creates: false,
            grows: evolved.is_some(),
            columns,
            mode: mode.clone(),
            properties,
            present,
        })
    }

    /// What gives way to what is written.
    fn replaces(&self) -> Replaces {
        match self.mode {
            LakeMode::Append => Replaces::Nothing,
            _ if self.creates => Replaces::Nothing,
            LakeMode::Overwrite => Replaces::All,
            LakeMode::OverwritePartitions => Replaces::Partitions,
            LakeMode::Upsert(_) => Replaces::Snapshot(self.planned.current_snapshot_id()),
        }
    }

    async fn commit(&self, environment: &Environment, added: &[DataFile]) -> Result<(), DataFusionError> {
        let commit = Commit {
            node: &self.node,
            database: &self.database,
            name: &self.name,
            planned: &self.planned,
            creates: self.creates,
            grows: self.grows,
            added,
            replaces: self.replaces(),
        };
        commit.run(environment).await
    }

    fn output(&self, added: &[DataFile]) -> Result<Output, DataFusionError> {
        let schema = self.planned.current_schema();
        let spec = self.planned.default_partition_spec();
        let mut files: Vec<WrittenFile> = added
            .iter()
            .map(|file| WrittenFile {
                url: file.file_path().to_owned(),
                rows: file.record_count(),
                bytes: file.file_size_in_bytes(),
                statistics: None,
            })
            .collect();
        files.sort();
        let partitions: BTreeSet<Vec<String>> = match spec.is_unpartitioned() {
            true => BTreeSet::new(),
            false => added
                .iter()
                .map(|file| vec![spec.partition_to_path(file.partition(), Arc::clone(schema))])
                .collect(),
        };
        let arrow = schema_to_arrow_schema(schema).map_err(|error| told(&self.node, &error))?;
        Ok(Output {
            target: self.node.clone(),
            folder: format!("{}/", self.planned.location().trim_end_matches('/')),
            rows: files.iter().map(|file| file.rows).sum(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            files,
            partitions: partitions.into_iter().collect(),
            schema: Arc::new(arrow),
            partition_schema: Arc::new(ArrowSchema::empty()),
        })
    }
}

/// A column to partition by.
fn key(path: &FieldPath) -> Result<String, String> {
    match path.as_slice() {
        [key] => Ok(key.clone()),
        _ => Err(format!("the partition key `{}` is not a column", path.join("."))),
    }
}

/// Whether the keys that the author gave, if any, are the table's.
fn check_keys(metadata: &TableMetadata, given: &[FieldPath]) -> Result<(), String> {
    if given.is_empty() {
        return Ok(());
    }
    let given = given.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    let known = identity_keys(metadata);
    let same = known.is_some_and(|known| {
        known.len() == given.len() && known.iter().zip(&given).all(|(a, b)| a.eq_ignore_ascii_case(b))
    });
    if same {
        return Ok(());
    }
    let spec = metadata.default_partition_spec().fields().iter();
    let told: Vec<String> = spec.map(|field| format!("{} ({})", field.name, field.transform)).collect();
    Err(format!("it is partitioned by `{}`, not by `{}`", told.join("`, `"), given.join("`, `")))
}

/// The table's schema with the columns that only the frame has; nothing if there are none.
fn evolved(metadata: &TableMetadata, input: &DataFrame) -> Result<Option<Schema>, String> {
    let schema = metadata.current_schema();
    let fields = input.schema().fields().iter();
    let more: Vec<&Arc<Field>> =
        fields.filter(|field| schema.field_by_name_case_insensitive(field.name()).is_none()).collect();
    if more.is_empty() {
        return Ok(None);
    }
    let mut last = metadata.last_column_id();
    let more = nested(more.into_iter(), &mut last)?;
    with_columns(schema, more).map(Some).map_err(|error| error.message().to_owned())
}

#[async_trait]
impl Target for Iceberg {
    fn shaped(&self, frame: DataFrame) -> Result<DataFrame, DataFusionError> {
        let names: Vec<Expr> = self.columns.iter().flatten().map(|name| exact(name)).collect();
        let (Some(present), LakeMode::Upsert(keys)) = (&self.present, &self.mode) else {
            return frame.select(names);
        };
        let fields = self.planned.current_schema().as_struct().fields().iter();
        let pairs = fields.zip(&self.columns).map(|(field, column)| (field.name.as_str(), column));
        let columns = pairs.filter_map(|(name, column)| Some((name, column.as_deref()?))).collect();
        let table = format!("{}.{}", self.database, self.name);
        Merge { node: &self.node, table: &table, present, keys, columns }.of(frame)
    }

    async fn write(
        &self,
        environment: &Environment,
        context: &SessionContext,
        plan: Arc<dyn ExecutionPlan>,
        share: Share,
    ) -> Result<Output, DataFusionError> {
        let writing = files::Writing::new(environment, self)?;
        let added = writing.run(plan, context.task_ctx(), share.progress).await?;
        self.commit(environment, &added).await?;
        self.output(&added)
    }

    fn ages(&self) -> bool {
        // The commit looked at the table as it was then.
        false
    }

    async fn register(&self, _: &Environment, _: &Output) -> Result<(), DataFusionError> {
        // The commit of the table is what makes the files part of it.
        Ok(())
    }
}
