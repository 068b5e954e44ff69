//! What the log of a table tells of its files ("Per-file Statistics" in the Delta Transaction Log Protocol).

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::scalar::ScalarValue;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ParquetMetaData;
use serde_json::{Map, Value, json};

/// Columns of which more than the count of rows is told, as Spark does it.
const COLUMNS: usize = 32;

/// Characters of text up to which it is told.
const TEXT: usize = 32;

/// The statistics of a file with this footer and these columns.
pub(super) fn statistics(schema: &Schema, footer: &ParquetMetaData) -> String {
    let (mut least, mut most, mut nulls) = (Map::new(), Map::new(), Map::new());
    let parquet = footer.file_metadata().schema_descr();
    for field in schema.fields().iter().filter(|field| !field.data_type().is_nested()).take(COLUMNS) {
        let name = field.name();
        let Ok(found) = StatisticsConverter::try_new(name, schema, parquet) else { continue };
        let groups = || footer.row_groups().iter();
        if let Ok(counts) = found.row_group_null_counts(groups())
            && counts.null_count() == 0
        {
            nulls.insert(name.clone(), json!(counts.values().iter().sum::<u64>()));
        }
        if let Some(value) = found.row_group_mins(groups()).ok().and_then(|values| extreme(&values, true)) {
            least.insert(name.clone(), value);
        }
        if let Some(value) = found.row_group_maxes(groups()).ok().and_then(|values| extreme(&values, false)) {
            most.insert(name.clone(), value);
        }
    }
    let rows = footer.file_metadata().num_rows();
    json!({"numRecords": rows, "minValues": least, "maxValues": most, "nullCount": nulls}).to_string()
}

/// The least or greatest of the groups' values, if it can be told exactly.
fn extreme(values: &ArrayRef, least: bool) -> Option<Value> {
    let told = matches!(
        values.data_type(),
        DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Float32
            | DataType::Float64
            | DataType::Date32
            | DataType::Utf8
            | DataType::Utf8View
    );
    if !told || values.is_empty() || values.null_count() > 0 {
        return None;
    }
    let mut found: Option<ScalarValue> = None;
    for at in 0..values.len() {
        let value = ScalarValue::try_from_array(values, at).ok()?;
        let better = match &found {
            None => true,
            Some(known) => match value.partial_cmp(known)? {
                std::cmp::Ordering::Less => least,
                std::cmp::Ordering::Greater => !least,
                std::cmp::Ordering::Equal => false,
            },
        };
        if better {
            found = Some(value);
        }
    }
    match found? {
        ScalarValue::Int8(value) => value.map(Value::from),
        ScalarValue::Int16(value) => value.map(Value::from),
        ScalarValue::Int32(value) => value.map(Value::from),
        ScalarValue::Int64(value) => value.map(Value::from),
        // What is no number is greater than all, and not among what the file tells.
        ScalarValue::Float32(value) => value.filter(|value| least && value.is_finite()).map(Value::from),
        ScalarValue::Float64(value) => value.filter(|value| least && value.is_finite()).map(Value::from),
        date @ ScalarValue::Date32(_) => Some(Value::from(date.to_string())),
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
            (text.chars().count() <= TEXT).then(|| Value::from(text))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;

    use super::*;

    #[test]
    fn files_are_told_by_their_extremes() {
        let batch = RecordBatch::try_from_iter([
            ("n", Arc::new(Int64Array::from(vec![Some(3), None, Some(-7)])) as ArrayRef),
            ("d", Arc::new(Date32Array::from(vec![0, 1, 2]))),
            ("t", Arc::new(StringArray::from(vec!["b", "a", "ö"]))),
            ("l", Arc::new(StringArray::from(vec!["x".repeat(40); 3]))),
            ("f", Arc::new(Float64Array::from(vec![f64::NAN, 1.0, 2.0]))),
        ])
        .unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        let footer = writer.finish().unwrap();
        let told: Value = serde_json::from_str(&statistics(&batch.schema(), &footer)).unwrap();
        assert_eq!(
            told,
            json!({
                "numRecords": 3,
                "minValues": {"n": -7, "d": "1970-01-01", "t": "a", "f": 1.0},
                "maxValues": {"n": 3, "d": "1970-01-03", "t": "ö"},
                "nullCount": {"n": 1, "d": 0, "t": 0, "l": 0, "f": 0},
            })
        );
    }
}
