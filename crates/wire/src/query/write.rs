use std::borrow::Cow;

use mastic_core::Timestamp;
use mastic_shape::{Kind, Schema, Value};

use crate::base::base64;

/// The whole XML answer of an operation.
#[must_use]
pub fn write(
    operation: &str,
    namespace: &str,
    value: &Value,
    schema: &'static Schema,
    request_id: &str,
) -> String {
    let mut out = String::with_capacity(512);
    out.push_str(&format!("<{operation}Response xmlns=\"{namespace}\">"));
    // An operation without an output shape has no result element.
    if schema.name != "Empty" {
        out.push_str(&format!("<{operation}Result>"));
        content(&mut out, value, schema);
        out.push_str(&format!("</{operation}Result>"));
    }
    out.push_str("<ResponseMetadata>");
    element(&mut out, "RequestId", |out| escape(out, request_id));
    out.push_str("</ResponseMetadata>");
    out.push_str(&format!("</{operation}Response>"));
    out
}

pub(crate) fn element(out: &mut String, name: &str, fill: impl FnOnce(&mut String)) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    fill(out);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn content(out: &mut String, value: &Value, schema: &'static Schema) {
    match (value.plain(), &schema.kind) {
        (Value::Map(entries), Kind::Structure(_)) => {
            for (name, value) in entries {
                let Some(member) = schema.member(name) else { continue };
                match (&member.schema.kind, value.plain()) {
                    (Kind::List { member: item, member_name, flattened: true, .. }, Value::List(items)) => {
                        let name = if *member_name == "member" { member.wire } else { member_name };
                        for inner in items {
                            element(out, name, |out| content(out, inner, item));
                        }
                    }
                    _ => element(out, member.wire, |out| content(out, value, member.schema)),
                }
            }
        }
        (Value::List(items), Kind::List { member, member_name, .. }) => {
            for item in items {
                element(out, member_name, |out| content(out, item, member));
            }
        }
        (Value::Map(entries), Kind::Map { value: schema, .. }) => {
            for (name, value) in entries {
                element(out, "entry", |out| {
                    element(out, "key", |out| escape(out, name));
                    element(out, "value", |out| content(out, value, schema));
                });
            }
        }
        _ => escape(out, &text(value, schema)),
    }
}

/// A scalar's text, the same in forms and in XML; collections have none.
pub(crate) fn text<'a>(value: &'a Value, schema: &Schema) -> Cow<'a, str> {
    match (value.plain(), &schema.kind) {
        (Value::Int(micros), Kind::Timestamp | Kind::Iso8601) => {
            Timestamp::from_micros(*micros).iso8601().into()
        }
        (Value::Bool(v), _) => if *v { "true" } else { "false" }.into(),
        (Value::Int(v), _) => v.to_string().into(),
        (Value::Float(v), _) if v.is_infinite() => if *v > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        (Value::Float(v), _) => v.to_string().into(),
        (Value::Str(v), _) => v.into(),
        (Value::Blob(v), _) => base64(v).into(),
        (Value::Time(v), _) => v.iso8601().into(),
        (Value::List(_) | Value::Map(_) | Value::Shared(_), _) => "".into(),
    }
}

/// Appends text with what XML reserves escaped. Characters that XML 1.0 cannot hold at all become
/// U+FFFD: an answer that no parser reads would help nobody.
pub(crate) fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}
