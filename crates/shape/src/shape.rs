use std::collections::BTreeMap;
use std::fmt;

use mastic_core::{Secret, Timestamp};
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Name, Value};

/// A typed view of a [`Value`]: generated structs and enums implement it, and the primitives here.
pub trait Shape: Sized {
    /// Takes the value apart.
    ///
    /// # Errors
    /// When the value is of another kind than the type; after a codec has checked it against the
    /// schema this happens only for stored documents of another origin.
    fn from_value(value: Value) -> Result<Self, ShapeError>;

    /// The value of this.
    fn into_value(self) -> Value;

    /// The value as a member of a structure; `None` leaves the member out.
    fn into_member(self) -> Option<Value> {
        Some(self.into_value())
    }

    /// Whether the member is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

/// A value did not have the kind that its type wants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not {wanted}")]
pub struct ShapeError {
    path: String,
    wanted: &'static str,
}

impl ShapeError {
    /// An error at the place where it was met; outer members are added by [`field`].
    #[must_use]
    pub fn new(wanted: &'static str) -> Self {
        Self { path: String::new(), wanted }
    }

    fn within(mut self, name: &str) -> Self {
        self.path = if self.path.is_empty() { name.to_owned() } else { format!("{name}.{}", self.path) };
        self
    }
}

/// Reads one member, naming it in an error; generated code calls this.
///
/// # Errors
/// Those of [`Shape::from_value`].
pub fn field<T: Shape>(name: &str, value: Value) -> Result<T, ShapeError> {
    T::from_value(value.into_plain()).map_err(|e| e.within(name))
}

/// A blob; its own type because `Vec<u8>` is a list of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blob(pub Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_byte_buf(Bytes).map(Self)
    }
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    /// JSON has no bytes.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

macro_rules! primitive {
    ($type:ty, $wanted:literal, $($pattern:pat => $value:expr),+; $self:ident => $into:expr) => {
        impl Shape for $type {
            fn from_value(value: Value) -> Result<Self, ShapeError> {
                match value {
                    $($pattern => Ok($value),)+
                    _ => Err(ShapeError::new($wanted)),
                }
            }
            fn into_value($self) -> Value {
                $into
            }
        }
    };
}

primitive!(bool, "a boolean", Value::Bool(v) => v; self => Value::Bool(self));
primitive!(i64, "a number", Value::Int(v) => v; self => Value::Int(self));
primitive!(f64, "a number", Value::Float(v) => v, Value::Int(v) => v as f64; self => Value::Float(self));
primitive!(String, "text", Value::Str(v) => v; self => Value::Str(self));
primitive!(Blob, "bytes", Value::Blob(v) => Blob(v); self => Value::Blob(self.0));
primitive!(Timestamp, "a moment",
    Value::Time(v) => v, Value::Int(v) => Timestamp::from_micros(v); self => Value::Time(self));

impl Shape for i32 {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        match value {
            Value::Int(v) => v.try_into().map_err(|_| ShapeError::new("a 32-bit number")),
            _ => Err(ShapeError::new("a number")),
        }
    }

    fn into_value(self) -> Value {
        Value::Int(self.into())
    }
}

impl<T: Shape> Shape for Option<T> {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        T::from_value(value).map(Some)
    }

    fn into_value(self) -> Value {
        self.map_or(Value::empty(), T::into_value)
    }

    fn into_member(self) -> Option<Value> {
        self.map(T::into_value)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl Shape for Value {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        Ok(value)
    }

    fn into_value(self) -> Value {
        self
    }
}

impl Shape for Secret<String> {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        String::from_value(value).map(Self::new)
    }

    fn into_value(self) -> Value {
        Value::Str(self.reveal().clone())
    }
}

impl<T: Shape> Shape for Box<T> {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        T::from_value(value).map(Box::new)
    }

    fn into_value(self) -> Value {
        (*self).into_value()
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        match value {
            Value::List(items) => items.into_iter().map(|item| T::from_value(item.into_plain())).collect(),
            _ => Err(ShapeError::new("a list")),
        }
    }

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }
}

impl<T: Shape> Shape for BTreeMap<String, T> {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        match value {
            Value::Map(entries) => entries
                .into_iter()
                .map(|(name, value)| Ok((name.clone().into_owned(), field(&name, value)?)))
                .collect(),
            _ => Err(ShapeError::new("a map")),
        }
    }

    fn into_value(self) -> Value {
        Value::Map(self.into_iter().map(|(name, value)| (Name::Owned(name), value.into_value())).collect())
    }
}

