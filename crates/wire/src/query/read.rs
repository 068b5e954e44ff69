use mastic_core::Timestamp;
use mastic_shape::{Kind, Name, Schema, Value};

use super::Element;
use crate::WireError;
use crate::base::{from_base64, keep_last};

/// Reads an operation's XML answer, for a client.
///
/// # Errors
/// Malformed XML, or a value of another kind than the schema says.
pub fn read(bytes: &[u8], operation: &str, schema: &'static Schema) -> Result<Value, WireError> {
    let root = Element::parse(bytes)?;
    match root.child(&format!("{operation}Result")) {
        Some(result) => value(result, schema),
        None => Ok(Value::empty()),
    }
}

fn value(element: &Element, schema: &'static Schema) -> Result<Value, WireError> {
    match &schema.kind {
        Kind::Structure(members) => {
            let mut entries: Vec<(Name, Value)> = Vec::new();
            for member in *members {
                let found = match &member.schema.kind {
                    Kind::List { member: item, member_name, flattened: true, .. } => {
                        let wire = if *member_name == "member" { member.wire } else { member_name };
                        let items: Vec<&Element> =
                            element.children.iter().filter(|child| child.name == wire).collect();
                        if items.is_empty() { None } else { Some(list(items.into_iter(), item)?) }
                    }
                    _ => element.child(member.wire).map(|child| value(child, member.schema)).transpose()?,
                };
                entries.extend(found.map(|value| (Name::Borrowed(member.name), value)));
            }
            Ok(Value::Map(entries))
        }
        Kind::List { member, .. } => list(element.children.iter(), member),
        Kind::Map { value: schema, .. } => {
            let mut entries = Vec::new();
            for entry in element.children.iter().filter(|child| child.name == "entry") {
                if let (Some(name), Some(inner)) = (entry.child("key"), entry.child("value")) {
                    entries.push((Name::Owned(name.text.clone()), value(inner, schema)?));
                }
            }
            Ok(Value::Map(keep_last(entries)))
        }
        _ => scalar(&element.text, schema).ok_or_else(|| {
            WireError::Xml(format!("The element {} does not hold a {}.", element.name, schema.name))
        }),
    }
}

fn list<'a>(items: impl Iterator<Item = &'a Element>, schema: &'static Schema) -> Result<Value, WireError> {
    items.map(|item| value(item, schema)).collect::<Result<_, _>>().map(Value::List)
}

/// A scalar from its text, the same in forms and in XML.
pub(crate) fn scalar(text: &str, schema: &Schema) -> Option<Value> {
    let trimmed = text.trim();
    match &schema.kind {
        Kind::Boolean => match trimmed {
            "true" | "True" | "TRUE" | "1" => Some(Value::Bool(true)),
            "false" | "False" | "FALSE" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::Integer(_) => trimmed.parse::<i32>().ok().map(|n| Value::Int(n.into())),
        Kind::Long(_) => trimmed.parse().ok().map(Value::Int),
        Kind::Double(_) => trimmed.parse().ok().map(Value::Float),
        Kind::String { .. } | Kind::Document => Some(Value::Str(text.to_owned())),
        Kind::Blob(_) => from_base64(trimmed).map(Value::Blob),
        Kind::Timestamp | Kind::Iso8601 => Timestamp::parse(trimmed).map(Value::Time),
        Kind::List { .. } | Kind::Map { .. } | Kind::Structure(_) => None,
    }
}
