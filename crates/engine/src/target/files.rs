//! Targets that write files: into a folder or a catalog table, which is brought up to date.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{DataFrame, SessionContext};
use mastic_api_glue::glue::types::{Column, PartitionInput, SerDeInfo, StorageDescriptor, Table, TableInput};
use mastic_hive::{Format as TableFormat, encode_partition_value, stored_name};

use super::{Share, Target};
use crate::environment::Environment;
use crate::error::NodeError;
use crate::location::Location;
use crate::plan::{CatalogTarget, Compression, CsvWriting, FieldPath, Format, S3Target, UpdateBehavior};
use crate::run::{as_columns, store_of};
use crate::sink::{self, Output, SinkSpec};
use crate::source::catalog::TableShape;
use crate::transform::{column, exact, names};
use crate::types::glue_type;

/// Bytes after which a file is closed and the next one begun.
const FILE_BYTES: u64 = 1 << 30;

/// A folder to write to, with its table as it was found.
pub(crate) struct Files {
    node: String,
    folder: Location,
    format: Format,
    compression: Compression,
    keys: Vec<String>,
    csv: CsvWriting,
    /// How many files there shall be.
    files: Option<usize>,
    /// The columns to write, in the order of the table's; what the frame has if it is missing.
    columns: Option<Vec<(String, DataType)>>,
    table: Option<TargetTable>,
}

struct TargetTable {
    database: String,
    name: String,
    update: UpdateBehavior,
    found: Option<Table>,
}

impl Files {
    /// Looks at a folder, its table and the columns that come in.
    ///
    /// # Errors
    /// A partition key is no column, or the format has no such compression.
    pub(crate) async fn folder(
        environment: &Environment,
        node: &str,
        target: &S3Target,
        input: &DataFrame,
    ) -> Result<Self, DataFusionError> {
        let wrong = |message: String| NodeError::new(node, message);
        let table = match &target.table {
            None => None,
            Some(table) => Some(TargetTable {
                database: table.database.clone(),
                name: stored_name(&table.table),
                update: table.update,
                found: environment.catalog.get_table(&table.database, &table.table).await.map_err(wrong)?,
            }),
        };
        let compression = target.compression.unwrap_or(target.format.usual_compression());
        if !target.format.has(compression) {
            return Err(wrong(format!("{} has no compression {compression:?}", target.format.name())).into());
        }
        Ok(Self {
            node: node.to_owned(),
            folder: Location::parse(&target.path).map_err(wrong)?.folder(),
            format: target.format,
            compression,
            keys: key_columns(input, node, &target.partition_keys)?,
            csv: target.csv,
            files: target.files,
            columns: None,
            table,
        })
    }

    /// Looks at a catalog table and the columns that come in.
    ///
    /// # Errors
    /// The table is of a kind that is not written, or a partition key is no column.
    pub(crate) fn table(
        node: &str,
        target: &CatalogTarget,
        found: Table,
        input: &DataFrame,
    ) -> Result<Self, DataFusionError> {
        let CatalogTarget { database, table: name, .. } = target;
        let wrong = |message: String| NodeError::new(node, format!("table `{database}.{name}`: {message}"));
        let shape = TableShape::of(&found).map_err(wrong)?;
        let format = match shape.format {
            TableFormat::Csv | TableFormat::OpenCsv => Format::Csv,
            TableFormat::Json => Format::Json,
            TableFormat::Parquet => Format::Parquet,
            TableFormat::Avro => Format::Avro,
            TableFormat::Orc => Format::Orc,
            other => {
                let message = format!("tables of the format `{}` are not written", other.classification());
                return Err(wrong(message).into());
            }
        };
        let keys: Vec<String> = shape.keys.iter().map(|(key, _)| key.clone()).collect();
        let given = target.partition_keys.iter().filter_map(|path| path.last());
        let differ = given.clone().count() != keys.len()
            || !given.zip(&keys).all(|(given, key)| given.eq_ignore_ascii_case(key));
        if !target.partition_keys.is_empty() && differ {
            return Err(wrong(format!("its partition keys are `{}`", keys.join("`, `"))).into());
        }
        for key in &keys {
            column(input, std::slice::from_ref(key))
                .map_err(|error| wrong(format!("partition key `{key}`: {}", error.strip_backtrace())))?;
        }
        let csv = match format {
            Format::Csv => {
                let csv = shape.csv_format(false).map_err(wrong)?;
                CsvWriting { separator: csv.separator, header: csv.skip > 0, ..CsvWriting::default() }
            }
            _ => CsvWriting::default(),
        };
        let mut columns = shape.columns;
        let known = |name: &str, columns: &[(String, DataType)]| {
            columns.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        for field in input.schema().fields() {
            if !known(field.name(), &columns) && !known(field.name(), &shape.keys) {
                columns.push((field.name().clone(), field.data_type().clone()));
            }
        }
        columns.extend(shape.keys);
        Ok(Self {
            node: node.to_owned(),
            folder: shape.location,
            format,
            compression: format.usual_compression(),
            files: None,
            keys,
            csv,
            columns: Some(columns),
            table: target.update.map(|update| TargetTable {
                database: database.clone(),
                name: name.clone(),
                update,
                found: Some(found),
            }),
        })
    }

    /// How the sink writes it.
    fn sink(&self, environment: &Environment) -> Result<SinkSpec, DataFusionError> {
        Ok(SinkSpec {
            node: self.node.clone(),
            store: store_of(environment, &self.node, &self.folder)?,
            folder: self.folder.clone(),
            format: self.format,
            compression: self.compression,
            csv: self.csv,
            partition_keys: self.keys.clone(),
            prefix: format!("run-{}-part-r-", environment.clock.now().millis()),
            id: environment.entropy.uuid(),
            files: self.files.filter(|_| self.keys.is_empty()),
            target_bytes: if self.files.is_some() { u64::MAX } else { FILE_BYTES },
            statistics: None,
            budget: (environment.memory_limit / 2).max(16 << 20),
        })
    }
}

#[async_trait]
impl Target for Files {
    fn shaped(&self, frame: DataFrame) -> Result<DataFrame, DataFusionError> {
        match &self.columns {
            Some(columns) => {
                let exprs = as_columns(&frame, columns);
                frame.select(exprs)
            }
            None => {
                let exprs: Vec<Expr> = names(&frame).iter().map(|name| exact(name)).collect();
                frame.select(exprs)
            }
        }
    }

