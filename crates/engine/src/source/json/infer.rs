mod see;

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema};
use futures::TryStreamExt;
use futures::stream::BoxStream;
use serde::de::DeserializeSeed;

use self::see::{Record, SeeRecord};
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
    // What is wrong with the data is told by who reads it.
    let _ = see_all(&mut shape, &bytes, &mut 0);
    shape
}

/// Looks at whole records and counts them; how many bytes they take.
fn see_all(shape: &mut Shape, bytes: &[u8], count: &mut u64) -> Result<usize, String> {
    let lines = see_lines(shape, bytes, count);
    let rest = bytes.get(lines..).unwrap_or_default();
    let mut records = serde_json::Deserializer::from_slice(rest).into_iter::<Record>();
    let mut taken = 0;
    loop {
        match records.next() {
            None => break,
            Some(Ok(Record(seen))) => shape.merge(seen),
            Some(Err(error)) if error.is_eof() => break,
            Some(Err(error)) if error.is_data() => {
                return Err(format!("record {}: it is not an object", *count + 1));
            }
            Some(Err(error)) => {
                // Where it stands in what is held of the file tells nobody anything.
                let what = error.to_string();
                let what = what.split(" at line ").next().unwrap_or(&what);
                return Err(format!("record {}: {what}", *count + 1));
            }
        }
        *count += 1;
        taken = records.byte_offset();
    }
    Ok(lines + taken)
}

/// Looks at records of one line each, up to the first line that is none: straight into the shape, which is several times
/// faster. How many bytes they take.
fn see_lines(shape: &mut Shape, bytes: &[u8], count: &mut u64) -> usize {
    let mut taken = 0;
    for end in memchr::memchr_iter(b'\n', bytes) {
        let line = bytes.get(taken..end).unwrap_or_default();
        if !line.trim_ascii().is_empty() {
            let mut record = serde_json::Deserializer::from_slice(line);
            if SeeRecord(shape).deserialize(&mut record).and_then(|()| record.end()).is_err() {
                break;
            }
            *count += 1;
        }
        taken = end + 1;
    }
    taken
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};

    use super::*;

    async fn shape(text: &str, piece: usize) -> Result<Shape, String> {
        let pieces: Vec<_> = text.as_bytes().chunks(piece).map(|piece| Ok(piece.to_vec())).collect();
        shape_of(stream::iter(pieces).boxed()).await
    }

    #[tokio::test]
    async fn records_may_stand_and_be_cut_anywhere() {
        let records = [
            r#"{"a": 1, "b": [1, {"c": null}], "é\n\"": true}"#,
            r#"{"a": 2.5, "b": [[], "x"], "d": {"e": 18446744073709551615}, "g": 1}"#,
            r#"{"d": {"e": 7, "f": "y"}, "g": {"h": 12}}"#,
            r#"{"g": {"h": -3, "i": false}}"#,
        ];
        let field = |fields: &[(&str, Shape)]| {
            Shape::Struct(fields.iter().map(|(name, shape)| ((*name).to_owned(), shape.clone())).collect())
        };
        let choice = |shapes: &[Shape]| {
            Shape::Choice(shapes.iter().map(|shape| (shape.name(), shape.clone())).collect())
        };
        let element =
            choice(&[Shape::Int, field(&[("c", Shape::Nothing)]), Shape::List(Box::default()), Shape::Text]);
        let expected = field(&[
            ("a", Shape::Float),
            ("b", Shape::List(Box::new(element))),
            ("é\n\"", Shape::Bool),
            ("d", field(&[("e", Shape::Float), ("f", Shape::Text)])),
            ("g", choice(&[Shape::Int, field(&[("h", Shape::Int), ("i", Shape::Bool)])])),
        ]);
        let over_lines = records.map(|record| record.replace(", ", ",\n"));
        for text in [records.join("\n"), records.join("\n\n") + "\n", records.join(" "), over_lines.concat()]
        {
            for piece in [1, 2, 3, 5, 7, 40, 100, 1000] {
                assert_eq!(shape(&text, piece).await.as_ref(), Ok(&expected), "{text} in pieces of {piece}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_record_is_told_by_its_number() {
        for (text, expected) in [
            ("{}\n{}\n5\n{}\n", "record 3: it is not an object"),
            ("{} {}\n[{}]", "record 3: it is not an object"),
            ("{}\n{\"a\": x}\n", "record 2: expected value"),
            ("{}\n{\"a\":\n", "record 2: it is cut off"),
        ] {
            for piece in [1, 4, 100] {
                assert_eq!(shape(text, piece).await.unwrap_err(), expected, "{text}");
            }
        }
    }
}
