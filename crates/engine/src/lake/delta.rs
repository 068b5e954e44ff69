//! Delta Lake tables: their logs, opened through the run's buckets.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};
use datafusion::common::DataFusionError;
use deltalake_core::logstore::{LogStoreRef, logstore_factories};
use deltalake_core::{DeltaTable, DeltaTableBuilder};

use crate::environment::Environment;
use crate::error::NodeError;
use crate::location::Location;
use crate::plan::DeltaVersion;
use crate::run::store_of;
use crate::types::is_text;

/// Opens the table in a folder; nothing if there is no log.
///
/// # Errors
/// The log cannot be read, or has no such version.
pub(crate) async fn open(
    environment: &Environment,
    node: &str,
    folder: &Location,
    at: &DeltaVersion,
) -> Result<Option<DeltaTable>, DataFusionError> {
    let failed = |error: &dyn std::fmt::Display| NodeError::new(node, format!("`{folder}`: {error}"));
    let builder = builder(environment, node, folder)?;
    let builder = match at {
        DeltaVersion::Newest => builder,
        DeltaVersion::Number(number) => builder.with_version(*number),
        DeltaVersion::Time(time) => builder
            .with_datestring(time)
            .map_err(|_| failed(&format!("`{time}` is no time: 2023-02-24 14:16:18")))?,
    };
    let log = builder.build_storage().map_err(|error| failed(&error))?;
    if !log.is_delta_table_location().await.map_err(|error| failed(&error))? {
        return Ok(None);
    }
    Ok(Some(builder.load().await.map_err(|error| failed(&error))?))
}

/// The log in a folder, whether there is one or not.
///
/// # Errors
/// The folder is none of a bucket that the run may reach.
pub(crate) fn log(
    environment: &Environment,
    node: &str,
    folder: &Location,
) -> Result<LogStoreRef, DataFusionError> {
    let log = builder(environment, node, folder)?.build_storage();
    Ok(log.map_err(|error| NodeError::new(node, format!("`{folder}`: {error}")))?)
}

fn builder(
    environment: &Environment,
    node: &str,
    folder: &Location,
) -> Result<DeltaTableBuilder, DataFusionError> {
    let failed = |error: &dyn std::fmt::Display| NodeError::new(node, format!("`{folder}`: {error}"));
    let store = store_of(environment, node, folder)?;
    know_scheme();
    let text = folder.to_string();
    let (url, same) = match (text.parse(), text.parse()) {
        (Ok(url), Ok(same)) => (url, same),
        _ => return Err(failed(&"it is no URL").into()),
    };
    let builder = DeltaTableBuilder::from_url(url).map_err(|error| failed(&error))?;
    Ok(builder.with_storage_backend(store, same))
}

/// The library knows which stores there are by the schemes of URLs. All of ours put an object only if it is absent, as
/// those in memory do.
fn know_scheme() {
    let factories = logstore_factories();
    let (Ok(memory), Ok(s3)) = ("memory://".parse(), "s3://".parse()) else { return };
    let known = factories.get(&memory).map(|factory| Arc::clone(factory.value()));
    if let Some(factory) = known {
        factories.entry(s3).or_insert(factory);
    }
}

/// The type in which the engine holds values of a type of the library's.
pub(crate) fn engine_type(of: &DataType) -> DataType {
    held(of, true)
}

fn held(of: &DataType, top: bool) -> DataType {
    match of {
        of if is_text(of) => {
            if top {
                DataType::Utf8View
            } else {
                DataType::Utf8
            }
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Timestamp(..) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Dictionary(_, value) => held(value, top),
        DataType::List(field) | DataType::LargeList(field) | DataType::ListView(field) => {
            DataType::List(Arc::new(Field::new_list_field(held(field.data_type(), false), true)))
        }
        DataType::Struct(fields) => DataType::Struct(inner(fields)),
        DataType::Map(entries, sorted) => match entries.data_type() {
            DataType::Struct(pair) => {
                let named = pair
                    .iter()
                    .zip(["key", "value"])
                    .map(|(field, name)| Field::new(name, held(field.data_type(), false), name == "value"));
                let pair = DataType::Struct(named.collect());
                DataType::Map(Arc::new(Field::new("entries", pair, false)), *sorted)
            }
            _ => of.clone(),
        },
        other => other.clone(),
    }
}

fn inner(fields: &Fields) -> Fields {
    fields.iter().map(|field| Field::new(field.name(), held(field.data_type(), false), true)).collect()
}

/// The schema of a new table with a frame's columns: in types that the format has, as Spark maps its own.
///
/// # Errors
/// Names the column of a type that the format does not have.
pub(crate) fn stored_schema<'a>(fields: impl Iterator<Item = &'a Arc<Field>>) -> Result<Schema, String> {
    let fields = fields.map(|field| {
        let of = stored_type(field.data_type());
        let of = of.map_err(|error| format!("the column `{}`: {error}", field.name()))?;
        Ok(Field::new(field.name(), of, true))
    });
    Ok(Schema::new(fields.collect::<Result<Vec<_>, String>>()?))
}

fn stored_type(of: &DataType) -> Result<DataType, String> {
    Ok(match of {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32 => of.clone(),
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::Date64 => DataType::Date32,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
            if *scale >= 0 =>
        {
            DataType::Decimal128(*precision, *scale)
        }
        // An instant, as Spark's timestamp is one.
        DataType::Timestamp(..) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Null => DataType::Utf8,
        of if is_text(of) => DataType::Utf8,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::Dictionary(_, value) => stored_type(value)?,
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::FixedSizeList(field, _) => {
            DataType::List(Arc::new(Field::new("element", stored_type(field.data_type())?, true)))
        }
        DataType::Struct(fields) => DataType::Struct(
            fields
                .iter()
                .map(|field| Ok(Field::new(field.name(), stored_type(field.data_type())?, true)))
                .collect::<Result<Fields, String>>()?,
        ),
        DataType::Map(entries, sorted) => {
            let DataType::Struct(pair) = entries.data_type() else { return Err(format!("`{of}` is no map")) };
            let named = pair
                .iter()
                .zip(["key", "value"])
                .map(|(field, name)| Ok(Field::new(name, stored_type(field.data_type())?, name == "value")));
            let pair = DataType::Struct(named.collect::<Result<Fields, String>>()?);
            DataType::Map(Arc::new(Field::new("key_value", pair, false)), *sorted)
        }
        other => return Err(format!("Delta Lake tables have no columns of the type `{other}`")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_there_and_back() {
        let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
        let inner = Fields::from(vec![Field::new("a", DataType::Int32, true), Field::new("b", list, true)]);
        for of in [
            DataType::Boolean,
            DataType::Int8,
            DataType::Int64,
            DataType::Float64,
            DataType::Decimal128(38, 10),
            DataType::Timestamp(TimeUnit::Microsecond, None),
            DataType::Utf8View,
            DataType::Binary,
            DataType::Struct(inner),
        ] {
            assert_eq!(engine_type(&stored_type(&of).unwrap()), of);
        }
        assert!(stored_type(&DataType::Duration(TimeUnit::Second)).is_err());
    }
}
