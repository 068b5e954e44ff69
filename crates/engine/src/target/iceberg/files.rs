//! The data files of an Iceberg table.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, StructArray};
use datafusion::arrow::compute::partition;
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema as ArrowSchema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, Partitioning, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;
use iceberg::arrow::{arrow_struct_to_literal, schema_to_arrow_schema, type_to_arrow_type};
use iceberg::io::FileIO;
use iceberg::spec::{
    DataFile, DataFileFormat, Literal, PartitionKey, PartitionSpec, Schema, Struct, StructType,
    TableMetadata, Type,
};
use iceberg::transform::{BoxedTransformFunction, create_transform_function};
use iceberg::writer::base_writer::data_file_writer::{DataFileWriter, DataFileWriterBuilder};
use iceberg::writer::file_writer::ParquetWriterBuilder;
use iceberg::writer::file_writer::location_generator::{DefaultFileNameGenerator, DefaultLocationGenerator};
use iceberg::writer::file_writer::rolling_writer::RollingFileWriterBuilder;
use iceberg::writer::{IcebergWriter, IcebergWriterBuilder};
use parquet::basic::{Compression as Codec, GzipLevel, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tokio::task::JoinSet;

use super::super::store::{StoreExec, Storing};
use super::Iceberg;
use crate::environment::Environment;
use crate::error::NodeError;
use crate::lake::columns::stored;
use crate::lake::iceberg::told;
use crate::lake::{Unfinished, writing_io};

/// Rows of a row group.
const ROW_GROUP: usize = 262_144;

/// Bytes after which a file is closed and the next one begun, unless the table says otherwise.
const FILE_BYTES: usize = 512 << 20;

type Writer = DataFileWriter<ParquetWriterBuilder, DefaultLocationGenerator, DefaultFileNameGenerator>;
type Builder =
    DataFileWriterBuilder<ParquetWriterBuilder, DefaultLocationGenerator, DefaultFileNameGenerator>;

/// Whether files can be written as the table's properties say.
///
/// # Errors
/// Names the property that asks for what is not supported.
pub(super) fn check(properties: &HashMap<String, String>) -> Result<(), String> {
    match properties.get("write.format.default").map(String::as_str) {
        None | Some("parquet") => {}
        Some(other) => {
            return Err(format!("data files of the format `{other}` (write.format.default) are not written"));
        }
    }
    match properties.get("write.metadata.compression-codec").map(String::as_str) {
        None | Some("none" | "gzip") => {}
        Some(other) => {
            return Err(format!("`write.metadata.compression-codec` is none or gzip, not `{other}`"));
        }
    }
    file_bytes(properties)?;
    codec(properties).map(drop)
}

/// Bytes after which a file is closed and the next one begun.
fn file_bytes(properties: &HashMap<String, String>) -> Result<usize, String> {
    let name = "write.target-file-size-bytes";
    let Some(text) = properties.get(name) else { return Ok(FILE_BYTES) };
    let number = text.trim().parse().ok().filter(|number: &usize| *number > 0);
    number.ok_or_else(|| format!("`{name}` is a number of bytes above zero, not `{text}`"))
}

fn codec(properties: &HashMap<String, String>) -> Result<Codec, String> {
    let named = properties.get("write.parquet.compression-codec").map(|text| text.to_ascii_lowercase());
    let level = properties.get("write.parquet.compression-level").filter(|text| !text.is_empty());
    let wrong = |text: &String| format!("the compression level `{text}` cannot be used");
    Ok(match named.as_deref() {
        None | Some("zstd") => Codec::ZSTD(match level {
            None => ZstdLevel::default(),
            Some(text) => {
                text.parse().ok().and_then(|n| ZstdLevel::try_new(n).ok()).ok_or_else(|| wrong(text))?
            }
        }),
        Some("gzip") => Codec::GZIP(match level {
            None => GzipLevel::default(),
            Some(text) => {
                text.parse().ok().and_then(|n| GzipLevel::try_new(n).ok()).ok_or_else(|| wrong(text))?
            }
        }),
        Some("snappy") => Codec::SNAPPY,
        Some("lz4") => Codec::LZ4_RAW,
        Some("uncompressed" | "none") => Codec::UNCOMPRESSED,
        Some(other) => return Err(format!("the compression `{other}` is not supported")),
    })
}

/// How the rows of a frame become files of a table.
pub(super) struct Writing {
    node: String,
    io: FileIO,
    unfinished: Unfinished,
    metadata: TableMetadata,
    schema: Arc<Schema>,
    spec: Arc<PartitionSpec>,
    /// The columns of the table, then one for each field of the partition.
    stored: SchemaRef,
    /// The partition's fields.
    partition: Fields,
    storing: Storing,
    properties: WriterProperties,
    id: String,
    bytes: usize,
}

/// A field of the partition: what is made of which column.
struct Derived {
    source: usize,
    function: BoxedTransformFunction,
    to: DataType,
}

impl Writing {
    /// Files of a target's table, of the frame that it shapes.
    ///
    /// # Errors
    /// The table's partitions are of a kind that is not written.
    pub(super) fn new(environment: &Environment, target: &Iceberg) -> Result<Self, DataFusionError> {
        let Iceberg { node, planned: metadata, columns, properties: given, .. } = target;
        let failed = |error: iceberg::Error| told(node, &error);
        let schema = Arc::clone(metadata.current_schema());
        let spec = Arc::clone(metadata.default_partition_spec());
        let plain: SchemaRef = Arc::new(schema_to_arrow_schema(&schema).map_err(failed)?);
        let partition = match type_to_arrow_type(&Type::Struct(metadata.default_partition_type().clone()))
            .map_err(failed)?
        {
            DataType::Struct(fields) => fields,
            _ => Fields::empty(),
        };
        let derived = derived(&schema, &spec, &partition).map_err(|error| NodeError::new(node, error))?;
        let mut fields: Vec<Field> = plain.fields().iter().map(|field| field.as_ref().clone()).collect();
        for (number, field) in partition.iter().enumerate() {
            fields.push(Field::new(hidden(number), field.data_type().clone(), true));
        }
        let mut next = 0..;
        let places: Vec<Option<usize>> =
            columns.iter().map(|column| column.as_ref().and_then(|_| next.next())).collect();
        let name = node.clone();
        let storing: Storing = Arc::new(move |batch: &RecordBatch| {
            let wrong = |error: String| NodeError::new(&name, error);
            let batch = stored(batch, &places, &plain).map_err(wrong)?;
            let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
            for field in &derived {
                columns.push(field.of(&batch).map_err(wrong)?);
            }
            Ok(columns)
        });
        let properties = WriterProperties::builder()
            .set_compression(codec(given).map_err(|error| NodeError::new(node, error))?)
            .set_created_by(concat!("mastic version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .build();
        let (io, unfinished) = writing_io(environment, node);
        Ok(Self {
            node: node.clone(),
            bytes: file_bytes(given).map_err(|error| NodeError::new(node, error))?,
            io,
            unfinished,
            metadata: metadata.clone(),
            schema,
            spec,
            stored: Arc::new(ArrowSchema::new(fields)),
            partition,
            storing,
            properties,
            id: environment.entropy.uuid(),
        })
    }

    /// Writes the rows of a plan.
    ///
    /// # Errors
    /// The plan's own, or the file that could not be written and why.
    pub(super) async fn run(
        self,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
        progress: Arc<dyn Fn(u64) + Send + Sync>,
    ) -> Result<Vec<DataFile>, DataFusionError> {
        let streams = context.session_config().target_partitions().max(1);
        let plan = self.laid_out(plan, streams)?;
        let this = Arc::new(self);
        let mut tasks = JoinSet::new();
        for number in 0..plan.output_partitioning().partition_count() {
            let stream = plan.execute(number, Arc::clone(&context))?;
            let (this, progress) = (Arc::clone(&this), Arc::clone(&progress));
            tasks.spawn(async move {
                let mut lane = this.lane(number)?;
                let mut stream = stream;
                while let Some(batch) = stream.next().await {
                    let batch = batch?;
                    progress(batch.num_rows() as u64);
                    lane.write(&batch).await?;
                }
                lane.finish().await
            });
        }
        let written = all(&mut tasks).await;
        if written.is_err() {
            tasks.shutdown().await;
            this.unfinished.take_back().await;
        }
        written
    }

    /// The rows of a partition come one after the other in one stream, so that it becomes one file.
    fn laid_out(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        streams: usize,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let found = plan.output_partitioning().partition_count();
        let storing = Arc::clone(&self.storing);
        let plan: Arc<dyn ExecutionPlan> = Arc::new(StoreExec::new(plan, Arc::clone(&self.stored), storing));
        if self.partition.is_empty() {
            return Ok(match found < streams {
                true => Arc::new(RepartitionExec::try_new(plan, Partitioning::RoundRobinBatch(streams))?),
                false => plan,
            });
        }
        let first = self.stored.fields().len() - self.partition.len();
        let keys: Vec<Arc<dyn PhysicalExpr>> = (0..self.partition.len())
            .map(|number| Arc::new(Column::new(&hidden(number), first + number)) as Arc<dyn PhysicalExpr>)
            .collect();
        let plan: Arc<dyn ExecutionPlan> = match streams > 1 || found > 1 {
            true => Arc::new(RepartitionExec::try_new(plan, Partitioning::Hash(keys.clone(), streams))?),
            false => plan,
        };
        let order = keys.into_iter().map(PhysicalSortExpr::new_default);
        let Some(order) = LexOrdering::new(order) else { return Ok(plan) };
        Ok(Arc::new(SortExec::new(order, plan).with_preserve_partitioning(true)))
    }

    fn lane(&self, number: usize) -> Result<Lane, DataFusionError> {
        let failed = |error: iceberg::Error| told(&self.node, &error);
        let rolling = RollingFileWriterBuilder::new(
            ParquetWriterBuilder::new(self.properties.clone(), Arc::clone(&self.schema)),
            self.bytes,
            self.io.clone(),
            DefaultLocationGenerator::new(&self.metadata).map_err(failed)?,
            DefaultFileNameGenerator::new(
                format!("{number:05}"),
                Some(self.id.clone()),
                DataFileFormat::Parquet,
            ),
        );
        Ok(Lane {
            node: self.node.clone(),
            builder: DataFileWriterBuilder::new(rolling),
            schema: Arc::clone(&self.schema),
            spec: Arc::clone(&self.spec),
            of: self.metadata.default_partition_type().clone(),
            partition: self.partition.clone(),
            open: None,
            files: Vec::new(),
        })
    }
}

/// The files of all tasks, or the first failure.
async fn all(
    tasks: &mut JoinSet<Result<Vec<DataFile>, DataFusionError>>,
) -> Result<Vec<DataFile>, DataFusionError> {
    let mut files = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let done =
            done.map_err(|error| DataFusionError::Execution(format!("a writing task broke off: {error}")))?;
        files.extend(done?);
    }
    files.sort_by(|a, b| a.file_path().cmp(b.file_path()));
    Ok(files)
}

/// The name of a column that holds a field of the partition.
fn hidden(number: usize) -> String {
    format!("__partition_{number}")
}

fn derived(schema: &Schema, spec: &PartitionSpec, partition: &Fields) -> Result<Vec<Derived>, String> {
    let columns = schema.as_struct().fields();
    spec.fields()
        .iter()
        .zip(partition)
        .map(|(field, to)| {
            let source = columns.iter().position(|column| column.id == field.source_id);
            let source = source
                .ok_or_else(|| format!("the partition field `{}` is of a nested column", field.name))?;
            let function =
                create_transform_function(&field.transform).map_err(|error| error.message().to_owned())?;
            Ok(Derived { source, function, to: to.data_type().clone() })
        })
        .collect()
}

impl Derived {
    fn of(&self, batch: &RecordBatch) -> Result<ArrayRef, String> {
        let source = batch.columns().get(self.source).ok_or("a column is missing")?;
        let made = self.function.transform(Arc::clone(source)).map_err(|error| error.message().to_owned())?;
        datafusion::arrow::compute::cast(&made, &self.to).map_err(|error| error.to_string())
    }
}

/// One stream's files, of which one is open at a time.
struct Lane {
    node: String,
    builder: Builder,
    schema: Arc<Schema>,
    spec: Arc<PartitionSpec>,
    of: StructType,
    partition: Fields,
    open: Option<(Option<Struct>, Writer)>,
    files: Vec<DataFile>,
}

impl Lane {
    async fn write(&mut self, batch: &RecordBatch) -> Result<(), DataFusionError> {
        let count = batch.num_columns() - self.partition.len();
        let data = batch.project(&(0..count).collect::<Vec<_>>())?;
        if self.partition.is_empty() {
            return self.put(None, data).await;
        }
        let keys: Vec<ArrayRef> = batch.columns().iter().skip(count).cloned().collect();
        for range in partition(&keys)?.ranges() {
            let first: Vec<ArrayRef> = keys.iter().map(|key| key.slice(range.start, 1)).collect();
            let value = self.value(first)?;
            self.put(Some(value), data.slice(range.start, range.len())).await?;
        }
        Ok(())
    }

    /// The partition that a row belongs to.
    fn value(&self, row: Vec<ArrayRef>) -> Result<Struct, DataFusionError> {
        let row: ArrayRef = Arc::new(StructArray::try_new(self.partition.clone(), row, None)?);
        let value = arrow_struct_to_literal(&row, &self.of).map_err(|error| told(&self.node, &error))?;
        match value.into_iter().next().flatten() {
            Some(Literal::Struct(value)) => Ok(value),
            _ => Err(DataFusionError::Internal("a row has no partition".to_owned())),
        }
    }

    async fn put(&mut self, value: Option<Struct>, data: RecordBatch) -> Result<(), DataFusionError> {
        if data.num_rows() == 0 {
            return Ok(());
        }
        if self.open.as_ref().is_some_and(|(open, _)| *open != value) {
            self.close().await?;
        }
        let writer = match &mut self.open {
            Some((_, writer)) => writer,
            None => {
                let key = value.clone().map(|value| {
                    PartitionKey::new(self.spec.as_ref().clone(), Arc::clone(&self.schema), value)
                });
                let writer = self.builder.build(key).await.map_err(|error| told(&self.node, &error))?;
                &mut self.open.insert((value, writer)).1
            }
        };
        writer.write(data).await.map_err(|error| told(&self.node, &error))
    }

    async fn close(&mut self) -> Result<(), DataFusionError> {
        if let Some((_, mut writer)) = self.open.take() {
            self.files.extend(writer.close().await.map_err(|error| told(&self.node, &error))?);
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Vec<DataFile>, DataFusionError> {
        self.close().await?;
        Ok(self.files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_that_ask_for_more_are_refused() {
        let of = |name: &str, text: &str| HashMap::from([(name.to_owned(), text.to_owned())]);
        assert_eq!(check(&HashMap::new()), Ok(()));
        assert!(check(&of("write.format.default", "orc")).unwrap_err().contains("`orc`"));
        assert!(check(&of("write.parquet.compression-codec", "lzo")).unwrap_err().contains("`lzo`"));
        assert!(check(&of("write.parquet.compression-level", "99")).unwrap_err().contains("`99`"));
        assert!(check(&of("write.metadata.compression-codec", "zstd")).unwrap_err().contains("`zstd`"));
        for text in ["512MB", "0", "-1", ""] {
            let error = check(&of("write.target-file-size-bytes", text)).unwrap_err();
            assert!(error.contains("`write.target-file-size-bytes`") && error.contains(&format!("`{text}`")));
        }
        assert_eq!(file_bytes(&of("write.target-file-size-bytes", "1048576")), Ok(1 << 20));
    }
}
