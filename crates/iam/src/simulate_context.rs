//! Context entries of a simulation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mastic_api_iam::iam::types::{ContextEntry, ContextKeyTypeEnum as Type};
use mastic_core::{Fault, Timestamp};
use mastic_policy::Context;

use crate::faults::invalid_input;

/// Puts the entries into the context, over what it has.
pub(crate) fn add(context: &mut Context, entries: Vec<ContextEntry>) -> Result<(), Fault> {
    for entry in entries {
        let Some(name) = entry.context_key_name else {
            return Err(invalid_input("Each entry of ContextEntries needs a ContextKeyName."));
        };
        let Some(kind) = entry.context_key_type else {
            return Err(invalid_input(format!("The context key {name} needs a ContextKeyType.")));
        };
        let values = entry.context_key_values.unwrap_or_default();
        if !is_list(kind) && values.len() != 1 {
            let (kind, count) = (kind.as_str(), values.len());
            return Err(invalid_input(format!(
                "The context key {name} of type {kind} must have one value, and has {count}."
            )));
        }
        if let Some(wrong) = values.iter().find(|value| !is_of(kind, value)) {
            let kind = kind.as_str();
            return Err(invalid_input(format!(
                "The value {wrong} of the context key {name} is not of type {kind}."
            )));
        }
        context.set_all(&name, values);
    }
    Ok(())
}

fn is_list(kind: Type) -> bool {
    kind.as_str().ends_with("List")
}

fn is_of(kind: Type, value: &str) -> bool {
    match kind {
        Type::String | Type::StringList => true,
        Type::Numeric | Type::NumericList => value.parse::<f64>().is_ok_and(f64::is_finite),
        Type::Boolean | Type::BooleanList => {
            value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
        }
        Type::Ip | Type::IpList => {
            let (address, width) = value.split_once('/').unwrap_or((value, "0"));
            address.parse::<std::net::IpAddr>().is_ok() && width.parse::<u8>().is_ok_and(|bits| bits <= 128)
        }
        Type::Binary | Type::BinaryList => STANDARD.decode(value).is_ok(),
        Type::Date | Type::DateList => Timestamp::parse(value).is_some() || value.parse::<i64>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, kind: Type, values: &[&str]) -> ContextEntry {
        ContextEntry {
            context_key_name: Some(name.into()),
            context_key_type: Some(kind),
            context_key_values: Some(values.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn entries_are_of_their_types() {
        let good = [
            entry("a:s", Type::String, &["x"]),
            entry("a:n", Type::Numeric, &["1.5"]),
            entry("a:b", Type::Boolean, &["True"]),
            entry("a:i", Type::IpList, &["203.0.113.7", "2001:db8::/32"]),
            entry("a:d", Type::Date, &["2026-01-02T03:04:05Z"]),
            entry("a:y", Type::Binary, &["AAE="]),
            entry("a:e", Type::StringList, &[]),
        ];
        let mut context = Context::new();
        add(&mut context, good.to_vec()).unwrap();
        assert_eq!(context.get("a:I").len(), 2);
        for bad in [
            entry("a:s", Type::String, &["x", "y"]),
            entry("a:n", Type::Numeric, &["one"]),
            entry("a:b", Type::BooleanList, &["yes"]),
            entry("a:i", Type::Ip, &["203.0.113.700"]),
            entry("a:d", Type::Date, &["tomorrow"]),
            ContextEntry { context_key_type: None, ..entry("a:s", Type::String, &["x"]) },
        ] {
            assert_eq!(add(&mut context, vec![bad]).unwrap_err().code(), "InvalidInput");
        }
    }
}
