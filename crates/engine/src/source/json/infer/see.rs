//! Shapes straight from the text: values that nobody wants are not made.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Shape;

/// The shape of one record.
pub(super) struct Record(pub(super) Shape);

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut shape = Shape::default();
        SeeRecord(&mut shape).deserialize(from)?;
        Ok(Self(shape))
    }
}

/// Takes one record into the shape.
pub(super) struct SeeRecord<'s>(pub(super) &'s mut Shape);

impl<'de> DeserializeSeed<'de> for SeeRecord<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for SeeRecord<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        See(self.0).visit_map(map)
    }
}

/// Takes one value into the shape of its place.
struct See<'s>(&'s mut Shape);

impl See<'_> {
    fn scalar(self, seen: Shape) {
        if *self.0 != seen {
            self.0.merge(seen);
        }
    }
}

impl<'de> DeserializeSeed<'de> for See<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for See<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.scalar(Shape::Bool);
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.scalar(Shape::Int);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.scalar(if i64::try_from(number).is_ok() { Shape::Int } else { Shape::Float });
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.scalar(Shape::Float);
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.scalar(Shape::Text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut found: A) -> Result<(), A::Error> {
        let mut see = |element: &mut Shape| -> Result<(), A::Error> {
            while found.next_element_seed(See(element))?.is_some() {}
            Ok(())
        };
        if let Shape::List(element) = self.0 {
            return see(element);
        }
        let mut element = Box::default();
        see(&mut element)?;
        self.0.merge(Shape::List(element));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut found: A) -> Result<(), A::Error> {
        let mut see = |fields: &mut BTreeMap<String, Shape>| -> Result<(), A::Error> {
            while let Some(name) = found.next_key_seed(Name)? {
                match fields.get_mut(&*name) {
                    Some(field) => found.next_value_seed(See(field))?,
                    None => {
                        let field = fields.entry(name.into_owned()).or_default();
                        found.next_value_seed(See(field))?;
                    }
                }
            }
            Ok(())
        };
        if let Shape::Struct(fields) = self.0 {
            return see(fields);
        }
        let mut fields = BTreeMap::new();
        see(&mut fields)?;
        self.0.merge(Shape::Struct(fields));
        Ok(())
    }
}

/// A field's name, copied only where it has escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
