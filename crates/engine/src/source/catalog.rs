use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::types::Int64Type;
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use futures::stream::{self, StreamExt, TryStreamExt};
use mastic_api_glue::glue::types::{Column, Partition, Table};
use mastic_hive::{CsvOptions, Expression, Format};

use super::avro::avro_table;
use super::csv::{CsvShape, csv_table};
use super::database;
use super::delta::delta_entry;
use super::json::{JsonShape, json_table, recased};
use super::listing::{Files, SourceFile, bound, codec_of, objects};
use super::orc::orc_table;
use super::parquet::parquet_table;
use super::xml::{self, XmlFormat, xml_table};
use super::{iceberg_provider, since_provider};
use crate::bookmark::Mark;
use crate::cast::cast_array;
use crate::environment::Environment;
use crate::error::{FileError, NodeError};
use crate::lake::LakeFormat;
use crate::lake::iceberg::open as open_iceberg;
use crate::location::Location;
use crate::plan::{CatalogSource, CsvFormat, DatabaseSource, DeltaVersion, IcebergVersion};
use crate::types::arrow_type;

/// Partitions that are listed side by side.
const LISTINGS: usize = 16;

/// A catalog table as its definition tells it.
pub(crate) struct TableShape {
    /// How its files are made.
    pub(crate) format: Format,
    /// Its data columns.
    pub(crate) columns: Vec<(String, DataType)>,
    /// Its partition keys.
    pub(crate) keys: Vec<(String, DataType)>,
    /// SerDe and table parameters, the SerDe's before the table's.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Where its files are.
    pub(crate) location: Location,
}

impl TableShape {
    /// Reads a table's definition.
    ///
    /// # Errors
    /// Says what of it is missing or not supported.
    pub(crate) fn of(table: &Table) -> Result<Self, String> {
        let descriptor = table.storage_descriptor.as_ref().ok_or("the table has no storage descriptor")?;
        let serde = descriptor.serde_info.as_ref();
        let mut parameters = table.parameters.clone().unwrap_or_default();
        let classification = parameters.get("classification").cloned();
        parameters.extend(serde.and_then(|serde| serde.parameters.clone()).unwrap_or_default());
        let library = serde.and_then(|serde| serde.serialization_library.as_deref());
        let format =
            Format::from_descriptor(descriptor.input_format.as_deref(), library, classification.as_deref())
                // A custom classifier of XML calls its tables as it likes.
                .or_else(|| parameters.contains_key("rowTag").then_some(Format::Xml))
                .ok_or_else(|| {
                    format!("the table's format is not known: its SerDe is `{}`", library.unwrap_or_default())
                })?;
        let location = descriptor.location.as_deref().unwrap_or_default();
        Ok(Self {
            format,
            columns: typed(descriptor.columns.as_deref())?,
            keys: typed(table.partition_keys.as_deref())?,
            parameters,
            location: Location::parse(location)?.folder(),
        })
    }

    /// How text of the table is cut into fields, by Hive's SerDes or by Glue's own reader.
    ///
    /// # Errors
    /// Names the parameter that cannot be used.
    pub(crate) fn csv_format(&self, hive: bool) -> Result<CsvFormat, String> {
        let options =
            CsvOptions::from_parameters(self.format, |name| self.parameters.get(name).map(String::as_str))?;
        let byte = |of: &str, c: char| {
            u8::try_from(c).map_err(|_| format!("the {of} `{c}` of the table is not one byte"))
        };
        // Glue's own reader, which knows a crawled table by its classification, takes quotes for quotes.
        let crawled = self.parameters.get("classification").is_some_and(|of| of == "csv");
        let quote = options.quote.or((crawled && !hive).then_some('"'));
        Ok(CsvFormat {
            separator: byte("delimiter", options.delimiter)?,
            quote: quote.map(|quote| byte("quote", quote)).transpose()?,
            quillemet: false,
            escape: options.escape.map(|escape| byte("escape character", escape)).transpose()?,
            letters: false,
            header: false,
            skip: usize::try_from(options.skip_lines).unwrap_or(usize::MAX),
            multiline: false,
            nulls: vec![
                self.parameters.get("serialization.null.format").map_or("\\N", String::as_str).to_owned(),
            ],
        })
    }
}

fn typed(columns: Option<&[Column]>) -> Result<Vec<(String, DataType)>, String> {
    let columns = columns.unwrap_or_default().iter();
    columns
        .map(|column| {
            let of = column.r#type.as_deref().unwrap_or("string");
            let of = arrow_type(of).map_err(|error| format!("the column `{}`: {error}", column.name))?;
            Ok((column.name.clone(), of))
        })
        .collect()
}

