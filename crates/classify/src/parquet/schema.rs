//! Parquet's flat list of schema elements to a tree of Hive types (Logical Types in the Parquet
//! format's documentation).

use mastic_hive::{HiveType, StructField, stored_name};

use crate::classified::Column;
use crate::thrift::{Malformed, Reader};

/// One `SchemaElement`: a column or a group of the next `children` elements.
#[derive(Debug, Default)]
pub(super) struct Element {
    physical: Option<i64>,
    repeated: bool,
    name: String,
    children: Option<i64>,
    converted: Option<i64>,
    scale: i64,
    precision: i64,
    logical: Option<Logical>,
}

/// The members of the `LogicalType` union that change a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Logical {
    String,
    Map,
    List,
    Decimal {
        scale: i64,
        precision: i64,
    },
    Date,
    Timestamp,
    Integer {
        bits: i64,
        signed: bool,
    },
    Null,
    /// One that keeps its physical type.
    Other,
}

const REPEATED: i64 = 2;

impl Element {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut element = Self::default();
        reader.fields(|reader, id, _| {
            match id {
                1 => element.physical = Some(reader.int()?),
                3 => element.repeated = reader.int()? == REPEATED,
                4 => element.name = String::from_utf8_lossy(reader.binary()?).into_owned(),
                5 => element.children = Some(reader.int()?),
                6 => element.converted = Some(reader.int()?),
                7 => element.scale = reader.int()?,
                8 => element.precision = reader.int()?,
                10 => element.logical = Some(Logical::read(reader)?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(element)
    }

    /// The annotation, from the newer form or the older one.
    fn annotation(&self) -> Option<Logical> {
        let integer = |bits, signed| Logical::Integer { bits, signed };
        self.logical.filter(|logical| *logical != Logical::Other).or_else(|| {
            Some(match self.converted? {
                0 | 4 | 19 => Logical::String,
                1 | 2 => Logical::Map,
                3 => Logical::List,
                5 => Logical::Decimal { scale: self.scale, precision: self.precision },
                6 => Logical::Date,
                9 | 10 => Logical::Timestamp,
                11 => integer(8, false),
                12 => integer(16, false),
                13 => integer(32, false),
                14 => integer(64, false),
                15 => integer(8, true),
                16 => integer(16, true),
                17 => integer(32, true),
                18 => integer(64, true),
                _ => return None,
            })
        })
    }

    /// The type of an element without children.
    fn leaf_type(&self) -> HiveType {
        match self.annotation() {
            Some(Logical::String) => return HiveType::String,
            Some(Logical::Date) => return HiveType::Date,
            Some(Logical::Timestamp) => return HiveType::Timestamp,
            Some(Logical::Null) => return HiveType::Void,
            Some(Logical::Decimal { scale, precision }) => {
                if let (Ok(precision @ 1..=38), Ok(scale)) = (u8::try_from(precision), u8::try_from(scale))
                    && scale <= precision
                {
                    return HiveType::Decimal { precision, scale };
                }
            }
            Some(Logical::Integer { bits, signed }) => match (bits, signed) {
                (8, true) => return HiveType::TinyInt,
                (16, true) | (8, false) => return HiveType::SmallInt,
                (32, true) | (16, false) => return HiveType::Int,
                (64, true) | (32, false) => return HiveType::BigInt,
                (64, false) => return HiveType::Decimal { precision: 20, scale: 0 },
                _ => {}
            },
            Some(Logical::Map | Logical::List | Logical::Other) | None => {}
        }
        match self.physical {
            Some(0) => HiveType::Boolean,
            Some(1) => HiveType::Int,
            Some(2) => HiveType::BigInt,
            Some(3) => HiveType::Timestamp,
            Some(4) => HiveType::Float,
            Some(5) => HiveType::Double,
            _ => HiveType::Binary,
        }
    }
}

impl Logical {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut logical = Self::Other;
        reader.fields(|reader, id, _| {
            logical = match id {
                1 | 4 | 12 => Self::String,
                2 => Self::Map,
                3 => Self::List,
                5 => {
                    let (scale, precision) = two_numbers(reader)?;
                    logical = Self::Decimal { scale, precision };
                    return Ok(true);
                }
                6 => Self::Date,
                8 => Self::Timestamp,
                10 => {
                    let (bits, signed) = two_numbers(reader)?;
                    logical = Self::Integer { bits, signed: signed != 0 };
                    return Ok(true);
                }
                11 => Self::Null,
                _ => Self::Other,
            };
            Ok(false)
        })?;
        Ok(logical)
    }
}

/// Fields 1 and 2 of a struct as numbers, whatever their width.
fn two_numbers(reader: &mut Reader<'_>) -> Result<(i64, i64), Malformed> {
    use crate::thrift::Wire;
    let mut numbers = (0, 0);
    reader.fields(|reader, id, wire| {
        let number = match wire {
            Wire::Bool(truth) => i64::from(truth),
            Wire::Byte => i64::from(reader.byte()?),
            Wire::Int => reader.int()?,
            _ => return Ok(false),
        };
        match id {
            1 => numbers.0 = number,
            2 => numbers.1 = number,
            _ => {}
        }
        Ok(true)
    })?;
    Ok(numbers)
}

/// An element with what is below it.
struct Node<'a> {
    element: &'a Element,
    children: Vec<Node<'a>>,
}

/// The columns below the root element; nothing when the elements are not one tree.
pub(super) fn columns(elements: &[Element]) -> Option<Vec<Column>> {
    let mut rest = elements.iter();
    let root = node(&mut rest, 0)?;
    if rest.next().is_some() {
        return None;
    }
    let column = |child: &Node<'_>| Column {
        name: stored_name(&child.element.name),
        ty: child.hive_type().without_void(),
    };
    Some(root.children.iter().map(column).collect())
}

