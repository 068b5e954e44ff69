//! What the columns of a frame and those of a table of a lake format have to do with each other.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, StringViewArray, StructArray, new_null_array,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Fields, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::prelude::DataFrame;
use iceberg::spec::{ListType, MapType, NestedField, PrimitiveType, StructType, Type};

use crate::cast::cast_array;
use crate::types::is_text;

/// The type in which the engine holds a column of an Iceberg table.
///
/// # Errors
/// Names what the engine cannot hold.
pub(crate) fn engine_type(of: &Type) -> Result<DataType, String> {
    held(of, true)
}

fn held(of: &Type, top: bool) -> Result<DataType, String> {
    let text = if top { DataType::Utf8View } else { DataType::Utf8 };
    Ok(match of {
        Type::Primitive(primitive) => match primitive {
            PrimitiveType::Boolean => DataType::Boolean,
            PrimitiveType::Int => DataType::Int32,
            PrimitiveType::Long => DataType::Int64,
            PrimitiveType::Float => DataType::Float32,
            PrimitiveType::Double => DataType::Float64,
            PrimitiveType::Decimal { precision, scale } => decimal(*precision, *scale)?,
            PrimitiveType::Date => DataType::Date32,
            PrimitiveType::Timestamp
            | PrimitiveType::Timestamptz
            | PrimitiveType::TimestampNs
            | PrimitiveType::TimestamptzNs => DataType::Timestamp(TimeUnit::Microsecond, None),
            PrimitiveType::String => text,
            PrimitiveType::Time | PrimitiveType::Uuid if top => text,
            PrimitiveType::Time | PrimitiveType::Uuid => {
                return Err(format!("the type `{primitive}` within another one is not supported"));
            }
            PrimitiveType::Fixed(_) | PrimitiveType::Binary => DataType::Binary,
        },
        Type::Struct(inner) => DataType::Struct(
            inner
                .fields()
                .iter()
                .map(|field| Ok(Field::new(&field.name, held(&field.field_type, false)?, true)))
                .collect::<Result<Fields, String>>()?,
        ),
        Type::List(inner) => {
            let element = held(&inner.element_field.field_type, false)?;
            DataType::List(Arc::new(Field::new_list_field(element, true)))
        }
        Type::Map(inner) => {
            let entries = Fields::from(vec![
                Field::new("key", held(&inner.key_field.field_type, false)?, false),
                Field::new("value", held(&inner.value_field.field_type, false)?, true),
            ]);
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
        }
    })
}

fn decimal(precision: u32, scale: u32) -> Result<DataType, String> {
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision), Ok(scale)) => Ok(DataType::Decimal128(precision, scale)),
        _ => Err(format!("decimal({precision}, {scale}) has too many digits")),
    }
}

/// A column as the table's reader answers it, in the type of the engine.
///
/// # Errors
/// When values of the one cannot become values of the other.
pub(crate) fn read_column(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, String> {
    let failed = |error: ArrowError| error.to_string();
    match column.data_type() {
        // One value for all rows.
        DataType::RunEndEncoded(_, values) => {
            let plain = cast_with_options(column, values.data_type(), &strict()).map_err(failed)?;
            read_column(&plain, to)
        }
        DataType::FixedSizeBinary(16) if is_text(to) => {
            let values = column.as_fixed_size_binary();
            let text: StringViewArray = values.iter().map(|value| value.map(uuid)).collect();
            cast_array(&(Arc::new(text) as ArrayRef), to).map_err(failed)
        }
        _ => cast_array(column, to).map_err(failed),
    }
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// The Iceberg type of a column of a frame: what Spark makes of its own types. Fields get numbers that only have to differ
/// from each other.
///
/// # Errors
/// Names the type that Iceberg does not have.
pub(crate) fn iceberg_type(of: &DataType, last: &mut i32) -> Result<Type, String> {
    let mut next = || {
        *last += 1;
        *last
    };
    Ok(Type::Primitive(match of {
        DataType::Boolean => PrimitiveType::Boolean,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
            PrimitiveType::Int
        }
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => PrimitiveType::Long,
        DataType::Float16 | DataType::Float32 => PrimitiveType::Float,
        DataType::Float64 => PrimitiveType::Double,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => {
            let scale = u32::try_from(*scale).map_err(|_| format!("the scale of `{of}` is negative"))?;
            PrimitiveType::Decimal { precision: u32::from(*precision), scale }
        }
        DataType::Date32 | DataType::Date64 => PrimitiveType::Date,
        // An instant, as Spark's timestamp is one.
        DataType::Timestamp(..) => PrimitiveType::Timestamptz,
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => PrimitiveType::String,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            PrimitiveType::Binary
        }
        DataType::Dictionary(_, value) => return iceberg_type(value, last),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => {
            let id = next();
            let element = iceberg_type(field.data_type(), last)?;
            return Ok(Type::List(ListType::new(Arc::new(NestedField::list_element(id, element, false)))));
        }
        DataType::Struct(fields) => return Ok(Type::Struct(StructType::new(nested(fields.iter(), last)?))),
        DataType::Map(entries, _) => {
            let DataType::Struct(pair) = entries.data_type() else {
                return Err(format!("`{of}` is no map"));
            };
            let (Some(key), Some(value)) = (pair.first(), pair.get(1)) else {
                return Err(format!("`{of}` is no map"));
            };
            let (key_id, value_id) = (next(), next());
            let (key, value) = (iceberg_type(key.data_type(), last)?, iceberg_type(value.data_type(), last)?);
            return Ok(Type::Map(MapType::optional(key_id, key, value_id, value)));
        }
        other => return Err(format!("Iceberg tables have no columns of the type `{other}`")),
    }))
}

