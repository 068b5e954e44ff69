use std::collections::BTreeMap;

use mastic_shape::{Kind, Name, Schema, Value};

use super::Form;
use crate::WireError;
use crate::base::{DEEPEST, keep_last};

/// Reads the input structure from a form; parameters that the schema does not know are passed over.
///
/// # Errors
/// A value that is not of the schema's kind, or nesting without end.
pub fn decode(form: &Form, schema: &'static Schema) -> Result<Value, WireError> {
    let mut root = Node::default();
    for (name, value) in form.pairs() {
        let mut node = &mut root;
        for (depth, part) in name.split('.').enumerate() {
            if depth > DEEPEST {
                return Err(WireError::Query(format!("A parameter nests deeper than {DEEPEST} levels.")));
            }
            node = node.children.entry(part).or_default();
        }
        node.value = Some(value);
    }
    Ok(read(&root, schema, "")?.unwrap_or_default())
}

/// One dotted step of the parameters' names.
#[derive(Default)]
struct Node<'a> {
    value: Option<&'a str>,
    children: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Node<'a> {
    fn child(&self, name: &str) -> Option<&Self> {
        self.children.get(name)
    }

    /// The numbered children in the order of their numbers.
    fn numbered(&self) -> impl Iterator<Item = &Self> + use<'_, 'a> {
        let mut found: Vec<(u32, &Self)> =
            self.children.iter().filter_map(|(name, node)| Some((name.parse().ok()?, node))).collect();
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, node)| node)
    }
}

/// `None` where the form has nothing for this place.
fn read(node: &Node<'_>, schema: &'static Schema, name: &str) -> Result<Option<Value>, WireError> {
    match &schema.kind {
        Kind::Structure(members) => {
            let mut entries: Vec<(Name, Value)> = Vec::new();
            for member in *members {
                let wire = match &member.schema.kind {
                    // A flattened list goes by the name of its members where they have one.
                    Kind::List { flattened: true, member_name, .. } if *member_name != "member" => {
                        member_name
                    }
                    _ => member.wire,
                };
                if let Some(child) = node.child(wire)
                    && let Some(value) = read(child, member.schema, member.name)?
                {
                    entries.push((Name::Borrowed(member.name), value));
                }
            }
            Ok(Some(Value::Map(entries)))
        }
        Kind::List { member, member_name, flattened, .. } => {
            let items = if *flattened { Some(node) } else { node.child(member_name) };
            if items.is_none_or(|items| items.children.is_empty()) {
                // `Name=` is an empty list.
                return Ok(node.value.map(|_| Value::List(Vec::new())));
            }
            let mut list = Vec::new();
            for item in items.into_iter().flat_map(Node::numbered) {
                list.extend(read(item, member, name)?);
            }
            Ok(Some(Value::List(list)))
        }
        Kind::Map { value: schema, .. } => {
            let Some(items) = node.child("entry").or((!node.children.is_empty()).then_some(node)) else {
                return Ok(node.value.map(|_| Value::empty()));
            };
            let mut entries = Vec::new();
            for item in items.numbered() {
                let Some(key) = item.child("key").and_then(|key| key.value) else {
                    return Err(WireError::Query(format!("An entry of {name} has no key.")));
                };
                if let Some(value) = item.child("value").map(|v| read(v, schema, name)).transpose()?.flatten()
                {
                    entries.push((Name::Owned(key.to_owned()), value));
                }
            }
            Ok(Some(Value::Map(keep_last(entries))))
        }
        _ => node.value.map(|text| scalar(text, schema, name)).transpose(),
    }
}

fn scalar(text: &str, schema: &Schema, name: &str) -> Result<Value, WireError> {
    super::read::scalar(text, schema)
        .ok_or_else(|| WireError::Query(format!("The value '{text}' of {name} is not {}.", wanted(schema))))
}

fn wanted(schema: &Schema) -> &'static str {
    match schema.kind {
        Kind::Boolean => "a boolean",
        Kind::Integer(_) | Kind::Long(_) => "a valid integer",
        Kind::Double(_) => "a number",
        Kind::Blob(_) => "valid base64",
        Kind::Timestamp | Kind::Iso8601 => "a valid timestamp",
        _ => "text",
    }
}
