//! restJson1: method and path tell the operation; input is in path, query string and a JSON body ("Smithy: AWS
//! restJson1 protocol").

use mastic_shape::{Http, Kind, Member, Name, Operation, Schema, Service, Value};
use percent_encoding::{percent_decode_str, utf8_percent_encode};

use crate::query::{ENCODED, Form, scalar, text};
use crate::{WireError, json};

/// The operation that a service's clients call with this method and (still percent-encoded) path.
#[must_use]
pub fn operation(service: &'static Service, method: &str, path: &str) -> Option<&'static Operation> {
    service
        .operations
        .iter()
        .filter_map(|operation| {
            let http = operation.http.filter(|http| http.method == method)?;
            Some((labels(http.path, path)?.len(), operation))
        })
        // Of two templates that match, the one that says more of the path literally.
        .min_by_key(|(labels, _)| *labels)
        .map(|(_, operation)| operation)
}

/// The labels of a template with their values in a path, both as written; `None` if the path is not one of it.
fn labels<'a>(template: &'static str, path: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let mut found = Vec::new();
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(found),
            (Some(wanted), Some(given)) => {
                match wanted.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
                    Some(label) if !given.is_empty() => found.push((label, given)),
                    None if wanted == given => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

/// Where a member travels.
enum Place {
    Label,
    Query(&'static str),
    Body,
}

fn place(http: &Http, member: &Member) -> Place {
    let is_label =
        |segment: &str| segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) == Some(member.wire);
    if let Some((_, name)) = http.query.iter().find(|(name, _)| *name == member.name) {
        Place::Query(name)
    } else if http.path.split('/').any(is_label) {
        Place::Label
    } else {
        Place::Body
    }
}

/// Reads the input from path, query string (both percent-encoded) and body.
///
/// # Errors
/// A value that is not of the schema's kind, a path that is not the operation's.
pub(crate) fn decode(
    http: &Http,
    schema: &'static Schema,
    (path, query, body): (&str, &str, &[u8]),
) -> Result<Value, WireError> {
    let not_json = |error: WireError| WireError::Json(error.to_string());
    let labels = labels(http.path, path)
        .ok_or_else(|| WireError::Json(format!("The path {path} is not that of the operation")))?;
    let form = Form::parse(query.as_bytes()).map_err(not_json)?;
    let Value::Map(mut in_body) = json::decode(body, schema)? else { return Ok(Value::empty()) };
    let mut entries: Vec<(Name, Value)> = Vec::with_capacity(in_body.len() + labels.len());
    for member in schema.members() {
        let value = match place(http, member) {
            Place::Body => in_body
                .iter()
                .position(|(name, _)| *name == member.name)
                .map(|index| in_body.swap_remove(index).1),
            Place::Query(name) => from_query(&form, name, member.schema)?,
            Place::Label => match labels.iter().find(|(label, _)| *label == member.wire) {
                Some((_, raw)) => {
                    let text = percent_decode_str(raw)
                        .decode_utf8()
                        .map_err(|_| WireError::Json("The path is not valid UTF-8 text".into()))?;
                    Some(one(&text, member.schema)?)
                }
                None => None,
            },
        };
        entries.extend(value.map(|value| (Name::Borrowed(member.name), value)));
    }
    Ok(Value::Map(entries))
}

fn from_query(form: &Form, name: &str, schema: &'static Schema) -> Result<Option<Value>, WireError> {
    let given = form.pairs().filter(|(n, _)| *n == name).map(|(_, value)| value);
    match &schema.kind {
        Kind::List { member, .. } => {
            let items = given.map(|value| one(value, member)).collect::<Result<Vec<_>, _>>()?;
            Ok((!items.is_empty()).then_some(Value::List(items)))
        }
        // Of a repeated name the last counts, as in bodies.
        _ => given.last().map(|value| one(value, schema)).transpose(),
    }
}

fn one(text: &str, schema: &Schema) -> Result<Value, WireError> {
    scalar(text, schema).ok_or_else(|| {
        let wanted = match schema.kind {
            Kind::Boolean => "a Boolean",
            Kind::Integer(_) => "an Integer",
            Kind::Long(_) => "a Long",
            Kind::Double(_) => "a Double",
            Kind::Timestamp | Kind::Iso8601 => "a Date",
            _ => "a value of its kind",
        };
        WireError::Json(format!("STRING_VALUE can not be converted to {wanted}"))
    })
}

/// The path with its query string and the body that carry an input.
pub(crate) fn encode(http: &Http, input: &Value, schema: &'static Schema) -> (String, Vec<u8>) {
    let Value::Map(entries) = input else { return (http.path.to_owned(), Vec::new()) };
    let mut path = http.path.to_owned();
    let mut form = Form::default();
    let mut in_body = Vec::new();
    for (name, value) in entries {
        let Some(member) = schema.member(name) else { continue };
        match (place(http, member), value.plain()) {
            (Place::Body, _) => in_body.push((name.clone(), value.clone())),
            (Place::Query(wire), Value::List(items)) => {
                items.iter().for_each(|item| form.push(wire, text(item, member.schema)));
            }
            (Place::Query(wire), _) => form.push(wire, text(value, member.schema)),
            (Place::Label, _) => {
                let encoded = utf8_percent_encode(&text(value, member.schema), ENCODED).to_string();
                path = path.replace(&format!("{{{}}}", member.wire), &encoded);
            }
        }
    }
    let query = form.encode();
    if !query.is_empty() {
        path.push('?');
        path.push_str(&query);
    }
    let mut body = Vec::new();
    if schema.members().iter().any(|member| matches!(place(http, member), Place::Body)) {
        json::encode(&Value::Map(in_body), schema, &mut body);
    }
    (path, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_whole_segments() {
        assert_eq!(labels("/a/{x}/b/{y}", "/a/1%2F2/b/3"), Some(vec![("x", "1%2F2"), ("y", "3")]));
        for other in ["/a/1/b", "/a/1/b/", "/a//b/3", "/A/1/b/3", "/a/1/b/3/", "", "/"] {
            assert_eq!(labels("/a/{x}/b/{y}", other), None, "{other}");
        }
        assert_eq!(labels("/a", "/a"), Some(vec![]));
    }
}
