//! Inputs and outputs as CloudTrail writes them: members in lower camel case, moments in English, secrets hidden.

use mastic_core::Timestamp;
use mastic_shape::{Kind, Schema};
use serde_json::{Map, Value};

/// What CloudTrail writes in place of a secret.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The element for what an audit record keeps as JSON; null where there is nothing to show.
pub(crate) fn element(kept: Option<&str>, schema: Option<&Schema>) -> Value {
    let Some(value) = kept.and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
        return Value::Null;
    };
    let shown = match schema {
        Some(schema) => shown(value, schema),
        None => Some(value),
    };
    shown.filter(|value| value.as_object().is_none_or(|members| !members.is_empty())).unwrap_or_default()
}

fn shown(value: Value, schema: &Schema) -> Option<Value> {
    // The kernel has put this in place of what must not be seen.
    if value.as_str() == Some("***") {
        return Some(HIDDEN.into());
    }
    Some(match (value, &schema.kind) {
        (Value::Object(members), Kind::Structure(_)) => {
            let members = members.into_iter().filter_map(|(name, value)| {
                let member = schema.member(&name)?;
                Some((lower_camel(&name), shown(value, member.schema)?))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        (Value::Object(entries), Kind::Map { value: schema, .. }) => Value::Object(
            entries.into_iter().filter_map(|(name, value)| Some((name, shown(value, schema)?))).collect(),
        ),
        (Value::Array(items), Kind::List { member, .. }) => {
            Value::Array(items.into_iter().filter_map(|item| shown(item, member)).collect())
        }
        // Bytes say nothing to readers.
        (_, Kind::Blob(_)) => return None,
        (Value::Number(micros), Kind::Timestamp | Kind::Iso8601) => {
            english(Timestamp::from_micros(micros.as_i64()?)).into()
        }
        (other, _) => other,
    })
}

fn lower_camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

/// `Nov 21, 2026, 7:45:00 PM`.
fn english(at: Timestamp) -> String {
    let civil = at.civil();
    let month = civil.month().to_string();
    let (hour, half) = match civil.hour() {
        0 => (12, "AM"),
        hour @ 1..=11 => (hour, "AM"),
        12 => (12, "PM"),
        hour => (hour - 12, "PM"),
    };
    format!(
        "{} {}, {}, {hour}:{:02}:{:02} {half}",
        month.get(..3).unwrap_or(&month),
        civil.day(),
        civil.year(),
        civil.minute(),
        civil.second()
    )
}

#[cfg(test)]
mod tests {
    use mastic_api_watch::logs;
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_in_lower_camel_case_and_keys_of_maps_are_not() {
        let (schema, _) = logs::SERVICE.operation("CreateLogGroup").unwrap().shapes.unwrap();
        let kept = r#"{"logGroupName":"g","tags":{"Team":"***"}}"#;
        let wanted = json!({"logGroupName": "g", "tags": {"Team": HIDDEN}});
        assert_eq!(element(Some(kept), Some(schema)), wanted);
        assert_eq!(element(Some("{}"), Some(schema)), Value::Null);
        assert_eq!(element(None, None), Value::Null);
        assert_eq!(lower_camel("TableInput"), "tableInput");
    }

    #[test]
    fn moments_are_told_in_english() {
        for (text, wanted) in [
            ("2026-11-21T19:45:00Z", "Nov 21, 2026, 7:45:00 PM"),
            ("2026-01-02T00:04:05Z", "Jan 2, 2026, 12:04:05 AM"),
            ("2026-06-30T12:00:00Z", "Jun 30, 2026, 12:00:00 PM"),
        ] {
            assert_eq!(english(Timestamp::parse(text).unwrap()), wanted);
        }
    }
}