/// A catalog table, ready to be read.
pub(crate) struct Found {
    /// The table over its files.
    pub(crate) table: Arc<dyn TableProvider>,
    /// Its files.
    pub(crate) files: Vec<SourceFile>,
    /// The partition keys, whose values each file tells.
    pub(crate) keys: Vec<(String, DataType)>,
    /// The columns that it should answer, data columns before partition keys.
    pub(crate) columns: Vec<(String, DataType)>,
}

/// Where the rows of a catalog table are.
pub(crate) enum Located {
    /// In the files of its partitions; with what its definition tells.
    Files(Box<TableShape>, Files),
    /// In a database; with the columns that it should answer.
    Database(Box<DatabaseSource>, Vec<(String, DataType)>),
    /// In files of which only the table's own format knows.
    Lake(LakeFormat, Box<Table>),
}

fn wrong(node: &str, source: &CatalogSource, message: String) -> NodeError {
    NodeError::new(node, format!("table `{}.{}`: {message}", source.database, source.table))
}

/// Finds the files of a catalog table in those of its partitions that meet the source's predicate.
///
/// # Errors
/// The table is missing, or cannot be listed.
pub(crate) async fn located(
    context: &SessionContext,
    environment: &Environment,
    node: &str,
    source: &CatalogSource,
) -> Result<Located, DataFusionError> {
    let CatalogSource { database, table: name, predicate, .. } = source;
    let wrong = |message: String| wrong(node, source, message);
    let table = environment.catalog.get_table(database, name).await.map_err(wrong)?;
    let table = table.ok_or_else(|| wrong("it was not found".to_owned()))?;
    if let Some(of_database) = database::of_catalog(&table) {
        let (place, relation) = of_database.map_err(wrong)?;
        if predicate.as_ref().is_some_and(|predicate| !predicate.trim().is_empty()) {
            return Err(wrong("a table of a database has no partitions for a predicate".to_owned()).into());
        }
        let parameters = |name: &str| table.parameters.as_ref()?.get(name).cloned();
        let parts = match &source.parts {
            Some(parts) => Some(parts.clone()),
            None => database::parts_of(parameters).map_err(wrong)?,
        };
        let keys = source.keys.clone();
        let source = DatabaseSource { place, relation, filter: None, parts, types: vec![], keys };
        let columns = table.storage_descriptor.as_ref().and_then(|found| found.columns.as_deref());
        return Ok(Located::Database(Box::new(source), typed(columns).map_err(wrong)?));
    }
    if let Some(format) = LakeFormat::of(&table) {
        return Ok(Located::Lake(format, Box::new(table)));
    }
    let shape = TableShape::of(&table).map_err(wrong)?;
    let locations = if shape.keys.is_empty() {
        vec![(shape.location.clone(), vec![])]
    } else {
        let predicate = predicate.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let given = source.expression.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let expression = match given {
            Some(given) => Some(given.to_owned()),
            None => predicate.and_then(|predicate| expression(predicate, &table)),
        };
        let catalog = environment.catalog.as_ref();
        let all = catalog.get_partitions(database, name, expression.as_deref()).await.map_err(wrong)?;
        let wanted = match predicate {
            None => all,
            Some(predicate) => {
                let met = meeting(context, &shape.keys, all, predicate).await;
                met.map_err(|error| {
                    wrong(format!("the partition predicate `{predicate}`: {}", error.strip_backtrace()))
                })?
            }
        };
        wanted
            .into_iter()
            .map(|partition| {
                let location =
                    partition.storage_descriptor.as_ref().and_then(|found| found.location.as_deref());
                let values = partition.values.unwrap_or_default();
                let location =
                    location.ok_or_else(|| wrong(format!("the partition {values:?} has no location")))?;
                Ok((Location::parse(location).map_err(wrong)?.folder(), values))
            })
            .collect::<Result<_, NodeError>>()?
    };
    Ok(Located::Files(Box::new(shape), files(environment, node, locations).await?))
}

