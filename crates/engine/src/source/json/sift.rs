//! JSON records one by one: those that are none are put aside, and values of choices go to the field of their sort.

use datafusion::arrow::datatypes::{DataType, FieldRef, SchemaRef};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};

use super::Records;
use crate::cast::cast_text;
use crate::choice::members;
use crate::error_rows::{Rejects, misfit};
use crate::source::slices::Piece;
use crate::types::is_text;

/// What becomes of lines that are no records.
pub(super) struct Sieve {
    rejects: Option<Rejects>,
    fields: Vec<FieldRef>,
}

impl Sieve {
    /// They are passed over.
    pub(super) fn tolerant() -> Self {
        Self { rejects: None, fields: vec![] }
    }

    /// They are put aside, and so are records whose values do not fit the schema.
    pub(super) fn of(rejects: Rejects, schema: &SchemaRef) -> Self {
        Self { rejects: Some(rejects), fields: schema.fields().iter().cloned().collect() }
    }

    /// The lines of a piece that are records.
    ///
    /// # Errors
    /// Too many are none.
    pub(super) fn sound(&self, piece: &Piece) -> Result<Vec<u8>, String> {
        let own = piece.bytes.get(piece.range.clone()).unwrap_or_default();
        let mut out = Vec::with_capacity(own.len());
        let mut offset = piece.offset + piece.range.start as u64;
        for line in own.split_inclusive(|byte| *byte == b'\n') {
            if line.trim_ascii().is_empty() {
                // Between records.
            } else if let Some(reason) = self.wrong(line) {
                if let Some(rejects) = &self.rejects {
                    rejects.add(offset, line, &reason)?;
                }
            } else {
                out.extend_from_slice(line);
            }
            offset += line.len() as u64;
        }
        Ok(out)
    }

    fn wrong(&self, line: &[u8]) -> Option<String> {
        let record: Value = match serde_json::from_slice(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)) {
            Ok(record) => record,
            Err(error) => return Some(error.to_string()),
        };
        let Value::Object(record) = record else { return Some("it is not an object".to_owned()) };
        self.fields.iter().find_map(|field| {
            let value = record.get(field.name())?;
            (!fits(value, field.data_type()))
                .then(|| misfit(field.name(), &value.to_string(), field.data_type()))
        })
    }
}

/// Whether a value can be read as one of the type.
fn fits(value: &Value, of: &DataType) -> bool {
    match (value, of) {
        (Value::Null, _) => true,
        (_, of) if members(of).is_some() => true,
        (Value::Object(fields), DataType::Struct(of)) => {
            of.iter().all(|of| fields.get(of.name()).is_none_or(|value| fits(value, of.data_type())))
        }
        (Value::Array(items), DataType::List(of)) => items.iter().all(|item| fits(item, of.data_type())),
        (Value::Object(fields), DataType::Map(entries, _)) => match entries.data_type() {
            DataType::Struct(pair) => {
                pair.get(1).is_none_or(|of| fields.values().all(|value| fits(value, of.data_type())))
            }
            _ => false,
        },
        (Value::Object(_) | Value::Array(_), _)
        | (_, DataType::Struct(_) | DataType::List(_) | DataType::Map(..)) => false,
        (Value::Bool(_), of) => is_text(of) || *of == DataType::Boolean,
        (Value::Number(number), of) if of.is_integer() => number.is_i64() || number.is_u64(),
        (Value::Number(_), of) => is_text(of) || of.is_numeric(),
        (Value::String(_), of) if is_text(of) => true,
        (Value::String(text), DataType::Boolean) => matches!(text.as_str(), "true" | "false"),
        (Value::String(text), of) => {
            cast_text(std::iter::once(Some(text.as_str())), of).is_ok_and(|cast| cast.is_valid(0))
        }
    }
}

/// The records with the values of choices under the names of their sorts.
pub(super) fn chosen(records: Records, schema: SchemaRef) -> Records {
    let state = (records, Vec::new(), schema);
    stream::try_unfold(state, |(mut records, mut held, schema): (Records, Vec<u8>, SchemaRef)| async move {
        let Some(bytes) = records.try_next().await? else {
            return match held.trim_ascii() {
                [] => Ok(None),
                _ => Err("the last record is cut off".to_owned()),
            };
        };
        held.extend(bytes);
        let mut out = Vec::new();
        let mut values = serde_json::Deserializer::from_slice(&held).into_iter::<Value>();
        let mut taken = 0;
        while let Some(value) = values.next() {
            match value {
                Ok(Value::Object(record)) => {
                    let named = named(record, schema.fields());
                    serde_json::to_writer(&mut out, &named).map_err(|error| error.to_string())?;
                    out.push(b'\n');
                }
                Ok(_) => return Err("a record is not an object".to_owned()),
                Err(error) if error.is_eof() => break,
                Err(error) => return Err(error.to_string()),
            }
            taken = values.byte_offset();
        }
        held.drain(..taken);
        Ok(Some((out, (records, held, schema))))
    })
    .boxed()
}

fn named(record: Map<String, Value>, fields: &datafusion::arrow::datatypes::Fields) -> Value {
    let field = |(name, value): (String, Value)| {
        let value = match fields.find(&name) {
            Some((_, field)) => sorted(value, field.data_type()),
            None => value,
        };
        (name, value)
    };
    Value::Object(record.into_iter().map(field).collect())
}

fn sorted(value: Value, of: &DataType) -> Value {
    if let Some(fields) = members(of) {
        let name = match &value {
            Value::Null => return Value::Null,
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_i64() && fields.find("long").is_some() => "long",
            Value::Number(_) => "double",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "struct",
        };
        let value = match fields.find(name) {
            Some((_, field)) => sorted(value, field.data_type()),
            None => value,
        };
        return Value::Object(Map::from_iter([(name.to_owned(), value)]));
    }
    match (value, of) {
        (Value::Object(record), DataType::Struct(fields)) => named(record, fields),
        (Value::Array(items), DataType::List(element)) => {
            Value::Array(items.into_iter().map(|item| sorted(item, element.data_type())).collect())
        }
        (value, _) => value,
    }
}
