//! Catalog column types as Arrow types, and back.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use mastic_hive::{HiveType, StructField};

/// The Arrow type in which the engine holds a catalog type.
///
/// # Errors
/// Names the type that is none or that the engine cannot hold.
pub(crate) fn arrow_type(text: &str) -> Result<DataType, String> {
    // ApplyMapping and Studio's schemas use Spark's short names beside Hive's.
    let hive: HiveType = match text.trim().to_ascii_lowercase().as_str() {
        "short" => HiveType::SmallInt,
        "byte" => HiveType::TinyInt,
        "long" => HiveType::BigInt,
        "bool" => HiveType::Boolean,
        "null" => HiveType::Void,
        _ => text.trim().parse().map_err(|error: mastic_hive::ParseTypeError| error.to_string())?,
    };
    from_hive(&hive, true)
}

fn from_hive(hive: &HiveType, top: bool) -> Result<DataType, String> {
    Ok(match hive {
        HiveType::Boolean => DataType::Boolean,
        HiveType::TinyInt => DataType::Int8,
        HiveType::SmallInt => DataType::Int16,
        HiveType::Int => DataType::Int32,
        HiveType::BigInt => DataType::Int64,
        HiveType::Float => DataType::Float32,
        HiveType::Double => DataType::Float64,
        HiveType::Decimal { precision, scale } => {
            let scale = i8::try_from(*scale).map_err(|_| format!("`{hive}` has too many digits"))?;
            DataType::Decimal128(*precision, scale)
        }
        // Only whole columns are kept as views: readers and functions know nested text as Utf8.
        HiveType::String | HiveType::Char(_) | HiveType::Varchar(_) | HiveType::Void => {
            if top {
                DataType::Utf8View
            } else {
                DataType::Utf8
            }
        }
        HiveType::Binary => DataType::Binary,
        HiveType::Date => DataType::Date32,
        HiveType::Timestamp | HiveType::TimestampLocal => DataType::Timestamp(TimeUnit::Microsecond, None),
        HiveType::Array(element) => {
            DataType::List(Arc::new(Field::new_list_field(from_hive(element, false)?, true)))
        }
        HiveType::Map(key, value) => {
            let entries = Fields::from(vec![
                Field::new("key", from_hive(key, false)?, false),
                Field::new("value", from_hive(value, false)?, true),
            ]);
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
        }
        HiveType::Struct(fields) => DataType::Struct(
            fields
                .iter()
                .map(|field| Ok(Field::new(&field.name, from_hive(&field.ty, false)?, true)))
                .collect::<Result<Fields, String>>()?,
        ),
        HiveType::IntervalYearMonth | HiveType::IntervalDayTime | HiveType::Union(_) => {
            return Err(format!("the column type `{hive}` is not supported"));
        }
    })
}

/// The catalog type of an Arrow type.
///
/// # Errors
/// Names the type for which the catalog has none.
pub(crate) fn glue_type(arrow: &DataType) -> Result<HiveType, String> {
    Ok(match arrow {
        DataType::Null => HiveType::Void,
        DataType::Boolean => HiveType::Boolean,
        DataType::Int8 => HiveType::TinyInt,
        DataType::Int16 | DataType::UInt8 => HiveType::SmallInt,
        DataType::Int32 | DataType::UInt16 => HiveType::Int,
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => HiveType::BigInt,
        DataType::Float16 | DataType::Float32 => HiveType::Float,
        DataType::Float64 => HiveType::Double,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => HiveType::Decimal {
            precision: *precision,
            scale: u8::try_from(*scale).map_err(|_| format!("the scale of `{arrow}` is negative"))?,
        },
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => HiveType::String,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            HiveType::Binary
        }
        DataType::Date32 | DataType::Date64 => HiveType::Date,
        DataType::Timestamp(..) => HiveType::Timestamp,
        DataType::Dictionary(_, value) => glue_type(value)?,
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => HiveType::Array(Box::new(glue_type(field.data_type())?)),
        DataType::Struct(fields) => HiveType::Struct(
            fields
                .iter()
                .map(|field| Ok(StructField::new(field.name(), glue_type(field.data_type())?)))
                .collect::<Result<_, String>>()?,
        ),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => match (pair.first(), pair.get(1)) {
                (Some(key), Some(value)) => HiveType::Map(
                    Box::new(glue_type(key.data_type())?),
                    Box::new(glue_type(value.data_type())?),
                ),
                _ => return Err(format!("`{arrow}` has no catalog type")),
            },
            _ => return Err(format!("`{arrow}` has no catalog type")),
        },
        other => return Err(format!("`{other}` has no catalog type")),
    })
}

/// What people call a type: Glue's name of it, or Arrow's where Glue has none.
pub(crate) fn type_text(arrow: &DataType) -> String {
    glue_type(arrow).map_or_else(|_| arrow.to_string(), |of| of.to_string())
}

/// Whether values of the type are text.
pub(crate) fn is_text(arrow: &DataType) -> bool {
    matches!(arrow, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_there_and_back() {
        for text in [
            "bigint",
            "int",
            "double",
            "string",
            "date",
            "timestamp",
            "decimal(12,2)",
            "array<struct<a:int,b:array<string>>>",
            "map<string,bigint>",
            "boolean",
        ] {
            assert_eq!(glue_type(&arrow_type(text).unwrap()).unwrap().to_string(), text);
        }
        assert_eq!(arrow_type("long"), Ok(DataType::Int64));
    }

    #[test]
    fn what_has_no_type_is_named() {
        assert!(arrow_type("uniontype<int,string>").unwrap_err().contains("uniontype"));
        assert!(arrow_type("nonsense").unwrap_err().contains("nonsense"));
    }
}
