use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use mastic_core::Timestamp;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A member's or a key's name; static where it comes from a schema.
pub type Name = Cow<'static, str>;

/// A dynamic value: what a codec reads and writes. Absent members are left out; there is no null.
#[derive(Debug, Clone)]
pub enum Value {
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text, enums included.
    Str(String),
    /// Bytes.
    Blob(Vec<u8>),
    /// A moment.
    Time(Timestamp),
    /// A sequence.
    List(Vec<Value>),
    /// A structure (keys are the model's member names) or a map.
    Map(Vec<(Name, Value)>),
    /// What several values of a large answer have in common, kept once. It means what is in it.
    Shared(Arc<Value>),
}

impl Value {
    /// The value itself, shared or not.
    #[must_use]
    pub fn plain(&self) -> &Value {
        match self {
            Self::Shared(value) => value.plain(),
            own => own,
        }
    }

    /// The value itself, copied if others have it too.
    #[must_use]
    pub fn into_plain(self) -> Value {
        match self {
            Self::Shared(value) => Arc::unwrap_or_clone(value).into_plain(),
            own => own,
        }
    }

    /// The value as one that several can have: copies of it cost nothing.
    #[must_use]
    pub fn into_shared(self) -> Value {
        Self::Shared(Arc::new(self))
    }

    /// A structure with one more member.
    #[must_use]
    pub fn with(self, name: &'static str, member: Value) -> Value {
        let mut members = self.into_members();
        members.push((Name::Borrowed(name), member));
        Self::Map(members)
    }

    /// The members or entries of a structure or a map; others have none.
    #[must_use]
    pub fn into_members(self) -> Vec<(Name, Value)> {
        match self.into_plain() {
            Self::Map(members) => members,
            _ => Vec::new(),
        }
    }

    /// The member or entry of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self.plain() {
            Self::Map(entries) => entries.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The value at a dotted path of member names, for example `TableInput.Name`.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(self, |value, name| value.get(name))
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self.plain() {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The members, if it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self.plain() {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// An empty structure.
    #[must_use]
    pub const fn empty() -> Self {
        Self::Map(Vec::new())
    }
}

/// What is shared equals what is not, if they mean the same.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self.plain(), other.plain()) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Blob(a), Self::Blob(b)) => a == b,
            (Self::Time(a), Self::Time(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            _ => false,
        }
    }
}

impl Default for Value {
    fn default() -> Self {
        Self::empty()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(v) => s.serialize_bool(*v),
            Self::Int(v) => s.serialize_i64(*v),
            Self::Float(v) => s.serialize_f64(*v),
            Self::Str(v) => s.serialize_str(v),
            Self::Blob(v) => s.serialize_bytes(v),
            Self::Time(v) => s.serialize_i64(v.micros()),
            Self::List(items) => {
                let mut seq = s.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Map(entries) => {
                let mut map = s.serialize_map(Some(entries.len()))?;
                for (name, value) in entries {
                    map.serialize_entry(name.as_ref(), value)?;
                }
                map.end()
            }
            Self::Shared(value) => value.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value other than null")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Int(v))
    }

    fn visit_u64<E: serde::de::Error>(self, v: u64) -> Result<Value, E> {
        i64::try_from(v).map(Value::Int).map_err(|_| E::custom("number is out of range"))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(Value::Float(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::Str(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::Str(v))
    }

    fn visit_bytes<E>(self, v: &[u8]) -> Result<Value, E> {
        Ok(Value::Blob(v.to_vec()))
    }

    fn visit_byte_buf<E>(self, v: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Blob(v))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            entries.push((Name::Owned(name), value));
        }
        Ok(Value::Map(entries))
    }
}