    async fn write(
        &self,
        environment: &Environment,
        context: &SessionContext,
        plan: Arc<dyn ExecutionPlan>,
        share: Share,
    ) -> Result<Output, DataFusionError> {
        let mut spec = self.sink(environment)?;
        spec.budget /= share.targets;
        sink::write(plan, context.task_ctx(), spec, share.progress).await
    }

    async fn register(&self, environment: &Environment, output: &Output) -> Result<(), DataFusionError> {
        let Some(table) = &self.table else { return Ok(()) };
        let wrong = |message: String| {
            NodeError::new(&self.node, format!("table `{}.{}`: {message}", table.database, table.name))
        };
        let catalog = environment.catalog.as_ref();
        let columns = columns_of(&output.schema).map_err(wrong)?;
        let keys = columns_of(&output.partition_schema).map_err(wrong)?;
        let descriptor = match &table.found {
            None => {
                let input = new_table(self, table, columns, keys);
                let descriptor = input.storage_descriptor.clone().unwrap_or_default();
                catalog.create_table(&table.database, input).await.map_err(wrong)?;
                descriptor
            }
            Some(found) => {
                let mut descriptor = found.storage_descriptor.clone().unwrap_or_default();
                let added = added_columns(&mut descriptor, found, columns);
                if added && table.update == UpdateBehavior::UpdateInDatabase {
                    let input = changed_table(found, descriptor.clone());
                    catalog.update_table(&table.database, input).await.map_err(wrong)?;
                }
                descriptor
            }
        };
        let partitions = partitions_of(self, output, &descriptor);
        if partitions.is_empty() {
            return Ok(());
        }
        catalog.create_partitions(&table.database, &table.name, partitions).await.map_err(wrong)?;
        Ok(())
    }
}

fn key_columns(input: &DataFrame, node: &str, paths: &[FieldPath]) -> Result<Vec<String>, DataFusionError> {
    paths
        .iter()
        .map(|path| {
            let [key] = path.as_slice() else {
                return Err(NodeError::new(
                    node,
                    format!("the partition key `{}` is not a column", path.join(".")),
                )
                .into());
            };
            let found = names(input).into_iter().find(|name| name == key);
            let alike = || names(input).into_iter().find(|name| name.eq_ignore_ascii_case(key));
            found.or_else(alike).ok_or_else(|| {
                NodeError::new(node, format!("there is no column `{key}` to partition by")).into()
            })
        })
        .collect()
}

fn columns_of(schema: &Schema) -> Result<Vec<Column>, String> {
    let fields = schema.fields().iter();
    fields
        .map(|field| {
            let of = glue_type(field.data_type())
                .map_err(|error| format!("the column `{}`: {error}", field.name()))?;
            let of = of.without_void().to_string();
            Ok(Column { name: stored_name(field.name()), r#type: Some(of), ..Column::default() })
        })
        .collect()
}

fn new_table(target: &Files, table: &TargetTable, columns: Vec<Column>, keys: Vec<Column>) -> TableInput {
    let format = match target.format {
        Format::Parquet => TableFormat::Parquet,
        Format::Json => TableFormat::Json,
        Format::Csv => TableFormat::OpenCsv,
        Format::Avro => TableFormat::Avro,
        Format::Orc => TableFormat::Orc,
        Format::Xml => TableFormat::Xml,
    };
    let descriptor = format.descriptor();
    let mut serde: BTreeMap<String, String> = descriptor
        .serde_parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut parameters = BTreeMap::from([
        ("classification".to_owned(), format.classification().to_owned()),
        (
            "compressionType".to_owned(),
            match target.compression {
                Compression::Gzip if target.format != Format::Parquet => "gzip",
                Compression::Bzip2 if target.format != Format::Avro => "bzip2",
                _ => "none",
            }
            .to_owned(),
        ),
        ("typeOfData".to_owned(), "file".to_owned()),
        ("useGlueParquetWriter".to_owned(), (format == TableFormat::Parquet).to_string()),
    ]);
    if target.format == Format::Csv {
        serde.insert("separatorChar".to_owned(), char::from(target.csv.separator).to_string());
        let quote = target.csv.quote.map(|quote| char::from(quote).to_string());
        serde.extend(quote.map(|quote| ("quoteChar".to_owned(), quote)));
        parameters.insert("skip.header.line.count".to_owned(), u8::from(target.csv.header).to_string());
    }
    if target.format == Format::Xml {
        serde.insert("rowTag".to_owned(), "ROW".to_owned());
        parameters.insert("rowTag".to_owned(), "ROW".to_owned());
    }
    TableInput {
        name: table.name.clone(),
        storage_descriptor: Some(StorageDescriptor {
            columns: Some(columns),
            location: Some(target.folder.to_string()),
            input_format: Some(descriptor.input_format.to_owned()),
            output_format: Some(descriptor.output_format.to_owned()),
            serde_info: Some(SerDeInfo {
                name: None,
                serialization_library: Some(descriptor.serde.to_owned()).filter(|serde| !serde.is_empty()),
                parameters: Some(serde),
            }),
            ..StorageDescriptor::default()
        }),
        partition_keys: Some(keys),
        table_type: Some("EXTERNAL_TABLE".to_owned()),
        parameters: Some(parameters),
        ..TableInput::default()
    }
}

/// Adds the columns that the table does not have; what it has, comments too, stays.
fn added_columns(descriptor: &mut StorageDescriptor, table: &Table, columns: Vec<Column>) -> bool {
    let mut known = descriptor.columns.take().unwrap_or_default();
    let keys = table.partition_keys.as_deref().unwrap_or_default();
    let before = known.len();
    for column in columns {
        if !known.iter().chain(keys).any(|found| found.name.eq_ignore_ascii_case(&column.name)) {
            known.push(column);
        }
    }
    let added = known.len() > before;
    descriptor.columns = Some(known);
    added
}

/// A table as it is, with another storage descriptor.
pub(crate) fn changed_table(found: &Table, descriptor: StorageDescriptor) -> TableInput {
    TableInput {
        name: found.name.clone(),
        description: found.description.clone(),
        owner: found.owner.clone(),
        last_access_time: found.last_access_time,
        last_analyzed_time: found.last_analyzed_time,
        retention: found.retention,
        storage_descriptor: Some(descriptor),
        partition_keys: found.partition_keys.clone(),
        view_original_text: found.view_original_text.clone(),
        view_expanded_text: found.view_expanded_text.clone(),
        table_type: found.table_type.clone(),
        parameters: found.parameters.clone(),
        target_table: found.target_table.clone(),
        view_definition: None,
    }
}

fn partitions_of(target: &Files, output: &Output, table: &StorageDescriptor) -> Vec<PartitionInput> {
    let keys = &target.keys;
    let folder = |values: &[String]| {
        let parts = keys.iter().zip(values);
        let path: Vec<String> =
            parts.map(|(key, value)| format!("{key}={}", encode_partition_value(value))).collect();
        format!("{}{}/", output.folder, path.join("/"))
    };
    output
        .partitions
        .iter()
        .map(|values| PartitionInput {
            values: Some(values.clone()),
            storage_descriptor: Some(StorageDescriptor { location: Some(folder(values)), ..table.clone() }),
            parameters: Some(BTreeMap::from([(
                "classification".to_owned(),
                target.format.classification().to_owned(),
            )])),
            ..PartitionInput::default()
        })
        .collect()
}
