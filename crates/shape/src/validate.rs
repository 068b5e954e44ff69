//! The model's constraints, checked once for every operation, with AWS's texts.

use std::fmt::Write as _;

use crate::{Bounds, Kind, Schema, Value};

/// One constraint that an input does not satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, in the form AWS uses: `tableInput.columns.1.member.name`.
    pub path: String,
    /// The offending value as AWS prints it; `None` for a missing member.
    pub value: Option<String>,
    /// What is demanded, for example `Member must not be null`.
    pub constraint: String,
}

/// Every constraint of `schema` that `value` violates, in the model's order of members.
#[must_use]
pub fn validate(value: &Value, schema: &Schema) -> Vec<Violation> {
    let mut found = Vec::new();
    walk(value, schema, "", &mut found);
    found
}

/// AWS's text for a list of violations: `1 validation error detected: Value '...' at '...' failed to
/// satisfy constraint: ...`.
#[must_use]
pub fn violations_text(violations: &[Violation]) -> String {
    let plural = if violations.len() == 1 { "" } else { "s" };
    let mut text = format!("{} validation error{plural} detected: ", violations.len());
    for (index, violation) in violations.iter().enumerate() {
        if index > 0 {
            text.push_str("; ");
        }
        let value = violation.value.as_ref().map_or("null".to_owned(), |v| format!("'{v}'"));
        let _ = write!(
            text,
            "Value {value} at '{}' failed to satisfy constraint: {}",
            violation.path, violation.constraint
        );
    }
    text
}

fn walk(value: &Value, schema: &Schema, path: &str, found: &mut Vec<Violation>) {
    let before = found.len();
    descend(value, schema, path, found);
    if schema.sensitive {
        for shown in found.iter_mut().skip(before).filter_map(|violation| violation.value.as_mut()) {
            "***".clone_into(shown);
        }
    }
}

fn descend(value: &Value, schema: &Schema, path: &str, found: &mut Vec<Violation>) {
    match (&schema.kind, value.plain()) {
        (Kind::Structure(members), _) => {
            for member in *members {
                let place = join(path, &lower_camel(member.name));
                match value.get(member.name) {
                    Some(inner) => walk(inner, member.schema, &place, found),
                    None if member.required => found.push(Violation {
                        path: place,
                        value: None,
                        constraint: "Member must not be null".to_owned(),
                    }),
                    None => {}
                }
            }
        }
        (Kind::List { member, length, .. }, Value::List(items)) => {
            check_length(items.len(), *length, value, path, found);
            for (index, item) in items.iter().enumerate() {
                walk(item, member, &format!("{path}.{}.member", index + 1), found);
            }
        }
        (Kind::Map { key, value: inner, length }, Value::Map(entries)) => {
            check_length(entries.len(), *length, value, path, found);
            for (name, item) in entries {
                walk(&Value::Str(name.clone().into_owned()), key, &join(path, name), found);
                walk(item, inner, &format!("{path}.{name}.member"), found);
            }
        }
        (Kind::String { length, pattern, values }, Value::Str(text)) => {
            if !values.is_empty() && !values.contains(&text.as_str()) {
                let set = values.join(", ");
                push(found, path, value, format!("Member must satisfy enum value set: [{set}]"));
                return;
            }
            check_length(text.chars().count(), *length, value, path, found);
            if let Some(pattern) = pattern
                && pattern.regex().is_some_and(|regex| !regex.is_match(text))
            {
                let source = pattern.source;
                push(found, path, value, format!("Member must satisfy regular expression pattern: {source}"));
            }
        }
        (Kind::Blob(length), Value::Blob(bytes)) => {
            check_length(bytes.len(), *length, value, path, found);
        }
        (Kind::Integer(bounds) | Kind::Long(bounds), Value::Int(number)) => {
            check_bounds(*number, *bounds, value, path, found);
        }
        (Kind::Double(bounds), Value::Float(number)) => {
            check_bounds(*number, *bounds, value, path, found);
        }
        _ => {}
    }
}

