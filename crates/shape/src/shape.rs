use std::collections::BTreeMap;

use mastic_core::{Secret, Timestamp};

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
    T::from_value(value).map_err(|e| e.within(name))
}

/// A blob; its own type because `Vec<u8>` is a list of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blob(pub Vec<u8>);

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
            Value::List(items) => items.into_iter().map(T::from_value).collect(),
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
                let members = [$(($name, $crate::Shape::into_member(self.$field)),)*];
                $crate::Value::Map(
                    members
                        .into_iter()
                        .filter_map(|(name, value): (&'static str, Option<$crate::Value>)| Some((name.into(), value?)))
                        .collect(),
                )
            }
        }
        $crate::as_document!($type);
    };
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
        $crate::as_document!($type);
    };
}

/// Lets a shape be (part of) a stored document, through its [`Value`].
#[macro_export]
macro_rules! as_document {
    ($type:ident) => {
        impl $crate::serde::Serialize for $type {
            fn serialize<S: $crate::serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                $crate::serde::Serialize::serialize(&$crate::Shape::into_value(self.clone()), s)
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $type {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let value = <$crate::Value as $crate::serde::Deserialize>::deserialize(d)?;
                $crate::Shape::from_value(value).map_err($crate::serde::de::Error::custom)
            }
        }
    };
}
