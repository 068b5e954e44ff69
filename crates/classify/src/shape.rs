//! The types that JSON values have been seen to have, gathered while parsing: no value is kept.

use std::collections::HashMap;
use std::fmt;

use mastic_hive::{HiveType, StructField, merge};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::numbers::integer_type;

/// What has been seen of one place in the data.
#[derive(Debug, Default)]
pub(crate) enum Shape {
    /// Nothing, or nulls only.
    #[default]
    Empty,
    Scalar(HiveType),
    Array(Box<Shape>),
    Object(Object),
}

/// Up to how many fields an object is searched through from the beginning.
const FEW: usize = 16;
/// How many fields an object may have; a table with more columns cannot be kept.
const MAX_FIELDS: usize = 100_000;

/// The fields of objects, in the order in which they were first met.
#[derive(Debug, Default)]
pub(crate) struct Object {
    fields: Vec<(String, Shape)>,
    /// Where each name is, once there are more than a few.
    places: HashMap<String, usize>,
}

impl Object {
    /// Adds what was seen of a field. One without a name cannot be a column or a field, and is left out.
    pub(crate) fn absorb(&mut self, name: String, shape: Shape) {
        let place = match self.fields.len() {
            0..=FEW => self.fields.iter().position(|(known, _)| *known == name),
            _ => self.places.get(&name).copied(),
        };
        if let Some((_, known)) = place.and_then(|place| self.fields.get_mut(place)) {
            known.absorb(shape);
        } else if !name.is_empty() && self.fields.len() < MAX_FIELDS {
            self.fields.push((name, shape));
            // The first time all names get their places, later the new one.
            let from = match self.fields.len() {
                0..=FEW => return,
                count if !self.places.is_empty() => count - 1,
                _ => 0,
            };
            for (place, (name, _)) in self.fields.iter().enumerate().skip(from) {
                self.places.insert(name.clone(), place);
            }
        }
    }
}

impl Object {
    /// What was seen of each field.
    pub(crate) fn into_shapes(self) -> impl Iterator<Item = Shape> {
        self.fields.into_iter().map(|(_, shape)| shape)
    }
}

impl Shape {
    pub(crate) fn absorb(&mut self, other: Self) {
        match (&mut *self, other) {
            (_, Self::Empty) => {}
            (Self::Empty, other) => *self = other,
            (Self::Object(known), Self::Object(new)) => {
                for (name, shape) in new.fields {
                    known.absorb(name, shape);
                }
            }
            (Self::Array(known), Self::Array(new)) => known.absorb(*new),
            (Self::Scalar(known), Self::Scalar(new)) => *known = merge(known, &new),
            _ => *self = Self::Scalar(HiveType::String),
        }
    }

    /// The names of an object's fields as written.
    pub(crate) fn field_names(&self) -> Vec<String> {
        match self {
            Self::Object(object) => object.fields.iter().map(|(name, _)| name.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// The type; `void` where only nulls were seen. Fields that differ in case only become one.
    pub(crate) fn into_type(self) -> HiveType {
        match self {
            Self::Empty => HiveType::Void,
            Self::Scalar(ty) => ty,
            Self::Array(element) => HiveType::Array(Box::new(element.into_type())),
            Self::Object(object) => {
                let fields = object.fields.into_iter();
                let fields = fields.map(|(name, shape)| StructField::new(name, shape.into_type())).collect();
                merge(&HiveType::Struct(Vec::new()), &HiveType::Struct(fields))
            }
        }
    }
}

/// One parsed value's shape.
#[derive(Debug)]
pub(crate) struct Record(Shape);

impl Record {
    pub(crate) fn is_object(&self) -> bool {
        matches!(self.0, Shape::Object(_))
    }

    pub(crate) fn into_shape(self) -> Shape {
        self.0
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor).map(Self)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Empty)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar(HiveType::Boolean))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar(integer_type(Some(number))))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Shape, E> {
        let ty = match (i32::try_from(number), i64::try_from(number)) {
            (Ok(_), _) => HiveType::Int,
            (_, Ok(_)) => HiveType::BigInt,
            _ => HiveType::Double,
        };
        Ok(Shape::Scalar(ty))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar(HiveType::Double))
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar(HiveType::String))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Shape, A::Error> {
        let mut shape = Shape::Empty;
        while let Some(Record(element)) = elements.next_element()? {
            shape.absorb(element);
        }
        Ok(Shape::Array(Box::new(shape)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut object = Object::default();
        while let Some(name) = entries.next_key::<String>()? {
            // An empty name cannot be a column's or a field's.
            if name.is_empty() {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let Record(shape) = entries.next_value()?;
            object.absorb(name, shape);
        }
        Ok(Shape::Object(object))
    }
}