impl Shape for () {
    fn from_value(_: Value) -> Result<Self, ShapeError> {
        Ok(())
    }

    fn into_value(self) -> Value {
        Value::empty()
    }
}

/// Generated code: a structure from its members (`"WireName" => field`).
#[macro_export]
macro_rules! structure {
    ($type:ident { $($name:literal => $field:ident,)* }) => {
        impl $crate::Shape for $type {
            fn from_value(value: $crate::Value) -> Result<Self, $crate::ShapeError> {
                let $crate::Value::Map(members) = value else {
                    return Err($crate::ShapeError::new("a structure"));
                };
                #[expect(clippy::allow_attributes, reason = "an empty structure assigns nothing")]
                #[allow(unused_mut)]
                let mut out = Self::default();
                for (name, value) in members {
                    match name.as_ref() {
                        $($name => out.$field = $crate::field($name, value)?,)*
                        _ => drop(value),
                    }
                }
                Ok(out)
            }

            fn into_value(self) -> $crate::Value {
                let mut members = Vec::with_capacity($crate::present!(self { $($field,)* }));
                $(
                    if let Some(value) = $crate::Shape::into_member(self.$field) {
                        members.push(($crate::Name::Borrowed($name), value));
                    }
                )*
                $crate::Value::Map(members)
            }
        }

        /// As a stored document, or a part of one: a map of the members that are there.
        impl $crate::serde::Serialize for $type {
            fn serialize<S: $crate::serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                let map = s.serialize_map(Some($crate::present!(self { $($field,)* })))?;
                #[expect(clippy::allow_attributes, reason = "an empty structure has no members")]
                #[allow(unused_mut)]
                let mut map = map;
                $(
                    if !$crate::Shape::is_absent(&self.$field) {
                        $crate::serde::ser::SerializeMap::serialize_entry(&mut map, $name, &self.$field)?;
                    }
                )*
                $crate::serde::ser::SerializeMap::end(map)
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $type {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> $crate::serde::de::Visitor<'de> for Members {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a ", stringify!($type)))
                    }

                    fn visit_map<A: $crate::serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$type, A::Error> {
                        #[expect(clippy::allow_attributes, reason = "an empty structure assigns nothing")]
                        #[allow(unused_mut)]
                        let mut out = $type::default();
                        while let Some(name) = map.next_key_seed($crate::Known(&[$($name,)*]))? {
                            match name {
                                $(Some($name) => out.$field = map.next_value()?,)*
                                _ => drop(map.next_value::<$crate::serde::de::IgnoredAny>()?),
                            }
                        }
                        Ok(out)
                    }
                }

                d.deserialize_map(Members)
            }
        }
    };
}

/// Generated code: how many members of a structure are there.
#[doc(hidden)]
#[macro_export]
macro_rules! present {
    ($self:ident { $($field:ident,)* }) => {
        0 $(+ usize::from(!$crate::Shape::is_absent(&$self.$field)))*
    };
}

/// Generated code: reads a member's name in a stored document as one of these; `None` is another, of a later version.
#[derive(Debug, Clone, Copy)]
pub struct Known(pub &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Known {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Known {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().copied().find(|known| *known == name))
    }
}

