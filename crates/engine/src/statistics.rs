//! What the columns of a catalog table hold: counts, extremes and lengths ("Optimizing query performance using
//! column statistics" in the AWS Glue Developer Guide). One pass over the data, in constant memory.

use std::sync::Arc;

use datafusion::arrow::compute::kernels::length::length;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::functions::expr_fn::{character_length, random};
use datafusion::functions_aggregate::expr_fn::{approx_distinct, avg, count, max, min};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarUDF, Volatility, cast, create_udf, lit, when};
use datafusion::scalar::ScalarValue;
use mastic_api_glue::glue::types::{
    BinaryColumnStatisticsData, BooleanColumnStatisticsData, Column, ColumnStatistics, ColumnStatisticsData,
    ColumnStatisticsType, DateColumnStatisticsData, DecimalColumnStatisticsData, DecimalNumber,
    DoubleColumnStatisticsData, LongColumnStatisticsData, StringColumnStatisticsData,
};
use mastic_core::Timestamp;
use mastic_shape::Blob;

use crate::environment::Environment;
use crate::error::{EngineError, NodeError};
use crate::plan::CatalogSource;
use crate::run::{as_columns, register, session};
use crate::source;
use crate::transform::exact;

/// How errors name what is being worked on.
const NODE: &str = "column statistics";

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Which columns of which table.
#[derive(Debug, Clone)]
pub struct StatisticsRequest {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// The columns; all that are no partition keys if there are none.
    pub columns: Vec<String>,
    /// The percentage of the rows to look at; all if it is missing.
    pub sample: Option<f64>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Statistics by column.
    pub columns: Vec<ColumnStatistics>,
    /// Columns that were not named and are left out, for their types have no statistics.
    pub left_out: Vec<Column>,
    /// Rows looked at.
    pub rows: u64,
}

/// Reads a table and counts.
///
/// # Errors
/// If the table, one of its files, or a column that is named cannot be measured.
pub async fn column_statistics(
    request: &StatisticsRequest,
    environment: &Environment,
) -> Result<Measured, EngineError> {
    measure(request, environment).await.map_err(|error| EngineError::at(NODE, &error))
}

async fn measure(
    request: &StatisticsRequest,
    environment: &Environment,
) -> Result<Measured, DataFusionError> {
    let StatisticsRequest { database, table, columns, sample } = request;
    let wrong = |message: String| NodeError::new(NODE, format!("table `{database}.{table}`: {message}"));
    let found = environment.catalog.get_table(database, table).await.map_err(wrong)?;
    let found = found.ok_or_else(|| wrong("it was not found".to_owned()))?;
    let descriptor = found.storage_descriptor.unwrap_or_default();
    let data = descriptor.columns.unwrap_or_default();
    let wanted = if columns.is_empty() {
        data
    } else {
        let all: Vec<_> = data.into_iter().chain(found.partition_keys.unwrap_or_default()).collect();
        let named = columns.iter().map(|name| {
            let found = all.iter().find(|column| column.name.eq_ignore_ascii_case(name));
            found.cloned().ok_or_else(|| wrong(format!("there is no column `{name}`")))
        });
        named.collect::<Result<_, _>>()?
    };

    let context = session(environment).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let source =
        CatalogSource { database: database.clone(), table: table.clone(), ..CatalogSource::default() };
    let opened = source::catalog::open(&context, environment, NODE, &source, None).await?;
    register(&context, environment, &opened.files)?;
    let (mut measures, mut left_out) = (Vec::new(), Vec::new());
    for column in wanted {
        let typed = opened.columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(&column.name));
        match typed.and_then(|(name, of)| Some(Measure { name, kind: Kind::of(of)? })) {
            Some(measure) => measures.push((column, measure)),
            None if columns.is_empty() => left_out.push(column),
            None => {
                let of = column.r#type.unwrap_or_default();
                let text = format!("the column `{}` has no statistics: its type is {of}", column.name);
                return Err(wrong(text).into());
            }
        }
    }

    let frame = context.read_table(opened.table)?;
    let columns = as_columns(&frame, &opened.columns);
    let mut frame = frame.select(columns)?;
    if let Some(percent) = sample {
        frame = frame.filter(random().lt(lit(percent / 100.0)))?;
    }
    let mut aggregates = vec![count(lit(1_i64)).alias(ROWS)];
    for (at, (_, measure)) in measures.iter().enumerate() {
        for (what, aggregate) in measure.aggregates()? {
            aggregates.push(aggregate.alias(named(at, what)));
        }
    }
    let batches = frame.aggregate(vec![], aggregates)?.collect().await?;
    let answer = batches
        .into_iter()
        .find(|batch| batch.num_rows() > 0)
        .ok_or_else(|| DataFusionError::Internal("an aggregate gave no row".to_owned()))?;
    let rows = whole(&answer, ROWS)?.unwrap_or_default();
    let now = environment.clock.now();
    let columns = measures
        .into_iter()
        .enumerate()
        .map(|(at, (column, measure))| {
            Ok(ColumnStatistics {
                column_name: column.name,
                column_type: column.r#type.unwrap_or_else(|| "string".to_owned()),
                analyzed_time: now,
                statistics_data: measure.data(&Found { answer: &answer, at, rows })?,
            })
        })
        .collect::<Result<_, DataFusionError>>()?;
    Ok(Measured { columns, left_out, rows: u64::try_from(rows).unwrap_or_default() })
}

