use std::cell::RefCell;
use std::fmt;

use mastic_core::Timestamp;
use mastic_shape::{Kind, Member, Name, Schema, Value};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::WireError;
use crate::base::{DEEPEST, from_base64, keep_last};

/// Reads a JSON body. An empty one is an empty structure; unknown members are passed over, null
/// members are absent, and of a repeated name the last value counts.
///
/// # Errors
/// Malformed JSON, or a value of another kind than the schema says, in the words of AWS's parsers.
pub fn decode(bytes: &[u8], schema: &'static Schema) -> Result<Value, WireError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::empty());
    }
    let problem = RefCell::new(None);
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = Seed { schema, depth: 0, problem: &problem }
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value));
    match (read, problem.into_inner()) {
        (Ok(value), _) => Ok(value.unwrap_or_default()),
        (Err(_), Some(text)) => Err(WireError::Json(text)),
        (Err(error), None) => Err(WireError::Json(format!("The request body is not valid JSON: {error}"))),
    }
}

/// Reads one value; `None` is null.
struct Seed<'a> {
    schema: &'static Schema,
    depth: usize,
    problem: &'a RefCell<Option<String>>,
}

impl Seed<'_> {
    /// Keeps AWS's text beside serde's error, which would add a line and a column to it.
    fn refuse<E: serde::de::Error>(&self, text: String) -> E {
        *self.problem.borrow_mut() = Some(text);
        E::custom("refused")
    }

    /// A token where the schema has a scalar of another type, or a collection.
    fn convert<E: serde::de::Error>(&self, token: &str) -> E {
        let wanted = match &self.schema.kind {
            Kind::Boolean => "a Boolean",
            Kind::Integer(_) => "an Integer",
            Kind::Long(_) => "a Long",
            Kind::Double(_) => "a Double",
            Kind::String { .. } => "a String",
            Kind::Blob(_) => "a Blob",
            Kind::Timestamp => "milliseconds since epoch",
            Kind::Iso8601 => "a Date",
            Kind::List { .. } => return self.refuse("Expected list or null".into()),
            Kind::Map { .. } => return self.refuse("Expected map or null".into()),
            Kind::Structure(_) => return self.refuse("Expected structure or null".into()),
            Kind::Document => "a document",
        };
        self.refuse(format!("{token} can not be converted to {wanted}"))
    }

    fn inner(&self, schema: &'static Schema) -> Self {
        Self { schema, depth: self.depth + 1, problem: self.problem }
    }

    fn whole<E: serde::de::Error>(&self, number: i64) -> Result<Value, E> {
        match &self.schema.kind {
            Kind::Integer(_) if i32::try_from(number).is_err() => Err(self.convert("NUMBER_VALUE")),
            Kind::Integer(_) | Kind::Long(_) | Kind::Document => Ok(Value::Int(number)),
            Kind::Double(_) => Ok(Value::Float(number as f64)),
            Kind::Timestamp => Ok(Value::Time(Timestamp::from_secs(number))),
            _ => Err(self.convert("NUMBER_VALUE")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Option<Value>, D::Error> {
        if self.depth > DEEPEST {
            return Err(self.refuse(format!("The request body nests deeper than {DEEPEST} levels")));
        }
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.schema.name)
    }

    fn visit_unit<E>(self) -> Result<Option<Value>, E> {
        Ok(None)
    }

    fn visit_bool<E: serde::de::Error>(self, v: bool) -> Result<Option<Value>, E> {
        match &self.schema.kind {
            Kind::Boolean | Kind::Document => Ok(Some(Value::Bool(v))),
            _ => Err(self.convert(if v { "TRUE_VALUE" } else { "FALSE_VALUE" })),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, v: i64) -> Result<Option<Value>, E> {
        self.whole(v).map(Some)
    }

    fn visit_u64<E: serde::de::Error>(self, v: u64) -> Result<Option<Value>, E> {
        match i64::try_from(v) {
            Ok(number) => self.whole(number).map(Some),
            Err(_) => self.visit_f64(v as f64),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Option<Value>, E> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match &self.schema.kind {
            Kind::Double(_) | Kind::Document => Ok(Some(Value::Float(v))),
            Kind::Timestamp => Ok(Some(Value::Time(Timestamp::from_secs_f64(v)))),
            Kind::Integer(_) | Kind::Long(_) if v.fract() == 0.0 && v.abs() <= EXACT => {
                self.whole(v as i64).map(Some)
            }
            _ => Err(self.convert("NUMBER_VALUE")),
        }
    }

    fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Option<Value>, E> {
        self.visit_string(v.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, v: String) -> Result<Option<Value>, E> {
        match (&self.schema.kind, v.as_str()) {
            (Kind::String { .. } | Kind::Document, _) => Ok(Some(Value::Str(v))),
            (Kind::Blob(_), text) => match from_base64(text) {
                Some(bytes) => Ok(Some(Value::Blob(bytes))),
                None => Err(self.refuse("Unable to decode a Blob: it is not valid base64".into())),
            },
            (Kind::Double(_), "NaN") => Ok(Some(Value::Float(f64::NAN))),
            (Kind::Double(_), "Infinity") => Ok(Some(Value::Float(f64::INFINITY))),
            (Kind::Double(_), "-Infinity") => Ok(Some(Value::Float(f64::NEG_INFINITY))),
            (Kind::Iso8601, text) => match Timestamp::parse(text) {
                Some(at) => Ok(Some(Value::Time(at))),
                None => Err(self.convert("STRING_VALUE")),
            },
            _ => Err(self.convert("STRING_VALUE")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<Value>, A::Error> {
        let member = match &self.schema.kind {
            Kind::List { member, .. } => member,
            Kind::Document => self.schema,
            _ => return Err(self.refuse("Start of list found where not expected".into())),
        };
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.inner(member))? {
            items.push(item.ok_or_else(|| self.refuse::<A::Error>("Null value found in a list".into()))?);
        }
        Ok(Some(Value::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Value>, A::Error> {
        let mut entries: Vec<(Name, Value)> = Vec::new();
        let schema = match &self.schema.kind {
            Kind::Structure(members) => {
                while let Some(member) = map.next_key_seed(Key(members))? {
                    let Some(member) = member else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    let value = map.next_value_seed(self.inner(member.schema))?;
                    entries.retain(|(name, _)| *name != member.name);
                    if let Some(value) = value {
                        entries.push((Name::Borrowed(member.name), value));
                    }
                }
                return Ok(Some(Value::Map(entries)));
            }
            Kind::Map { value, .. } => value,
            Kind::Document => self.schema,
            _ => return Err(self.refuse("Start of structure or map found where not expected.".into())),
        };
        while let Some(name) = map.next_key::<String>()? {
            if let Some(value) = map.next_value_seed(self.inner(schema))? {
                entries.push((Name::Owned(name), value));
            }
        }
        Ok(Some(Value::Map(keep_last(entries))))
    }
}

/// Reads a member's name; `None` is one that the schema does not know.
struct Key(&'static [Member]);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<&'static Member>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<&'static Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|member| member.wire == v))
    }
}
