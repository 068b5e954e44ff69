//! Arrow's columns as rows for a database.

use datafusion::arrow::array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Schema, TimeUnit};
use datafusion::common::DataFusionError;
use mastic_jdbc::{Row, Value};

use crate::cast::cast_array;
use crate::sink::written_type;

/// Whether values of the type can be written into a database.
///
/// # Errors
/// Says that they cannot.
pub(super) fn writable(of: &DataType) -> Result<(), String> {
    match of {
        DataType::Struct(_) | DataType::Map(..) => {
            Err("a database holds no structs and maps: flatten them first".to_owned())
        }
        DataType::List(field) | DataType::LargeList(field) if field.data_type().is_nested() => {
            Err("a database holds no arrays of nested values".to_owned())
        }
        _ => Ok(()),
    }
}

/// The rows of a batch; `schema` has the types in which values are taken.
///
/// # Errors
/// A type whose values cannot be written.
pub(super) fn rows(batch: &RecordBatch, schema: &Schema) -> Result<Vec<Row>, DataFusionError> {
    let mut rows: Vec<Row> = (0..batch.num_rows()).map(|_| Row::with_capacity(batch.num_columns())).collect();
    for (column, field) in batch.columns().iter().zip(schema.fields()) {
        let column = cast_array(column, field.data_type())?;
        for (row, value) in rows.iter_mut().zip(values(&column)?) {
            row.push(value);
        }
    }
    Ok(rows)
}

fn values(array: &ArrayRef) -> Result<Vec<Value>, DataFusionError> {
    macro_rules! each {
        ($values:expr, $to:expr) => {
            $values.iter().map(|value| value.map_or(Value::Null, $to)).collect()
        };
    }
    Ok(match array.data_type() {
        DataType::Null => vec![Value::Null; array.len()],
        DataType::Boolean => each!(array.as_boolean(), Value::Bool),
        DataType::Int8 => each!(array.as_primitive::<Int8Type>(), |value| Value::Int(value.into())),
        DataType::Int16 => each!(array.as_primitive::<Int16Type>(), |value| Value::Int(value.into())),
        DataType::Int32 => each!(array.as_primitive::<Int32Type>(), |value| Value::Int(value.into())),
        DataType::Int64 => each!(array.as_primitive::<Int64Type>(), Value::Int),
        DataType::Float32 => each!(array.as_primitive::<Float32Type>(), Value::Real),
        DataType::Float64 => each!(array.as_primitive::<Float64Type>(), Value::Double),
        DataType::Decimal128(_, scale) => {
            let scale = u8::try_from(*scale).unwrap_or_default();
            each!(array.as_primitive::<Decimal128Type>(), |digits| Value::Decimal(digits, scale))
        }
        DataType::Date32 => each!(array.as_primitive::<Date32Type>(), Value::Date),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            each!(array.as_primitive::<TimestampMicrosecondType>(), Value::Timestamp)
        }
        DataType::Utf8View => each!(array.as_string_view(), |text| Value::Text(text.to_owned())),
        DataType::Binary => each!(array.as_binary::<i32>(), |bytes| Value::Binary(bytes.to_vec())),
        DataType::LargeBinary => each!(array.as_binary::<i64>(), |bytes| Value::Binary(bytes.to_vec())),
        DataType::BinaryView => each!(array.as_binary_view(), |bytes| Value::Binary(bytes.to_vec())),
        DataType::FixedSizeBinary(_) => {
            each!(array.as_fixed_size_binary(), |bytes| Value::Binary(bytes.to_vec()))
        }
        DataType::List(_) => {
            let lists = array.as_list::<i32>().iter();
            lists
                .map(|list| list.map_or(Ok(Value::Null), |list| elements(&list)))
                .collect::<Result<_, _>>()?
        }
        DataType::LargeList(_) => {
            let lists = array.as_list::<i64>().iter();
            lists
                .map(|list| list.map_or(Ok(Value::Null), |list| elements(&list)))
                .collect::<Result<_, _>>()?
        }
        other => {
            let text = format!("values of type {other} are not written into databases");
            return Err(DataFusionError::NotImplemented(text));
        }
    })
}

fn elements(list: &ArrayRef) -> Result<Value, DataFusionError> {
    let list = cast_array(list, &written_type(list.data_type()))?;
    values(&list).map(Value::Array)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Int64Array, ListArray, StringArray};
    use datafusion::arrow::datatypes::Field;

    use super::*;

    #[test]
    fn columns_become_rows() {
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None]), None]);
        let schema = Schema::new(vec![
            Field::new("n", DataType::Int64, true),
            Field::new("t", DataType::Utf8View, true),
            Field::new("l", list.data_type().clone(), true),
        ]);
        let text: ArrayRef = Arc::new(StringArray::from(vec![None, Some("ü")]));
        let columns: Vec<(&str, ArrayRef)> =
            vec![("n", Arc::new(Int64Array::from(vec![1, 2]))), ("t", text), ("l", Arc::new(list))];
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, column)| (name, column, true)),
        );
        let list = Value::Array(vec![Value::Int(1), Value::Null]);
        assert_eq!(
            rows(&batch.unwrap(), &schema).unwrap(),
            [
                vec![Value::Int(1), Value::Null, list],
                vec![Value::Int(2), Value::Text("ü".to_owned()), Value::Null]
            ]
        );
    }

    #[test]
    fn nested_types_are_refused() {
        let of = |text: &str| writable(&crate::types::arrow_type(text).unwrap());
        assert_eq!(of("array<int>"), Ok(()));
        assert!(of("struct<a:int>").is_err());
        assert!(of("array<struct<a:int>>").is_err());
    }
}
