//! Rows as XML, as Spark's XML data source writes them: an element for each, in it one for each value.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, FieldRef, Fields, Schema};
use quick_xml::escape::{escape, partial_escape};
use serde_json::{Map, Value};

use crate::cast::cast_array;

/// What a file begins with.
pub(super) const BEGIN: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<ROWS>\n";
/// What it ends with.
pub(super) const END: &[u8] = b"</ROWS>\n";

/// The field of a struct that is the text of its element, and what fields begin with that are attributes.
const VALUE: &str = "_VALUE";
const ATTRIBUTE: char = '_';

/// The rows with numbers as texts that would not go through JSON as they are: decimals, and those with an exponent.
///
/// # Errors
/// There is a value that has no text.
pub(super) fn with_text(batch: &RecordBatch) -> Result<RecordBatch, String> {
    let fields = batch.schema_ref().fields().iter().map(texts).collect::<Vec<_>>();
    let columns = batch.columns().iter().zip(&fields);
    let columns = columns.map(|(column, field)| cast_array(column, field.data_type()));
    let columns = columns.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| error.to_string())
}

fn texts(field: &FieldRef) -> FieldRef {
    let of = match field.data_type() {
        of if of.is_decimal() || of.is_floating() => DataType::Utf8,
        DataType::List(item) => DataType::List(texts(item)),
        DataType::Map(entries, sorted) => DataType::Map(texts(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(texts).collect()),
        _ => return Arc::clone(field),
    };
    Arc::new(field.as_ref().clone().with_data_type(of))
}

/// Adds the rows of JSON lines.
///
/// # Errors
/// A column has a name that no element can have.
pub(super) fn rows(lines: &[u8], schema: &Schema, out: &mut Vec<u8>) -> Result<(), String> {
    for row in serde_json::Deserializer::from_slice(lines).into_iter::<Value>() {
        let Value::Object(row) = row.map_err(|error| error.to_string())? else { continue };
        out.extend_from_slice(b"    ");
        element("ROW", &row, schema.fields(), out)?;
        out.push(b'\n');
    }
    Ok(())
}

fn element(name: &str, row: &Map<String, Value>, fields: &Fields, out: &mut Vec<u8>) -> Result<(), String> {
    let is_attribute = |name: &str| name.starts_with(ATTRIBUTE) && name != VALUE;
    out.push(b'<');
    out.extend_from_slice(name.as_bytes());
    for field in fields.iter().filter(|field| is_attribute(field.name())) {
        if let Some(value) = row.get(field.name()).filter(|value| !value.is_null()) {
            let name = checked(field.name().trim_start_matches(ATTRIBUTE))?;
            let text = text(value);
            out.extend_from_slice(format!(" {name}=\"{}\"", escape(text.as_str())).as_bytes());
        }
    }
    out.push(b'>');
    for field in fields.iter().filter(|field| !is_attribute(field.name())) {
        match row.get(field.name()) {
            None | Some(Value::Null) => {}
            Some(found) if field.name() == VALUE => {
                out.extend_from_slice(partial_escape(text(found).as_str()).as_bytes())
            }
            Some(found) => value(checked(field.name())?, found, field.data_type(), out)?,
        }
    }
    out.extend_from_slice(format!("</{name}>").as_bytes());
    Ok(())
}

fn value(name: &str, found: &Value, of: &DataType, out: &mut Vec<u8>) -> Result<(), String> {
    match (found, of) {
        (Value::Array(items), DataType::List(field)) => {
            items.iter().try_for_each(|item| value(name, item, field.data_type(), out))
        }
        (Value::Object(row), DataType::Struct(fields)) => element(name, row, fields, out),
        (Value::Object(entries), DataType::Map(pair, _)) => {
            out.extend_from_slice(format!("<{name}>").as_bytes());
            let of = match pair.data_type() {
                DataType::Struct(pair) => pair.get(1).map_or(&DataType::Utf8, |field| field.data_type()),
                other => other,
            };
            for (key, found) in entries {
                value(checked(key)?, found, of, out)?;
            }
            out.extend_from_slice(format!("</{name}>").as_bytes());
            Ok(())
        }
        (found, _) => {
            let text = text(found);
            out.extend_from_slice(format!("<{name}>{}</{name}>", partial_escape(text.as_str())).as_bytes());
            Ok(())
        }
    }
}

/// A text, without the control characters that XML cannot have.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => {
            text.chars().filter(|c| *c >= ' ' || matches!(c, '\t' | '\n' | '\r')).collect()
        }
        other => other.to_string(),
    }
}

fn checked(name: &str) -> Result<&str, String> {
    let first = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let rest = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if first && rest { Ok(name) } else { Err(format!("no element of XML can be called `{name}`")) }
}