/// The name of the aggregate that counts all rows.
const ROWS: &str = "rows";

/// The name of one aggregate of the column at a place.
fn named(at: usize, what: &str) -> String {
    format!("{what}_{at}")
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Boolean,
    Date,
    Timestamp,
    Decimal,
    Double,
    Long,
    String,
    Binary,
}

impl Kind {
    /// The kind of statistics of a type; nested ones have none.
    fn of(of: &DataType) -> Option<Self> {
        Some(match of {
            DataType::Boolean => Self::Boolean,
            DataType::Date32 => Self::Date,
            DataType::Timestamp(..) => Self::Timestamp,
            DataType::Decimal128(..) => Self::Decimal,
            DataType::Float32 | DataType::Float64 => Self::Double,
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Self::Long,
            DataType::Utf8 | DataType::Utf8View => Self::String,
            DataType::Binary => Self::Binary,
            _ => return None,
        })
    }
}

/// What is to be counted of one column.
struct Measure<'a> {
    name: &'a str,
    kind: Kind,
}

const PRESENT: &str = "present";
const DISTINCT: &str = "distinct";
const LEAST: &str = "least";
const MOST: &str = "most";
const MEAN: &str = "mean";
const TRUES: &str = "trues";

impl Measure<'_> {
    fn aggregates(&self) -> Result<Vec<(&'static str, Expr)>, DataFusionError> {
        let column = exact(self.name);
        let mut all = vec![(PRESENT, count(column.clone()))];
        match self.kind {
            Kind::Boolean => all.push((TRUES, count(when(column, lit(1_i64)).end()?))),
            Kind::Date | Kind::Timestamp | Kind::Long => all.extend([
                (LEAST, min(column.clone())),
                (MOST, max(column.clone())),
                (DISTINCT, approx_distinct(column)),
            ]),
            // What has no sketch of its own is told apart by its text.
            Kind::Decimal | Kind::Double => all.extend([
                (LEAST, min(column.clone())),
                (MOST, max(column.clone())),
                (DISTINCT, approx_distinct(cast(column, DataType::Utf8))),
            ]),
            Kind::String => all.extend([
                (MOST, max(character_length(column.clone()))),
                (MEAN, avg(character_length(column.clone()))),
                (DISTINCT, approx_distinct(column)),
            ]),
            Kind::Binary => all.extend([
                (MOST, max(byte_length().call(vec![column.clone()]))),
                (MEAN, avg(byte_length().call(vec![column]))),
            ]),
        }
        Ok(all)
    }

    fn data(&self, found: &Found<'_>) -> Result<ColumnStatisticsData, DataFusionError> {
        let nulls = found.rows - found.whole(PRESENT)?.unwrap_or_default();
        // A sketch may count a few more than there are.
        let distinct =
            || Ok::<_, DataFusionError>(found.whole(DISTINCT)?.unwrap_or_default().min(found.rows - nulls));
        let of = |kind| ColumnStatisticsData { r#type: Some(kind), ..ColumnStatisticsData::default() };
        Ok(match self.kind {
            Kind::Boolean => {
                let trues = found.whole(TRUES)?.unwrap_or_default();
                ColumnStatisticsData {
                    boolean_column_statistics_data: Some(BooleanColumnStatisticsData {
                        number_of_trues: trues,
                        number_of_falses: found.rows - nulls - trues,
                        number_of_nulls: nulls,
                    }),
                    ..of(ColumnStatisticsType::Boolean)
                }
            }
            Kind::Date | Kind::Timestamp => ColumnStatisticsData {
                date_column_statistics_data: Some(DateColumnStatisticsData {
                    minimum_value: found.moment(LEAST)?,
                    maximum_value: found.moment(MOST)?,
                    number_of_nulls: nulls,
                    number_of_distinct_values: distinct()?,
                }),
                ..of(ColumnStatisticsType::Date)
            },
            Kind::Decimal => ColumnStatisticsData {
                decimal_column_statistics_data: Some(DecimalColumnStatisticsData {
                    minimum_value: found.decimal(LEAST)?,
                    maximum_value: found.decimal(MOST)?,
                    number_of_nulls: nulls,
                    number_of_distinct_values: distinct()?,
                }),
                ..of(ColumnStatisticsType::Decimal)
            },
            Kind::Double => ColumnStatisticsData {
                double_column_statistics_data: Some(DoubleColumnStatisticsData {
                    minimum_value: found.double(LEAST)?,
                    maximum_value: found.double(MOST)?,
                    number_of_nulls: nulls,
                    number_of_distinct_values: distinct()?,
                }),
                ..of(ColumnStatisticsType::Double)
            },
            Kind::Long => ColumnStatisticsData {
                long_column_statistics_data: Some(LongColumnStatisticsData {
                    minimum_value: found.whole(LEAST)?,
                    maximum_value: found.whole(MOST)?,
                    number_of_nulls: nulls,
                    number_of_distinct_values: distinct()?,
                }),
                ..of(ColumnStatisticsType::Long)
            },
            Kind::String => ColumnStatisticsData {
                string_column_statistics_data: Some(StringColumnStatisticsData {
                    maximum_length: found.whole(MOST)?.unwrap_or_default(),
                    average_length: found.double(MEAN)?.unwrap_or_default(),
                    number_of_nulls: nulls,
                    number_of_distinct_values: distinct()?,
                }),
                ..of(ColumnStatisticsType::String)
            },
            Kind::Binary => ColumnStatisticsData {
                binary_column_statistics_data: Some(BinaryColumnStatisticsData {
                    maximum_length: found.whole(MOST)?.unwrap_or_default(),
                    average_length: found.double(MEAN)?.unwrap_or_default(),
                    number_of_nulls: nulls,
                }),
                ..of(ColumnStatisticsType::Binary)
            },
        })
    }
}

