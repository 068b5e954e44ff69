use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema};
use futures::TryStreamExt;
use futures::stream::BoxStream;
use serde_json::Value;

use crate::choice::choice_type;

/// What the values seen at one place have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Shape {
    /// Nothing but nulls.
    #[default]
    Nothing,
    Bool,
    Int,
    Float,
    Text,
    List(Box<Shape>),
    Struct(BTreeMap<String, Shape>),
    /// Values of several sorts, by what Glue calls them.
    Choice(BTreeMap<&'static str, Shape>),
}

impl Shape {
    fn see(&mut self, value: &Value) {
        match (&mut *self, value) {
            (Self::Struct(fields), Value::Object(found)) => {
                for (name, value) in found {
                    match fields.get_mut(name) {
                        Some(field) => field.see(value),
                        None => {
                            let mut field = Self::Nothing;
                            field.see(value);
                            fields.insert(name.clone(), field);
                        }
                    }
                }
            }
            (Self::List(element), Value::Array(found)) => found.iter().for_each(|value| element.see(value)),
            (Self::Nothing, Value::Object(_)) => {
                *self = Self::Struct(BTreeMap::new());
                self.see(value);
            }
            (Self::Nothing, Value::Array(_)) => {
                *self = Self::List(Box::default());
                self.see(value);
            }
            (_, Value::Null) => {}
            (_, Value::Bool(_)) => self.merge(Self::Bool),
            (_, Value::Number(number)) => self.merge(if number.is_i64() { Self::Int } else { Self::Float }),
            (_, Value::String(_)) => self.merge(Self::Text),
            (_, Value::Array(_) | Value::Object(_)) => {
                let mut other = Self::Nothing;
                other.see(value);
                self.merge(other);
            }
        }
    }

    /// What Glue calls values of this sort in a choice.
    fn name(&self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Int => "long",
            Self::Float => "double",
            Self::Nothing | Self::Text => "string",
            Self::List(_) => "array",
            Self::Struct(_) => "struct",
            Self::Choice(_) => "choice",
        }
    }

    fn members(self) -> BTreeMap<&'static str, Self> {
        match self {
            Self::Choice(members) => members,
            other => BTreeMap::from([(other.name(), other)]),
        }
    }

    /// Values that have nothing in common are a choice; whole numbers among others are such numbers.
    fn choice(mine: Self, other: Self) -> Self {
        let mut members = mine.members();
        for (name, shape) in other.members() {
            members.entry(name).or_default().merge(shape);
        }
        if members.contains_key("double") {
            members.remove("long");
        }
        Self::Choice(members)
    }

    /// Takes in what another part of the data showed.
    pub(super) fn merge(&mut self, other: Self) {
        *self = match (std::mem::take(self), other) {
            (Self::Nothing, shape) | (shape, Self::Nothing) => shape,
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Self::Float,
            (Self::List(mut mine), Self::List(other)) => {
                mine.merge(*other);
                Self::List(mine)
            }
            (Self::Struct(mut mine), Self::Struct(other)) => {
                for (name, shape) in other {
                    mine.entry(name).or_default().merge(shape);
                }
                Self::Struct(mine)
            }
            (mine, other) if mine == other => mine,
            (mine, other) => Self::choice(mine, other),
        };
    }

    fn data_type(self, top: bool) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Nothing | Self::Text => {
                if top {
                    DataType::Utf8View
                } else {
                    DataType::Utf8
                }
            }
            Self::List(element) => {
                DataType::List(Arc::new(Field::new_list_field(element.data_type(false), true)))
            }
            Self::Struct(fields) => DataType::Struct(Self::fields(fields, false)),
            Self::Choice(members) => choice_type(
                members.into_iter().map(|(name, shape)| (name.to_owned(), shape.data_type(false))),
            ),
        }
    }

    fn fields(fields: BTreeMap<String, Self>, top: bool) -> Fields {
        fields.into_iter().map(|(name, shape)| Field::new(name, shape.data_type(top), true)).collect()
    }

    /// A field by its name in any case, as the records write it.
    pub(super) fn field(&self, name: &str) -> Option<(&str, &Self)> {
        match self {
            Self::Struct(fields) => fields
                .get_key_value(name)
                .or_else(|| fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)))
                .map(|(known, shape)| (known.as_str(), shape)),
            _ => None,
        }
    }

    /// A type whose fields have the names that the records use.
    pub(super) fn recased(&self, of: DataType) -> DataType {
        match (self, of) {
            (Self::Struct(_), DataType::Struct(fields)) => {
                let named = fields.iter().map(|field| match self.field(field.name()) {
                    Some((known, shape)) => {
                        Arc::new(Field::new(known, shape.recased(field.data_type().clone()), true))
                    }
                    None => Arc::clone(field),
                });
                DataType::Struct(named.collect())
            }
            (Self::List(shape), DataType::List(element)) => {
                let of = shape.recased(element.data_type().clone());
                DataType::List(Arc::new(Field::new_list_field(of, true)))
            }
            (_, of) => of,
        }
    }

    /// The schema of records of this shape; its columns are in the order of their names.
    pub(super) fn schema(self) -> Schema {
        match self {
            Self::Struct(fields) => Schema::new(Self::fields(fields, true)),
            _ => Schema::empty(),
        }
    }
}

/// The common shape of all records.
///
/// # Errors
/// If the bytes are no JSON records.
pub(super) async fn shape_of(records: BoxStream<'static, Result<Vec<u8>, String>>) -> Result<Shape, String> {
    // Pieces may be cut within a record: what is left of one goes before the next.
    let (shape, rest, count) = records
        .try_fold((Shape::default(), Vec::new(), 0), |(mut shape, mut held, mut count), bytes| async move {
            held.extend(bytes);
            let taken = see_all(&mut shape, &held, &mut count)?;
            held.drain(..taken);
            Ok((shape, held, count))
        })
        .await?;
    if rest.trim_ascii().is_empty() { Ok(shape) } else { Err(format!("record {}: it is cut off", count + 1)) }
}

/// The shape of the records with which a file begins; what is no record, or cut off, ends the search.
pub(super) fn shape_of_start(bytes: &[u8]) -> Shape {
    let mut shape = Shape::default();
    let mut bytes = bytes.to_vec();
    if bytes.trim_ascii_start().first() == Some(&b'[')
        && super::ArrayScan::default().open(&mut bytes).is_err()
    {
        return shape;
    }
    for value in serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>().map_while(Result::ok) {
        shape.see(&value);
    }
    shape
}

/// Looks at whole records and counts them; how many bytes they take.
fn see_all(shape: &mut Shape, bytes: &[u8], count: &mut u64) -> Result<usize, String> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    let mut taken = 0;
    loop {
        let bad = |what: &str| Err(format!("record {}: {what}", *count + 1));
        match values.next() {
            None => return Ok(taken),
            Some(Ok(value)) if value.is_object() => shape.see(&value),
            Some(Ok(_)) => return bad("it is not an object"),
            Some(Err(error)) if error.is_eof() => return Ok(taken),
            Some(Err(error)) => {
                // Where it stands in what is held of the file tells nobody anything.
                let what = error.to_string();
                return bad(what.split(" at line ").next().unwrap_or(&what));
            }
        }
        *count += 1;
        taken = values.byte_offset();
    }
}