/// Generated code: an enum from its values (`Variant => "VALUE"`).
#[macro_export]
macro_rules! enumeration {
    ($type:ident { $($variant:ident => $text:literal,)* }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type { $($variant,)* }

        impl $type {
            /// Every value, in the model's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// AWS's text of the value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The value of this text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl $crate::Shape for $type {
            fn from_value(value: $crate::Value) -> Result<Self, $crate::ShapeError> {
                value.as_str().and_then(Self::parse).ok_or($crate::ShapeError::new(concat!("a ", stringify!($type))))
            }

            fn into_value(self) -> $crate::Value {
                $crate::Value::Str(self.as_str().to_owned())
            }
        }

        impl $crate::serde::Serialize for $type {
            fn serialize<S: $crate::serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $type {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                match d.deserialize_str($crate::Known(&[$($text,)*]))?.and_then(Self::parse) {
                    Some(value) => Ok(value),
                    None => Err($crate::serde::de::Error::custom(concat!("not a ", stringify!($type)))),
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Clone, Default, PartialEq)]
    struct Inner {
        bytes: Blob,
        state: Option<State>,
    }

    #[derive(Debug, Clone, Default, PartialEq)]
    struct Outer {
        name: String,
        score: Option<f64>,
        at: Option<Timestamp>,
        inner: Option<Box<Inner>>,
        list: Vec<Inner>,
        entries: BTreeMap<String, i32>,
        anything: Option<Value>,
    }

    crate::enumeration!(State { Ready => "READY", InUse => "IN_USE", });
    crate::structure!(Inner { "Bytes" => bytes, "State" => state, });
    crate::structure!(Outer {
        "Name" => name,
        "Score" => score,
        "At" => at,
        "Inner" => inner,
        "List" => list,
        "Entries" => entries,
        "Anything" => anything,
    });

    fn outer() -> Outer {
        let inner = Inner { bytes: Blob(vec![0, 255]), state: Some(State::InUse) };
        Outer {
            name: "n".into(),
            score: Some(1.5),
            at: Some(Timestamp::from_micros(7)),
            inner: Some(Box::new(inner.clone())),
            list: vec![inner, Inner::default()],
            entries: [("a".to_owned(), -1)].into(),
            anything: Some(Value::List(vec![Value::Int(1)])),
        }
    }

    #[test]
    fn a_document_is_the_map_of_what_is_there() {
        assert_eq!(
            serde_json::to_value(outer()).unwrap(),
            json!({
                "Name": "n", "Score": 1.5, "At": 7,
                "Inner": {"Bytes": [0, 255], "State": "IN_USE"},
                "List": [{"Bytes": [0, 255], "State": "IN_USE"}, {"Bytes": []}],
                "Entries": {"a": -1}, "Anything": [1],
            })
        );
        let bare = json!({"Name": "", "List": [], "Entries": {}});
        assert_eq!(serde_json::to_value(Outer::default()).unwrap(), bare);
    }

    #[test]
    fn documents_come_back() {
        for state in State::ALL {
            let mut outer = outer();
            outer.list.push(Inner { state: Some(*state), ..Inner::default() });
            let text = serde_json::to_string(&outer).unwrap();
            assert_eq!(serde_json::from_str::<Outer>(&text).unwrap(), outer);
        }
        let other = json!({"Later": {"x": [null]}, "Score": 2, "Inner": null, "Name": "m"});
        let read: Outer = serde_json::from_value(other).unwrap();
        assert_eq!(read, Outer { name: "m".into(), score: Some(2.0), ..Outer::default() });
    }

    #[test]
    fn what_is_of_another_kind_is_refused() {
        for wrong in [
            json!([]),
            json!({"Name": 1}),
            json!({"Inner": {"State": "GONE"}}),
            json!({"Entries": {"a": 1.5}}),
        ] {
            assert!(serde_json::from_value::<Outer>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_document_has_the_same_form_as_its_value() {
        let value = outer().into_value();
        assert_eq!(serde_json::to_value(&value).unwrap(), serde_json::to_value(outer()).unwrap());
        assert_eq!(Outer::from_value(value).unwrap(), outer());
    }

    /// The value with all that is in it shared.
    fn shared(value: Value) -> Value {
        let inside = match value {
            Value::List(items) => Value::List(items.into_iter().map(shared).collect()),
            Value::Map(members) => {
                Value::Map(members.into_iter().map(|(name, member)| (name, shared(member))).collect())
            }
            other => other,
        };
        inside.into_shared()
    }

    #[test]
    fn what_is_shared_reads_as_if_it_were_not() {
        let (value, shared) = (outer().into_value(), shared(outer().into_value()));
        assert_eq!(shared, value);
        assert_ne!(shared.clone().with("More", Value::Int(1)), value);
        assert_eq!(shared.at("Inner.State").and_then(Value::as_str), Some("IN_USE"));
        assert_eq!(serde_json::to_value(&shared).unwrap(), serde_json::to_value(&value).unwrap());
        let Value::Map(members) = shared.into_plain() else { panic!("it is a structure") };
        assert_eq!(Outer::from_value(Value::Map(members)).unwrap(), outer());
    }
}