/// Fields of a frame as fields of an Iceberg table, all of them optional.
///
/// # Errors
/// Names the column of a type that Iceberg does not have.
pub(crate) fn nested<'a>(
    fields: impl Iterator<Item = &'a Arc<Field>>,
    last: &mut i32,
) -> Result<Vec<Arc<NestedField>>, String> {
    fields
        .map(|field| {
            *last += 1;
            let id = *last;
            let of = iceberg_type(field.data_type(), last)
                .map_err(|error| format!("the column `{}`: {error}", field.name()))?;
            Ok(Arc::new(NestedField::optional(id, field.name(), of)))
        })
        .collect()
}

/// Whether Spark stores values of one type in a column of another ("Store assignment" of ANSI SQL): numbers in numbers,
/// anything plain in text; text in nothing else.
pub(crate) fn storable(from: &DataType, to: &DataType) -> bool {
    let binary = |of: &DataType| {
        matches!(
            of,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
        )
    };
    let time = |of: &DataType| matches!(of, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64);
    match (from, to) {
        (from, to) if from == to => true,
        (DataType::Null, _) => true,
        (DataType::Dictionary(_, value), to) => storable(value, to),
        (from, to) if is_text(to) => !from.is_nested() && !binary(from),
        (from, to) if from.is_numeric() && to.is_numeric() => true,
        (from, to) if time(from) && time(to) => true,
        (from, to) if binary(from) && binary(to) => true,
        (DataType::Struct(from), DataType::Struct(to)) => {
            let same = |field: &Arc<Field>| to.iter().find(|to| to.name().eq_ignore_ascii_case(field.name()));
            from.iter().all(|field| same(field).is_some_and(|to| storable(field.data_type(), to.data_type())))
        }
        (
            DataType::List(from) | DataType::LargeList(from) | DataType::FixedSizeList(from, _),
            DataType::List(to),
        ) => storable(from.data_type(), to.data_type()),
        // The entries of a map are structs whose fields may have other names.
        (DataType::Map(from, _), DataType::Map(to, _)) => match (from.data_type(), to.data_type()) {
            (DataType::Struct(from), DataType::Struct(to)) => {
                from.iter().zip(to).all(|(from, to)| storable(from.data_type(), to.data_type()))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Finds for each column of a table the one of a frame that it is written from, by name in any case. What the table lacks,
/// what the frame lacks, and what does not go together is an error, as in Spark; with `lenient` the frame may lack
/// optional columns, which become null.
///
/// # Errors
/// Names the columns.
pub(crate) fn matched(
    frame: &DataFrame,
    table: &[(String, DataType, bool)],
    lenient: bool,
) -> Result<Vec<Option<String>>, String> {
    let fields = frame.schema().fields();
    let known = |name: &str| table.iter().any(|(known, ..)| known.eq_ignore_ascii_case(name));
    let more: Vec<&str> =
        fields.iter().map(|field| field.name().as_str()).filter(|name| !known(name)).collect();
    if !more.is_empty() {
        return Err(format!(
            "it has no columns `{}`; the option `mergeSchema` set to `true` adds them",
            more.join("`, `")
        ));
    }
    table
        .iter()
        .map(|(name, of, required)| {
            let same = fields.iter().find(|field| field.name() == name);
            let found = same.or_else(|| fields.iter().find(|field| field.name().eq_ignore_ascii_case(name)));
            match found {
                Some(field) if storable(field.data_type(), of) => Ok(Some(field.name().clone())),
                Some(field) => Err(format!(
                    "values of the type `{}` cannot be stored in the column `{name}` of the type `{of}`",
                    field.data_type()
                )),
                None if lenient && !required => Ok(None),
                None => Err(format!("there is no data for its column `{name}`")),
            }
        })
        .collect()
}

fn strict() -> CastOptions<'static> {
    CastOptions { safe: false, ..CastOptions::default() }
}

/// Rows in exactly the types of the table, its columns in order.
///
/// # Errors
/// Names the column with a value that does not fit, or without one where the table wants one.
pub(crate) fn stored(
    batch: &RecordBatch,
    columns: &[Option<usize>],
    schema: &SchemaRef,
) -> Result<RecordBatch, String> {
    let arrays = columns
        .iter()
        .zip(schema.fields())
        .map(|(at, field)| {
            let failed = |error: &dyn std::fmt::Display| format!("the column `{}`: {error}", field.name());
            let Some(column) = at.and_then(|at| batch.columns().get(at)) else {
                return Ok(new_null_array(field.data_type(), batch.num_rows()));
            };
            let array = aligned(column, field.data_type()).map_err(|error| failed(&error))?;
            match !field.is_nullable() && array.null_count() > 0 {
                true => Err(failed(&"it has no value, which the table does not allow")),
                false => Ok(array),
            }
        })
        .collect::<Result<Vec<_>, String>>()?;
    RecordBatch::try_new(Arc::clone(schema), arrays).map_err(|error| error.to_string())
}

/// An array in another type, with all values as they are.
fn aligned(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, String> {
    let failed = |error: ArrowError| error.to_string();
    match (array.data_type(), to) {
        (from, to) if from == to => Ok(Arc::clone(array)),
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let source = array.as_struct();
            let columns = fields
                .iter()
                .map(|field| {
                    let found = source
                        .fields()
                        .iter()
                        .position(|known| known.name().eq_ignore_ascii_case(field.name()))
                        .and_then(|at| source.columns().get(at));
                    match found {
                        Some(column) => aligned(column, field.data_type()),
                        None => Ok(new_null_array(field.data_type(), array.len())),
                    }
                })
                .collect::<Result<Vec<_>, String>>()?;
            let made = StructArray::try_new_with_length(
                fields.clone(),
                columns,
                array.nulls().cloned(),
                array.len(),
            );
            Ok(Arc::new(made.map_err(failed)?))
        }
        (DataType::List(_), DataType::List(field)) => {
            let source = array.as_list::<i32>();
            let values = aligned(source.values(), field.data_type())?;
            let made = ListArray::try_new(
                Arc::clone(field),
                source.offsets().clone(),
                values,
                source.nulls().cloned(),
            );
            Ok(Arc::new(made.map_err(failed)?))
        }
        (DataType::Map(_, _), DataType::Map(entries, sorted)) => {
            let source = array.as_map();
            let DataType::Struct(pair) = entries.data_type() else {
                return Err(format!("`{to}` is no map"));
            };
            let (Some(key), Some(value)) = (pair.first(), pair.get(1)) else {
                return Err(format!("`{to}` is no map"));
            };
            let columns =
                vec![aligned(source.keys(), key.data_type())?, aligned(source.values(), value.data_type())?];
            let inner = StructArray::try_new(pair.clone(), columns, None).map_err(failed)?;
            let made = MapArray::try_new(
                Arc::clone(entries),
                source.offsets().clone(),
                inner,
                source.nulls().cloned(),
                *sorted,
            );
            Ok(Arc::new(made.map_err(failed)?))
        }
        (from, to) if is_text(to) && !is_text(from) => {
            let text = cast_array(array, &DataType::Utf8View).map_err(failed)?;
            cast_with_options(&text, to, &strict()).map_err(failed)
        }
        (_, to) => cast_with_options(array, to, &strict()).map_err(failed),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Int64Array;
    use datafusion::arrow::datatypes::Schema;

    use super::*;

    #[test]
    fn types_go_there_and_back() {
        let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
        let inner = Fields::from(vec![Field::new("a", DataType::Int32, true), Field::new("b", list, true)]);
        for of in [
            DataType::Boolean,
            DataType::Int32,
            DataType::Int64,
            DataType::Float32,
            DataType::Float64,
            DataType::Decimal128(38, 10),
            DataType::Date32,
            DataType::Timestamp(TimeUnit::Microsecond, None),
            DataType::Utf8View,
            DataType::Binary,
            DataType::Struct(inner),
        ] {
            let mut last = 0;
            assert_eq!(engine_type(&iceberg_type(&of, &mut last).unwrap()), Ok(of));
        }
        assert!(iceberg_type(&DataType::Duration(TimeUnit::Second), &mut 0).is_err());
    }

    #[test]
    fn values_are_stored_as_ansi_sql_stores_them() {
        assert!(storable(&DataType::Int64, &DataType::Int32));
        assert!(storable(&DataType::Boolean, &DataType::Utf8));
        assert!(storable(&DataType::Null, &DataType::Int32));
        assert!(!storable(&DataType::Utf8View, &DataType::Int32));
        assert!(!storable(&DataType::Boolean, &DataType::Int32));
        assert!(!storable(&DataType::Binary, &DataType::Utf8));
        let fields = |name: &str, of: DataType| DataType::Struct(vec![Field::new(name, of, true)].into());
        assert!(storable(&fields("A", DataType::Int32), &fields("a", DataType::Int64)));
        assert!(!storable(&fields("b", DataType::Int32), &fields("a", DataType::Int64)));
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_not_null() {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int32, true)]));
        let of = |values: Vec<i64>| {
            RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(values)) as ArrayRef)]).unwrap()
        };
        assert_eq!(stored(&of(vec![1, 2]), &[Some(0)], &schema).unwrap().num_rows(), 2);
        let told = stored(&of(vec![1, 1 << 40]), &[Some(0)], &schema).unwrap_err();
        assert!(told.starts_with("the column `n`: "), "{told}");
    }

    #[test]
    fn uuids_are_text() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(uuid(&bytes), "00010203-0405-0607-0809-0a0b0c0d0e0f");
    }
}
