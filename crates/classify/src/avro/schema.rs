//! Avro's schemas to Hive's types, as Hive's own Avro SerDe reads them.

use std::collections::HashMap;

use mastic_hive::{HiveType, StructField};
use serde_json::{Map, Value};

use crate::classified::Column;

/// How many types a schema may have with all names written out: named types may multiply.
const MAX_TYPES: usize = 100_000;
/// How deep they may nest.
const MAX_DEPTH: usize = 100;
/// The one column of files whose schema is no record.
const VALUE_COLUMN: &str = "value";

/// The columns of a schema; nothing when it is none or is too large.
pub(super) fn columns(text: &str) -> Option<Vec<Column>> {
    let schema: Value = serde_json::from_str(text).ok()?;
    let mut names = Names { known: HashMap::new(), left: MAX_TYPES, open: Vec::new() };
    names.collect(&schema, "", MAX_DEPTH)?;
    Some(match names.hive_type(&schema, "", MAX_DEPTH)? {
        HiveType::Struct(fields) => fields.into_iter().map(Column::of_field).collect(),
        ty => vec![Column { name: VALUE_COLUMN.to_owned(), ty: ty.without_void() }],
    })
}

/// The named types of a schema.
struct Names<'a> {
    /// By their full names.
    known: HashMap<String, &'a Map<String, Value>>,
    /// How many more types there may be.
    left: usize,
    /// Names of the records that are being written out.
    open: Vec<String>,
}

impl<'a> Names<'a> {
    /// Finds all definitions of names.
    fn collect(&mut self, schema: &'a Value, space: &str, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match schema {
            Value::Array(members) => members.iter().try_for_each(|member| self.collect(member, space, depth)),
            Value::Object(object) => {
                let (full, inner) = full_name(object, space);
                if let Some(full) = full {
                    self.known.insert(full, object);
                }
                let space = inner.as_deref().unwrap_or(space);
                for key in ["type", "items", "values"] {
                    if let Some(schema) = object.get(key) {
                        self.collect(schema, space, depth)?;
                    }
                }
                let fields = object.get("fields").and_then(Value::as_array);
                fields
                    .into_iter()
                    .flatten()
                    .filter_map(|field| field.get("type"))
                    .try_for_each(|ty| self.collect(ty, space, depth))
            }
            _ => Some(()),
        }
    }

    fn hive_type(&mut self, schema: &'a Value, space: &str, depth: usize) -> Option<HiveType> {
        let depth = depth.checked_sub(1)?;
        self.left = self.left.checked_sub(1)?;
        match schema {
            Value::String(name) => self.by_name(name, space, depth),
            Value::Array(members) => self.union(members, space, depth),
            Value::Object(object) => self.complex(object, space, depth),
            _ => None,
        }
    }

    fn by_name(&mut self, name: &str, space: &str, depth: usize) -> Option<HiveType> {
        Some(match name {
            "null" => HiveType::Void,
            "boolean" => HiveType::Boolean,
            "int" => HiveType::Int,
            "long" => HiveType::BigInt,
            "float" => HiveType::Float,
            "double" => HiveType::Double,
            "bytes" => HiveType::Binary,
            "string" => HiveType::String,
            _ => {
                let full = if name.contains('.') || space.is_empty() {
                    name.to_owned()
                } else {
                    format!("{space}.{name}")
                };
                let object = self.known.get(&full).or_else(|| self.known.get(name)).copied()?;
                let space = full.rsplit_once('.').map_or("", |(space, _)| space).to_owned();
                return self.complex(object, &space, depth);
            }
        })
    }

    /// Null makes a type optional and no more. What is left of it is one type, or a union.
    fn union(&mut self, members: &'a [Value], space: &str, depth: usize) -> Option<HiveType> {
        let mut types = Vec::new();
        for member in members.iter().filter(|member| member.as_str() != Some("null")) {
            types.push(self.hive_type(member, space, depth)?);
        }
        Some(match types.len() {
            0 => HiveType::Void,
            1 => types.swap_remove(0),
            _ => HiveType::Union(types),
        })
    }

    fn complex(&mut self, object: &'a Map<String, Value>, space: &str, depth: usize) -> Option<HiveType> {
        let kind = object.get("type")?;
        let Some(kind) = kind.as_str() else { return self.hive_type(kind, space, depth) };
        if let Some(ty) = logical(object, kind) {
            return Some(ty);
        }
        match kind {
            "record" | "error" => {
                let (full, inner) = full_name(object, space);
                let (full, space) = (full?, inner.unwrap_or_default());
                // Hive has no types that hold themselves.
                if self.open.contains(&full) {
                    return Some(HiveType::String);
                }
                self.open.push(full);
                let mut fields = Vec::new();
                for field in object.get("fields")?.as_array()? {
                    let name = field.get("name")?.as_str()?;
                    fields.push(StructField::new(name, self.hive_type(field.get("type")?, &space, depth)?));
                }
                self.open.pop();
                Some(HiveType::Struct(fields))
            }
            "enum" => Some(HiveType::String),
            "fixed" => Some(HiveType::Binary),
            "array" => Some(HiveType::Array(Box::new(self.hive_type(object.get("items")?, space, depth)?))),
            "map" => {
                let value = self.hive_type(object.get("values")?, space, depth)?;
                Some(HiveType::Map(Box::new(HiveType::String), Box::new(value)))
            }
            name => self.by_name(name, space, depth),
        }
    }
}

/// What a definition is called in full, and the namespace of what is in it.
fn full_name(object: &Map<String, Value>, space: &str) -> (Option<String>, Option<String>) {
    let named =
        matches!(object.get("type").and_then(Value::as_str), Some("record" | "error" | "enum" | "fixed"));
    let Some(name) = object.get("name").and_then(Value::as_str).filter(|_| named) else {
        return (None, None);
    };
    if let Some((space, _)) = name.rsplit_once('.') {
        return (Some(name.to_owned()), Some(space.to_owned()));
    }
    match object.get("namespace").and_then(Value::as_str).unwrap_or(space) {
        "" => (Some(name.to_owned()), Some(String::new())),
        space => (Some(format!("{space}.{name}")), Some(space.to_owned())),
    }
}

/// The logical types that Hive has a type for.
fn logical(object: &Map<String, Value>, kind: &str) -> Option<HiveType> {
    let number = |key: &str| object.get(key).and_then(Value::as_u64);
    match (object.get("logicalType")?.as_str()?, kind) {
        ("date", "int") => Some(HiveType::Date),
        (
            "timestamp-millis" | "timestamp-micros" | "local-timestamp-millis" | "local-timestamp-micros",
            "long",
        ) => Some(HiveType::Timestamp),
        ("decimal", "bytes" | "fixed") => {
            let precision =
                u8::try_from(number("precision")?).ok().filter(|precision| (1..=38).contains(precision))?;
            let scale =
                u8::try_from(number("scale").unwrap_or_default()).ok().filter(|scale| *scale <= precision)?;
            Some(HiveType::Decimal { precision, scale })
        }
        _ => None,
    }
}