fn check_length(length: usize, bounds: Bounds<i64>, value: &Value, path: &str, found: &mut Vec<Violation>) {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    if let Some(min) = bounds.min.filter(|min| length < *min) {
        push(found, path, value, format!("Member must have length greater than or equal to {min}"));
    }
    if let Some(max) = bounds.max.filter(|max| length > *max) {
        push(found, path, value, format!("Member must have length less than or equal to {max}"));
    }
}

fn check_bounds<T: PartialOrd + std::fmt::Display>(
    number: T,
    bounds: Bounds<T>,
    value: &Value,
    path: &str,
    found: &mut Vec<Violation>,
) {
    if let Some(min) = bounds.min.filter(|min| number < *min) {
        push(found, path, value, format!("Member must have value greater than or equal to {min}"));
    }
    if let Some(max) = bounds.max.filter(|max| number > *max) {
        push(found, path, value, format!("Member must have value less than or equal to {max}"));
    }
}

fn push(found: &mut Vec<Violation>, path: &str, value: &Value, constraint: String) {
    found.push(Violation { path: path.to_owned(), value: Some(display(value)), constraint });
}

fn display(value: &Value) -> String {
    match value {
        Value::Shared(inner) => display(inner),
        Value::Bool(v) => v.to_string(),
        Value::Int(v) => v.to_string(),
        Value::Float(v) => v.to_string(),
        Value::Str(v) => v.clone(),
        Value::Time(v) => v.to_string(),
        Value::Blob(v) => format!("java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", v.len()),
        Value::List(items) => format!("[{}]", items.iter().map(display).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let inner: Vec<_> = entries.iter().map(|(n, v)| format!("{n}={}", display(v))).collect();
            format!("{{{}}}", inner.join(", "))
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn lower_camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Member, Pattern};

    static PATTERN: Pattern = Pattern::new("[a-z]+", "^(?:[a-z]+)$");
    static NAME: Schema = Schema {
        name: "Name",
        kind: Kind::String {
            length: Bounds { min: Some(2), max: Some(4) },
            pattern: Some(&PATTERN),
            values: &[],
        },
        sensitive: false,
    };
    static COLOUR: Schema = Schema {
        name: "Colour",
        kind: Kind::String { length: Bounds::OPEN, pattern: None, values: &["RED", "BLUE"] },
        sensitive: false,
    };
    static NAMES: Schema = Schema {
        name: "Names",
        kind: Kind::List {
            member: &NAME,
            member_name: "member",
            flattened: false,
            length: Bounds { min: None, max: Some(1) },
        },
        sensitive: false,
    };
    static INPUT: Schema = Schema {
        name: "Input",
        kind: Kind::Structure(&[
            Member { name: "Name", wire: "Name", schema: &NAME, required: true },
            Member { name: "Colour", wire: "Colour", schema: &COLOUR, required: false },
            Member { name: "OtherNames", wire: "OtherNames", schema: &NAMES, required: false },
        ]),
        sensitive: false,
    };

    #[test]
    fn texts_are_aws_s() {
        assert_eq!(
            violations_text(&validate(&Value::empty(), &INPUT)),
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: \
             Member must not be null"
        );
        let input = Value::Map(vec![
            ("Name".into(), Value::Str("x".into())),
            ("Colour".into(), Value::Str("PINK".into())),
            ("OtherNames".into(), Value::List(vec![Value::Str("ab".into()), Value::Str("A1".into())])),
        ]);
        assert_eq!(
            violations_text(&validate(&input, &INPUT)),
            "4 validation errors detected: Value 'x' at 'name' failed to satisfy constraint: \
             Member must have length greater than or equal to 2; \
             Value 'PINK' at 'colour' failed to satisfy constraint: \
             Member must satisfy enum value set: [RED, BLUE]; \
             Value '[ab, A1]' at 'otherNames' failed to satisfy constraint: \
             Member must have length less than or equal to 1; \
             Value 'A1' at 'otherNames.2.member' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [a-z]+"
        );
    }
}
