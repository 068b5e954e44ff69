//! Rows of a database as Arrow's columns.

use std::sync::Arc;

use datafusion::arrow::array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType,
};
use datafusion::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, ListArray, PrimitiveArray, RecordBatch, RecordBatchOptions,
    StringArray, StringViewArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use mastic_jdbc::{Row, Value};

/// The rows as a batch.
///
/// # Errors
/// A value is not of its column's type.
pub(super) fn batch(rows: &[Row], schema: &SchemaRef) -> Result<RecordBatch, String> {
    let columns = schema.fields().iter().enumerate().map(|(at, field)| {
        let values: Vec<&Value> = rows.iter().map(|row| row.get(at).unwrap_or(&Value::Null)).collect();
        array(&values, field.data_type()).map_err(|error| format!("the column `{}`: {error}", field.name()))
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| error.to_string())
}

fn array(values: &[&Value], of: &DataType) -> Result<ArrayRef, String> {
    let other = |value: &Value| format!("the value {value:?} is not of type {of}");
    Ok(match of {
        DataType::Boolean => {
            let bools = values.iter().map(|value| match value {
                Value::Null => Ok(None),
                Value::Bool(value) => Ok(Some(*value)),
                value => Err(other(value)),
            });
            Arc::new(bools.collect::<Result<BooleanArray, _>>()?)
        }
        DataType::Int8 => whole::<Int8Type>(values, other)?,
        DataType::Int16 => whole::<Int16Type>(values, other)?,
        DataType::Int32 => whole::<Int32Type>(values, other)?,
        DataType::Int64 => whole::<Int64Type>(values, other)?,
        DataType::Float32 => primitive::<Float32Type>(
            values,
            |value| match value {
                Value::Real(number) => Some(*number),
                Value::Double(number) => Some(*number as f32),
                _ => None,
            },
            other,
        )?,
        DataType::Float64 => primitive::<Float64Type>(
            values,
            |value| match value {
                Value::Real(number) => Some((*number).into()),
                Value::Double(number) => Some(*number),
                _ => None,
            },
            other,
        )?,
        DataType::Decimal128(precision, scale) => {
            let digits = primitive_array::<Decimal128Type>(
                values,
                |value| match value {
                    Value::Decimal(digits, of) if i16::from(*of) == i16::from(*scale) => Some(*digits),
                    _ => None,
                },
                other,
            )?;
            Arc::new(digits.with_precision_and_scale(*precision, *scale).map_err(|error| error.to_string())?)
        }
        DataType::Date32 => primitive::<Date32Type>(
            values,
            |value| match value {
                Value::Date(days) => Some(*days),
                _ => None,
            },
            other,
        )?,
        DataType::Timestamp(TimeUnit::Microsecond, None) => primitive::<TimestampMicrosecondType>(
            values,
            |value| match value {
                Value::Timestamp(micros) => Some(*micros),
                _ => None,
            },
            other,
        )?,
        DataType::Utf8View => Arc::new(texts(values, other).collect::<Result<StringViewArray, _>>()?),
        DataType::Utf8 => Arc::new(texts(values, other).collect::<Result<StringArray, _>>()?),
        DataType::Binary => {
            let bytes = values.iter().map(|value| match value {
                Value::Null => Ok(None),
                Value::Binary(bytes) => Ok(Some(bytes.as_slice())),
                value => Err(other(value)),
            });
            let bytes: Vec<Option<&[u8]>> = bytes.collect::<Result<_, _>>()?;
            Arc::new(BinaryArray::from_opt_vec(bytes))
        }
        DataType::List(field) => {
            let mut elements: Vec<&Value> = Vec::new();
            let (mut lengths, mut valid) =
                (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
            for value in values {
                let before = elements.len();
                match value {
                    Value::Null => {}
                    Value::Array(inner) => elements.extend(inner),
                    value => return Err(other(value)),
                }
                lengths.push(elements.len() - before);
                valid.push(!matches!(value, Value::Null));
            }
            let inner = array(&elements, field.data_type())?;
            let nulls = NullBuffer::from(valid);
            let offsets = OffsetBuffer::from_lengths(lengths);
            let list = ListArray::try_new(Arc::clone(field), offsets, inner, Some(nulls));
            Arc::new(list.map_err(|error| error.to_string())?)
        }
        _ => return Err(format!("values of type {of} do not come from databases")),
    })
}

fn texts<'a>(
    values: &'a [&Value],
    other: impl Fn(&Value) -> String + 'a,
) -> impl Iterator<Item = Result<Option<&'a str>, String>> {
    values.iter().map(move |value| match value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text.as_str())),
        value => Err(other(value)),
    })
}

fn whole<T: ArrowPrimitiveType>(
    values: &[&Value],
    other: impl Fn(&Value) -> String,
) -> Result<ArrayRef, String>
where
    T::Native: TryFrom<i64>,
{
    let number = |value: &Value| match value {
        Value::Int(number) => T::Native::try_from(*number).ok(),
        _ => None,
    };
    primitive::<T>(values, number, other)
}

fn primitive<T: ArrowPrimitiveType>(
    values: &[&Value],
    native: impl Fn(&Value) -> Option<T::Native>,
    other: impl Fn(&Value) -> String,
) -> Result<ArrayRef, String> {
    Ok(Arc::new(primitive_array::<T>(values, native, other)?))
}

fn primitive_array<T: ArrowPrimitiveType>(
    values: &[&Value],
    native: impl Fn(&Value) -> Option<T::Native>,
    other: impl Fn(&Value) -> String,
) -> Result<PrimitiveArray<T>, String> {
    let natives = values.iter().map(|value| match value {
        Value::Null => Ok(None),
        value => native(value).map(Some).ok_or_else(|| other(value)),
    });
    let natives: Vec<Option<T::Native>> = natives.collect::<Result<_, _>>()?;
    Ok(PrimitiveArray::from_iter(natives))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::{Field, Schema};
    use datafusion::arrow::util::pretty::pretty_format_batches;

    use super::*;
    use crate::types::arrow_type;

    #[test]
    fn rows_become_columns() {
        let types = [
            "boolean",
            "tinyint",
            "bigint",
            "float",
            "double",
            "decimal(5,2)",
            "date",
            "timestamp",
            "string",
            "binary",
            "array<string>",
        ];
        let fields = types.iter().map(|of| Field::new(*of, arrow_type(of).unwrap(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let full = vec![
            Value::Bool(true),
            Value::Int(-128),
            Value::Int(i64::MAX),
            Value::Real(0.5),
            Value::Double(1.5),
            Value::Decimal(12345, 2),
            Value::Date(1),
            Value::Timestamp(1),
            Value::Text("ü".to_owned()),
            Value::Binary(vec![255]),
            Value::Array(vec![Value::Text("a".to_owned()), Value::Null]),
        ];
        let empty = vec![Value::Null; types.len()];
        let batch = batch(&[full, empty], &schema).unwrap();
        let text = pretty_format_batches(std::slice::from_ref(&batch)).unwrap().to_string();
        for part in [
            "true",
            "-128",
            "9223372036854775807",
            "123.45",
            "1970-01-02",
            "00:00:00.000001",
            "ü",
            "ff",
            "[a, ]",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(batch.columns().iter().all(|column| column.is_null(1)));
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int8, true)]));
        let error = batch(&[vec![Value::Int(300)]], &schema).unwrap_err();
        assert_eq!(error, "the column `n`: the value Int(300) is not of type Int8");
    }
}