fn node<'a>(rest: &mut std::slice::Iter<'a, Element>, depth: usize) -> Option<Node<'a>> {
    if depth > HiveType::MAX_DEPTH {
        return None;
    }
    let element = rest.next()?;
    let mut children = Vec::new();
    for _ in 0..element.children.unwrap_or_default() {
        children.push(node(rest, depth + 1)?);
    }
    Some(Node { element, children })
}

impl Node<'_> {
    /// The type as its parent sees it: a repeated element outside of LIST and MAP is an array.
    fn hive_type(&self) -> HiveType {
        let ty = self.single_type();
        if self.element.repeated { HiveType::Array(Box::new(ty)) } else { ty }
    }

    /// The type of one occurrence.
    fn single_type(&self) -> HiveType {
        if self.element.physical.is_some() {
            return self.element.leaf_type();
        }
        match (self.element.annotation(), self.children.as_slice()) {
            (Some(Logical::List), [repeated]) if repeated.element.repeated => {
                HiveType::Array(Box::new(self.element_type(repeated)))
            }
            (Some(Logical::Map), [entry]) if entry.element.repeated && entry.children.len() == 2 => {
                let mut types = entry.children.iter().map(Node::hive_type);
                match (types.next(), types.next()) {
                    (Some(key), Some(value)) => HiveType::Map(Box::new(key), Box::new(value)),
                    _ => self.struct_type(),
                }
            }
            _ => self.struct_type(),
        }
    }

    /// The element of a list: below the repeated group, unless that group is itself the element,
    /// which the format's rules for older writers tell by its name and number of fields.
    fn element_type(&self, repeated: &Node<'_>) -> HiveType {
        let name = &repeated.element.name;
        match repeated.children.as_slice() {
            [only] if name != "array" && *name != format!("{}_tuple", self.element.name) => only.hive_type(),
            _ => repeated.single_type(),
        }
    }

    fn struct_type(&self) -> HiveType {
        let field = |child: &Node<'_>| StructField::new(child.element.name.clone(), child.hive_type());
        HiveType::Struct(self.children.iter().map(field).collect())
    }
}