/// Opens a catalog table, with those of its partitions that meet the source's predicate, and those of its files that are to
/// be read.
///
/// # Errors
/// The table is missing or of a kind that cannot be read, or one of its files.
pub(crate) async fn open(
    context: &SessionContext,
    environment: &Environment,
    node: &str,
    source: &CatalogSource,
    mark: Option<&Mark<'_>>,
) -> Result<Found, DataFusionError> {
    let wrong = |message: String| wrong(node, source, message);
    let (mut shape, files) = match located(context, environment, node, source).await? {
        Located::Files(shape, files) => (*shape, files),
        Located::Database(source, columns) => {
            let table = database::open(environment, node, &source, mark).await?.table;
            return Ok(Found { table, files: vec![], keys: vec![], columns });
        }
        Located::Lake(format, table) => {
            let (table, columns) = lake(context, environment, node, format, *table, mark).await?;
            return filtered(context, table, columns, source.predicate.as_deref()).map_err(|error| {
                wrong(format!("the partition predicate: {}", error.strip_backtrace())).into()
            });
        }
    };
    let schema =
        shape.parameters.get("withSchema").filter(|text| shape.format == Format::Xml && !text.is_empty());
    if let Some(schema) = schema {
        let told = |error: String| wrong(format!("the parameter `withSchema`: {error}"));
        shape.columns = xml::declared(schema).map_err(told)?;
    }
    let limits = source.limits();
    let files = match mark {
        Some(mark) => mark.unread(files, &limits).await?,
        None => bound(&limits, files.found),
    };
    let columns: Vec<_> = shape.columns.iter().chain(&shape.keys).cloned().collect();
    if files.is_empty() {
        let fields = columns.iter().map(|(name, of)| Field::new(name, of.clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let table = Arc::new(MemTable::try_new(schema, vec![vec![]])?);
        return Ok(Found { table, files, keys: shape.keys, columns });
    }
    let width = environment.target_partitions;
    let (all, keys) = (files.clone(), shape.keys.clone());
    let table: Arc<dyn TableProvider> = match shape.format {
        Format::Csv | Format::OpenCsv => {
            if let Some((name, _)) = shape.columns.iter().find(|(_, of)| of.is_nested()) {
                return Err(wrong(format!("the column `{name}` is nested, which CSV cannot hold")).into());
            }
            let mut format = shape.csv_format(source.hive).map_err(wrong)?;
            format.nulls.extend(environment.null_values.iter().cloned());
            let (columns, partitions) = (Some(shape.columns), shape.keys);
            let shape = CsvShape { format: &format, columns, partitions, wanted: &|_| None, lenient: false };
            Arc::new(csv_table(node, files, shape).await?.rejecting(environment.error_rows.clone()))
        }
        Format::Json => {
            // The catalog keeps names in lower case; the files may not.
            let columns = Some(recased(node, &files, shape.columns).await?);
            let partitions = shape.keys;
            let shape =
                JsonShape { path: None, multiline: false, columns, partitions, width, tolerant: false };
            Arc::new(json_table(node, files, shape).await?.rejecting(environment.error_rows.clone()))
        }
        Format::Parquet => parquet_table(context, node, files, &shape.keys).await?,
        Format::Avro => Arc::new(avro_table(node, files, &shape.columns, &shape.keys)),
        Format::Orc => Arc::new(orc_table(node, files, &shape.columns, &shape.keys).await?),
        Format::Xml => {
            let format =
                XmlFormat::of(|name| shape.parameters.get(name).map(String::as_str)).map_err(wrong)?;
            let table = xml_table(node, files, format, &shape.columns, &shape.keys);
            Arc::new(table.rejecting(environment.error_rows.clone()))
        }
        other => {
            return Err(wrong(format!(
                "tables of the format `{}` are not supported",
                other.classification()
            ))
            .into());
        }
    };
    Ok(Found { table, files: all, keys, columns })
}

/// A table that knows its own files, with its columns.
async fn lake(
    context: &SessionContext,
    environment: &Environment,
    node: &str,
    format: LakeFormat,
    table: Table,
    mark: Option<&Mark<'_>>,
) -> Result<(Arc<dyn TableProvider>, Vec<(String, DataType)>), DataFusionError> {
    let name = format!("{}.{}", table.database_name.as_deref().unwrap_or_default(), table.name);
    let wrong = |message: String| NodeError::new(node, format!("table `{name}`: {message}"));
    match format {
        LakeFormat::Iceberg => {
            let opened = open_iceberg(environment, node, table).await?;
            let table = match mark {
                Some(mark) => since_provider(node, opened.table, mark).await?,
                None => iceberg_provider(node, opened.table, &IcebergVersion::Current).map_err(wrong)?,
            };
            let fields = table.schema();
            let columns = fields.fields().iter();
            let columns = columns.map(|field| (field.name().clone(), field.data_type().clone())).collect();
            Ok((table, columns))
        }
        LakeFormat::Delta => delta_entry(context, environment, node, &table, &DeltaVersion::Newest).await,
        LakeFormat::Hudi => Err(wrong("Hudi tables are not supported".to_owned()).into()),
    }
}

/// The rows of a table that meet the predicate.
fn filtered(
    context: &SessionContext,
    table: Arc<dyn TableProvider>,
    columns: Vec<(String, DataType)>,
    predicate: Option<&str>,
) -> Result<Found, DataFusionError> {
    let table = match predicate.map(str::trim).filter(|text| !text.is_empty()) {
        None => table,
        Some(predicate) => {
            let frame = context.read_table(table)?;
            let predicate = frame.parse_sql_expr(predicate)?;
            frame.filter(predicate)?.into_view()
        }
    };
    Ok(Found { table, files: Vec::new(), keys: Vec::new(), columns })
}

async fn files(
    environment: &Environment,
    node: &str,
    locations: Vec<(Location, Vec<String>)>,
) -> Result<Files, FileError> {
    let lists: Vec<Files> = stream::iter(locations)
        .map(|(location, values)| async move {
            let fail = |cause: String| FileError::new(node, location.to_string(), cause);
            let store = environment.stores.bucket(&location.bucket).map_err(fail)?;
            let mut all = Files::default();
            let found = objects(store.as_ref(), &location.bucket, &location.key, &mut all).await;
            let found = found.map_err(|error| fail(error.to_string()))?;
            let partition: Vec<Option<String>> = values
                .into_iter()
                .map(|value| (value != mastic_hive::DEFAULT_PARTITION).then_some(value))
                .collect();
            let file = |meta: object_store::ObjectMeta| SourceFile {
                store: Arc::clone(&store),
                bucket: location.bucket.clone(),
                codec: codec_of(meta.location.as_ref()),
                partition: partition.clone(),
                meta,
            };
            all.found = found.into_iter().map(file).collect();
            Ok::<_, FileError>(all)
        })
        .buffered(LISTINGS)
        .try_collect()
        .await?;
    let mut all = Files::default();
    for list in lists {
        all.found.extend(list.found);
        all.places.extend(list.places);
        all.others.extend(list.others);
    }
    Ok(all)
}

/// The predicate in the grammar of `GetPartitions`, if it can be said there: the catalog then answers only what
/// is needed.
fn expression(predicate: &str, table: &Table) -> Option<String> {
    let keys = table.partition_keys.as_deref().unwrap_or_default().iter();
    let keys: Vec<(&str, &str)> =
        keys.map(|key| (key.name.as_str(), key.r#type.as_deref().unwrap_or("string"))).collect();
    // Spark also writes `==`; within quotes it would be data.
    let quoted = predicate.split('\'').skip(1).step_by(2).any(|text| text.contains("=="));
    let text = predicate.replace("==", "=");
    let bound = Expression::parse(&text).and_then(|expression| expression.bind(&keys));
    (!quoted && bound.is_ok()).then_some(text)
}

/// The partitions whose values meet a predicate in SQL, such as `(year == '2013' and month in ('1', '2'))`.
async fn meeting(
    context: &SessionContext,
    keys: &[(String, DataType)],
    partitions: Vec<Partition>,
    predicate: &str,
) -> Result<Vec<Partition>, DataFusionError> {
    const NUMBER: &str = "__number";
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (at, (name, of)) in keys.iter().enumerate() {
        let value =
            |partition: &Partition| partition.values.as_ref().and_then(|values| values.get(at).cloned());
        let text: ArrayRef = Arc::new(partitions.iter().map(value).collect::<StringArray>());
        fields.push(Field::new(name, of.clone(), true));
        columns.push(cast_array(&text, of)?);
    }
    fields.push(Field::new(NUMBER, DataType::Utf8, false));
    columns.push(Arc::new((0..partitions.len()).map(|n| Some(n.to_string())).collect::<StringArray>()));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    let frame = context.read_batch(batch)?;
    let predicate = frame.parse_sql_expr(predicate)?;
    let met = frame.filter(predicate)?.select_columns(&[NUMBER])?.collect().await?;
    let mut kept = vec![false; partitions.len()];
    for batch in &met {
        let numbers = cast_array(batch.column(0), &DataType::Int64)?;
        for number in numbers.as_primitive::<Int64Type>().values() {
            if let Some(kept) = usize::try_from(*number).ok().and_then(|at| kept.get_mut(at)) {
                *kept = true;
            }
        }
    }
    Ok(partitions.into_iter().zip(kept).filter_map(|(partition, kept)| kept.then_some(partition)).collect())
}
