use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::datasource::{MemTable, TableType};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::scalar::ScalarValue;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::SourceFile;
use super::scan::with_partitions;
use crate::cast::cast_array;
use crate::choice::united_fields;
use crate::error::FileError;
use crate::run::as_columns;

/// Footers that are read side by side.
const FOOTERS: usize = 16;

/// A table over Parquet files, of all columns of all files. A column whose type differs between files has the type that
/// holds all its values: a wider number, or a choice.
///
/// # Errors
/// Names the file whose footer cannot be read.
pub(crate) async fn parquet_table(
    context: &SessionContext,
    node: &str,
    files: Vec<SourceFile>,
    partitions: &[(String, DataType)],
) -> Result<Arc<dyn TableProvider>> {
    let schemas: Vec<Schema> = stream::iter(&files)
        .map(|file| async move {
            let footer = DFParquetMetadata::new(file.store.as_ref(), &file.meta)
                .with_coerce_int96(Some(TimeUnit::Microsecond));
            let schema = footer.fetch_schema().await;
            schema.map_err(|error| FileError::new(node, file.url(), error.strip_backtrace()))
        })
        .buffered(FOOTERS)
        .try_collect()
        .await?;
    // Files whose columns have the same types are read together, whichever of them they have.
    let mut groups: Vec<(Schema, Vec<SourceFile>)> = Vec::new();
    for (schema, file) in schemas.into_iter().zip(files) {
        let schema = Schema::new(schema.fields().iter().map(|field| viewed(field)).collect::<Vec<_>>());
        let with = |known: &Schema| Schema::try_merge([known.clone(), schema.clone()]).ok();
        match groups.iter_mut().find_map(|(known, files)| Some((with(known)?, known, files))) {
            Some((merged, known, files)) => {
                *known = merged;
                files.push(file);
            }
            None => groups.push((schema, vec![file])),
        }
    }
    let united = groups.iter().fold(Fields::empty(), |all, (schema, _)| united_fields(&all, schema.fields()));
    let (united, _) = with_partitions(&Schema::new(united), partitions);
    let mut tables = groups.into_iter().map(|(schema, files)| {
        let (schema, kept) = with_partitions(&schema, partitions);
        Arc::new(ParquetTable { schema, data_columns: kept.len(), files })
    });
    let (Some(first), second) = (tables.next(), tables.next()) else {
        return Ok(Arc::new(MemTable::try_new(united, vec![vec![]])?));
    };
    let Some(second) = second else { return Ok(first) };
    let columns: Vec<(String, DataType)> =
        united.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect();
    let mut all: Option<DataFrame> = None;
    for table in [first, second].into_iter().chain(tables) {
        let frame = context.read_table(table)?;
        let exprs = as_columns(&frame, &columns);
        let frame = frame.select(exprs)?;
        all = Some(match all {
            None => frame,
            Some(all) => all.union(frame)?,
        });
    }
    all.map(DataFrame::into_view).ok_or_else(|| DataFusionError::Internal("no group of files".to_owned()))
}

/// Text columns are read as views; metadata of writers is not compared between files.
fn viewed(field: &Field) -> FieldRef {
    let of = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        other => other.clone(),
    };
    Arc::new(Field::new(field.name(), of, true))
}

/// A table over Parquet files: its data columns, then its partition columns.
#[derive(Debug)]
pub(crate) struct ParquetTable {
    schema: SchemaRef,
    data_columns: usize,
    files: Vec<SourceFile>,
}

impl ParquetTable {
    fn partition_values(&self, file: &SourceFile) -> Result<Vec<ScalarValue>> {
        let fields = self.schema.fields().iter().skip(self.data_columns);
        fields
            .zip(&file.partition)
            .map(|(field, value)| {
                let text = ScalarValue::Utf8View(value.clone()).to_array_of_size(1)?;
                ScalarValue::try_from_array(&cast_array(&text, field.data_type())?, 0)
            })
            .collect()
    }
}

#[async_trait]
impl TableProvider for ParquetTable {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (data, partitions): (Vec<_>, Vec<_>) =
            self.schema.fields().iter().cloned().enumerate().partition(|(at, _)| *at < self.data_columns);
        let fields =
            |list: Vec<(usize, FieldRef)>| list.into_iter().map(|(_, field)| field).collect::<Vec<_>>();
        let table = TableSchema::new(Arc::new(Schema::new(fields(data))), fields(partitions));
        let mut options = TableParquetOptions::new();
        options.global.coerce_int96 = Some("us".to_owned());
        let mut source = ParquetSource::new(table).with_table_parquet_options(options);
        if let Some(filter) = conjunction(filters.to_vec()) {
            let schema = DFSchema::try_from(Arc::clone(&self.schema))?;
            source = source.with_predicate(state.create_physical_expr(filter, &schema)?);
        }
        let source = Arc::new(source);
        let mut buckets: Vec<(&str, Vec<PartitionedFile>)> = Vec::new();
        for file in &self.files {
            let part = PartitionedFile::new_from_meta(file.meta.clone())
                .with_partition_values(self.partition_values(file)?);
            match buckets.iter_mut().find(|(bucket, _)| *bucket == file.bucket) {
                Some((_, parts)) => parts.push(part),
                None => buckets.push((&file.bucket, vec![part])),
            }
        }
        let mut plans = buckets
            .into_iter()
            .map(|(bucket, parts)| {
                let url = ObjectStoreUrl::parse(format!("s3://{bucket}"))?;
                let width = state.config().target_partitions();
                let groups = FileGroup::new(parts).split_files(width);
                let config = FileScanConfigBuilder::new(url, Arc::<ParquetSource>::clone(&source))
                    .with_file_groups(groups)
                    .with_projection_indices(projection.cloned())?
                    .with_limit(limit)
                    .build();
                Ok(DataSourceExec::from_data_source(config) as Arc<dyn ExecutionPlan>)
            })
            .collect::<Result<Vec<_>>>()?;
        match plans.len() {
            1 => plans.pop().map_or_else(|| UnionExec::try_new(vec![]), Ok),
            _ => UnionExec::try_new(plans),
        }
    }
}
