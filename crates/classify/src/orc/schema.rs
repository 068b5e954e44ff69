//! ORC's flat list of types to a tree of Hive's.

use mastic_hive::{HiveType, StructField};

use super::protobuf::{Malformed, Message, Value};
use crate::classified::Column;

/// How deep types may nest.
const MAX_DEPTH: usize = 100;

/// One `Type` of the footer.
#[derive(Debug, Default)]
pub(super) struct Type {
    kind: u64,
    /// Places of the types in it.
    children: Vec<u64>,
    names: Vec<String>,
    length: u64,
    precision: u64,
    scale: u64,
}

impl Type {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        Message::new(bytes).fields(|field, value| {
            match (field, value) {
                (1, Value::Number(kind)) => found.kind = kind,
                (2, Value::Number(child)) => found.children.push(child),
                (2, Value::Bytes(packed)) => {
                    Message::new(packed).packed(|child| found.children.push(child))?
                }
                (3, Value::Bytes(name)) => found.names.push(String::from_utf8_lossy(name).into_owned()),
                (4, Value::Number(length)) => found.length = length,
                (5, Value::Number(precision)) => found.precision = precision,
                (6, Value::Number(scale)) => found.scale = scale,
                _ => {}
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// The columns of the first type; nothing when it is no struct or the types are no tree.
pub(super) fn columns(types: &[Type]) -> Option<Vec<Column>> {
    let mut tree = Tree { types, used: vec![false; types.len()] };
    match tree.hive_type(0, MAX_DEPTH)? {
        HiveType::Struct(fields) => Some(fields.into_iter().map(Column::of_field).collect()),
        _ => None,
    }
}

struct Tree<'a> {
    types: &'a [Type],
    /// In a tree each type is in one other only; else a few types could make millions.
    used: Vec<bool>,
}

impl Tree<'_> {
    fn hive_type(&mut self, place: usize, depth: usize) -> Option<HiveType> {
        let depth = depth.checked_sub(1)?;
        let ty = self.types.get(place)?;
        if std::mem::replace(self.used.get_mut(place)?, true) {
            return None;
        }
        Some(match ty.kind {
            0 => HiveType::Boolean,
            1 => HiveType::TinyInt,
            2 => HiveType::SmallInt,
            3 => HiveType::Int,
            4 => HiveType::BigInt,
            5 => HiveType::Float,
            6 => HiveType::Double,
            7 => HiveType::String,
            8 => HiveType::Binary,
            9 | 18 => HiveType::Timestamp,
            10 => HiveType::Array(Box::new(self.only(ty, depth)?)),
            11 => {
                let [key, value] = <[HiveType; 2]>::try_from(self.children(ty, depth)?).ok()?;
                HiveType::Map(Box::new(key), Box::new(value))
            }
            12 => {
                let types = self.children(ty, depth)?;
                if types.len() != ty.names.len() {
                    return None;
                }
                let field = |(name, ty): (&String, HiveType)| StructField::new(name.clone(), ty);
                HiveType::Struct(ty.names.iter().zip(types).map(field).collect())
            }
            13 => HiveType::Union(self.children(ty, depth)?),
            14 => decimal(ty.precision, ty.scale),
            15 => HiveType::Date,
            16 => {
                u16::try_from(ty.length).ok().filter(|n| *n > 0).map_or(HiveType::String, HiveType::Varchar)
            }
            17 => u8::try_from(ty.length).ok().filter(|n| *n > 0).map_or(HiveType::String, HiveType::Char),
            _ => return None,
        })
    }

    fn children(&mut self, ty: &Type, depth: usize) -> Option<Vec<HiveType>> {
        ty.children.iter().map(|child| self.hive_type(usize::try_from(*child).ok()?, depth)).collect()
    }

    fn only(&mut self, ty: &Type, depth: usize) -> Option<HiveType> {
        let [only] = <[HiveType; 1]>::try_from(self.children(ty, depth)?).ok()?;
        Some(only)
    }
}

/// Decimals of Hive 0.11 tell neither precision nor scale.
fn decimal(precision: u64, scale: u64) -> HiveType {
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => HiveType::Decimal { precision, scale },
        _ => HiveType::Decimal { precision: 38, scale: 18 },
    }
}
