use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ListArray, RecordBatch, RecordBatchOptions, StructArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, SchemaRef};

use super::XmlFormat;
use super::element::Element;
use crate::cast::cast_text;
use crate::error_rows;
use crate::types::is_text;

/// The columns of records.
///
/// # Errors
/// A column has a type that XML cannot hold.
pub(super) fn batch(
    records: &[Element],
    schema: &SchemaRef,
    format: &XmlFormat,
) -> Result<RecordBatch, String> {
    let columns = schema.fields().iter().map(|field| {
        let values: Vec<Found<'_>> =
            records.iter().map(|record| part(record, field.name(), field.data_type(), format)).collect();
        array(&values, field.data_type(), format)
            .map_err(|error| format!("column `{}`: {error}", field.name()))
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(records.len()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| error.to_string())
}

/// What there is for one value.
#[derive(Clone)]
enum Found<'a> {
    Nothing,
    Text(&'a str),
    One(&'a Element),
    Many(Vec<&'a Element>),
}

/// The field of an element: its parts of that name, or its text.
fn part<'a>(element: &'a Element, name: &str, of: &DataType, format: &XmlFormat) -> Found<'a> {
    let mut named = element.named(name);
    match (named.next(), of) {
        (Some(first), DataType::List(_)) => Found::Many(std::iter::once(first).chain(named).collect()),
        (Some(first), _) => Found::One(first),
        (None, _) if name.eq_ignore_ascii_case(&format.value_tag) && !element.text.is_empty() => {
            Found::Text(&element.text)
        }
        (None, _) => Found::Nothing,
    }
}

fn text<'a>(found: &Found<'a>, of: &DataType, format: &XmlFormat) -> Option<&'a str> {
    let text = match found {
        Found::Nothing => return None,
        Found::Text(text) => text,
        Found::One(element) => element.text.as_str(),
        Found::Many(elements) => elements.first()?.text.as_str(),
    };
    (!text.is_empty() || (is_text(of) && !format.empty_is_null)).then_some(text)
}

fn array(values: &[Found<'_>], of: &DataType, format: &XmlFormat) -> Result<ArrayRef, String> {
    let fail = |error: datafusion::arrow::error::ArrowError| error.to_string();
    match of {
        DataType::Struct(fields) => {
            let columns = fields.iter().map(|field| {
                let inner: Vec<Found<'_>> = values
                    .iter()
                    .map(|value| match value {
                        Found::One(element) => part(element, field.name(), field.data_type(), format),
                        _ => Found::Nothing,
                    })
                    .collect();
                array(&inner, field.data_type(), format)
            });
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let nulls: NullBuffer = values.iter().map(|value| matches!(value, Found::One(_))).collect();
            let made = StructArray::try_new_with_length(fields.clone(), columns, Some(nulls), values.len());
            Ok(Arc::new(made.map_err(fail)?))
        }
        DataType::List(field) => {
            let mut items = Vec::new();
            let mut lengths = Vec::with_capacity(values.len());
            let mut set = Vec::with_capacity(values.len());
            for value in values {
                let before = items.len();
                match value {
                    Found::Many(elements) => items.extend(elements.iter().copied().map(Found::One)),
                    Found::One(element) => items.push(Found::One(element)),
                    Found::Nothing | Found::Text(_) => {}
                }
                lengths.push(items.len() - before);
                set.push(items.len() > before);
            }
            let inner = array(&items, field.data_type(), format)?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            let made = ListArray::try_new(Arc::clone(field), offsets, inner, Some(set.into()));
            Ok(Arc::new(made.map_err(fail)?))
        }
        of => cast_text(values.iter().map(|value| text(value, of, format)), of).map_err(fail),
    }
}

/// Why a record does not fit the columns, if it does not.
pub(super) fn misfit(record: &Element, schema: &SchemaRef, format: &XmlFormat) -> Option<String> {
    schema.fields().iter().find_map(|field| {
        let found = part(record, field.name(), field.data_type(), format);
        let text = unfit(&found, field.data_type(), format)?;
        Some(error_rows::misfit(field.name(), text, field.data_type()))
    })
}

fn unfit<'a>(found: &Found<'a>, of: &DataType, format: &XmlFormat) -> Option<&'a str> {
    match (of, found) {
        (DataType::Struct(fields), Found::One(element)) => fields.iter().find_map(|field| {
            unfit(&part(element, field.name(), field.data_type(), format), field.data_type(), format)
        }),
        (DataType::List(field), Found::Many(elements)) => {
            elements.iter().find_map(|element| unfit(&Found::One(element), field.data_type(), format))
        }
        (of, _) if of.is_nested() || is_text(of) => None,
        (of, found) => {
            let text = text(found, of, format).filter(|text| !text.trim().is_empty())?;
            let cast = cast_text(std::iter::once(Some(text)), of);
            (!cast.is_ok_and(|cast| cast.is_valid(0))).then_some(text)
        }
    }
}