/// The aggregates of one column.
struct Found<'a> {
    answer: &'a RecordBatch,
    at: usize,
    rows: i64,
}

impl Found<'_> {
    fn scalar(&self, what: &str) -> Result<ScalarValue, DataFusionError> {
        scalar(self.answer, &named(self.at, what))
    }

    fn whole(&self, what: &str) -> Result<Option<i64>, DataFusionError> {
        whole(self.answer, &named(self.at, what))
    }

    /// A number; what is none has no place in JSON.
    fn double(&self, what: &str) -> Result<Option<f64>, DataFusionError> {
        match self.scalar(what)?.cast_to(&DataType::Float64)? {
            ScalarValue::Float64(value) => Ok(value.filter(|value| value.is_finite())),
            _ => Ok(None),
        }
    }

    fn moment(&self, what: &str) -> Result<Option<Timestamp>, DataFusionError> {
        Ok(match self.scalar(what)? {
            ScalarValue::Date32(day) => day.map(|day| Timestamp::from_secs(i64::from(day) * DAY)),
            ScalarValue::TimestampMicrosecond(micros, _) => micros.map(Timestamp::from_micros),
            _ => None,
        })
    }

    fn decimal(&self, what: &str) -> Result<Option<DecimalNumber>, DataFusionError> {
        Ok(match self.scalar(what)? {
            ScalarValue::Decimal128(Some(value), _, scale) => {
                Some(DecimalNumber { unscaled_value: Blob(shortest(value)), scale: i32::from(scale) })
            }
            _ => None,
        })
    }
}

fn scalar(answer: &RecordBatch, name: &str) -> Result<ScalarValue, DataFusionError> {
    let column = answer
        .column_by_name(name)
        .ok_or_else(|| DataFusionError::Internal(format!("the aggregate {name} is missing")))?;
    ScalarValue::try_from_array(column, 0)
}

fn whole(answer: &RecordBatch, name: &str) -> Result<Option<i64>, DataFusionError> {
    match scalar(answer, name)?.cast_to(&DataType::Int64)? {
        ScalarValue::Int64(value) => Ok(value),
        _ => Ok(None),
    }
}

/// Two's complement, the greatest byte first, without bytes that only repeat the sign.
fn shortest(value: i128) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let sign = if value < 0 { 0xff } else { 0 };
    let mut rest = bytes.as_slice();
    while let [first, next, ..] = rest {
        if *first != sign || (next & 0x80) != (sign & 0x80) {
            break;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    rest.to_vec()
}

/// DataFusion's own function knows texts only.
fn byte_length() -> ScalarUDF {
    create_udf(
        "byte_length",
        vec![DataType::Binary],
        DataType::Int32,
        Volatility::Immutable,
        Arc::new(|arguments: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(arguments)?;
            let array = arrays.first().ok_or_else(|| {
                DataFusionError::Internal("byte_length was called without a value".to_owned())
            })?;
            Ok(ColumnarValue::Array(length(array)?))
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::shortest;

    #[test]
    fn decimals_are_as_short_as_javas() {
        for (value, bytes) in [
            (0, vec![0]),
            (127, vec![0x7f]),
            (128, vec![0, 0x80]),
            (-1, vec![0xff]),
            (-128, vec![0x80]),
            (-129, vec![0xff, 0x7f]),
            (-105, vec![0x97]),
            (725, vec![2, 0xd5]),
        ] {
            assert_eq!(shortest(value), bytes, "{value}");
        }
    }
}
