//! What a JSON selector means.

use regex::Regex;
use serde_json::Value;

/// A condition on a JSON event.
#[derive(Debug)]
pub(crate) enum Selector {
    All(Vec<Selector>),
    Any(Vec<Selector>),
    One(Path, Test),
}

/// `$.member[0].other`.
#[derive(Debug, PartialEq)]
pub(crate) struct Path(pub(super) Vec<Step>);

#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    Member(String),
    Element(usize),
}

/// What is asked of the value at a path.
#[derive(Debug)]
pub(crate) enum Test {
    NotExists,
    IsNull,
    Is(bool),
    /// Equal, or not.
    Text(Wildcard, bool),
    /// Matching, or not.
    Expression(Regex, bool),
    Number(Comparison, f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A text in which `*` stands for any number of characters.
#[derive(Debug, PartialEq)]
pub(crate) struct Wildcard(pub(super) Vec<String>);

impl Selector {
    pub(super) fn matches(&self, document: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(document)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(document)),
            Self::One(path, test) => test.holds(path.find(document)),
        }
    }
}

impl Path {
    fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(document, |value, step| match step {
            Step::Member(name) => value.get(name),
            Step::Element(index) => value.get(index),
        })
    }
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            return matches!(self, Self::NotExists);
        };
        match self {
            Self::NotExists => false,
            Self::IsNull => value.is_null(),
            Self::Is(wanted) => value.as_bool() == Some(*wanted),
            Self::Text(wanted, equal) => scalar(value).is_some_and(|text| wanted.matches(&text) == *equal),
            Self::Expression(regex, equal) => {
                scalar(value).is_some_and(|text| regex.is_match(&text) == *equal)
            }
            Self::Number(comparison, wanted) => {
                value.as_f64().is_some_and(|number| comparison.holds(number, *wanted))
            }
        }
    }
}

/// A text as it is, a number or boolean as it is written.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Comparison {
    fn holds(self, found: f64, wanted: f64) -> bool {
        match self {
            Self::Equal => found == wanted,
            Self::NotEqual => found != wanted,
            Self::Less => found < wanted,
            Self::LessOrEqual => found <= wanted,
            Self::Greater => found > wanted,
            Self::GreaterOrEqual => found >= wanted,
        }
    }
}

impl Wildcard {
    fn matches(&self, text: &str) -> bool {
        let (first, rest) = match self.0.split_first() {
            None => return text.is_empty(),
            Some((only, [])) => return text == only,
            Some(parts) => parts,
        };
        let (Some(text), Some((last, middle))) = (text.strip_prefix(first.as_str()), rest.split_last())
        else {
            return false;
        };
        let Some(mut text) = text.strip_suffix(last.as_str()) else {
            return false;
        };
        for part in middle {
            match text.split_once(part.as_str()) {
                Some((_, after)) => text = after,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;

    const EVENT: &str = r#"{"eventType": "UpdateTrail", "sourceIPAddress": "123.123.1.9", "n": 5, "f": 1.5,
        "arrayKey": ["value", "another value"], "objectList": [{"name": "a", "id": 1}],
        "SomeObject": null, "ThisFlag": true, "a b": 1, "big": 1000}"#;

    #[test]
    fn selectors() {
        for (pattern, wanted) in [
            (r#"{ $.eventType = "UpdateTrail" }"#, true),
            ("{ $.eventType = UpdateTrail }", true),
            (r#"{$.eventType="Update*"}"#, true),
            (r#"{ $.eventType = "*date*ail" }"#, true),
            (r#"{ $.eventType = "Update" }"#, false),
            (r#"{ $.sourceIPAddress != 123.123.* }"#, false),
            ("{ $.sourceIPAddress != 10.* }", true),
            (r#"{ $.arrayKey[0] = "value" }"#, true),
            ("{ $.objectList[0].id = 1 }", true),
            ("{ $.objectList[1].id NOT EXISTS }", true),
            ("{ $.SomeObject IS NULL }", true),
            ("{ $.missing IS NULL }", false),
            ("{ $.SomeOtherObject NOT EXISTS }", true),
            ("{ $.n NOT EXISTS }", false),
            ("{ $.ThisFlag IS TRUE }", true),
            ("{ $.ThisFlag IS FALSE }", false),
            ("{ $.n > 4 && $.n <= 5 }", true),
            ("{ $.n > 4 && $.n < 5 }", false),
            ("{ $.n = 5.0 || $.n = 7 }", true),
            ("{ $.big = 1e3 }", true),
            ("{ $.n = 1 || $.f = 1.5 && $.n = 5 }", true),
            ("{ ($.n = 5 || $.f = 2) && $.f = 2 }", false),
            (r#"{ $.["a b"] = 1 }"#, true),
            ("{ $.eventType = %^Update% }", true),
            ("{ $.eventType != %^Update% }", false),
            ("{ $.missing != 1 }", false),
            ("{ $.n = *}", true),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(EVENT), wanted, "{pattern}");
        }
        assert!(!Pattern::parse("{ $.a = 1 }").unwrap().matches("plain text"));
    }
}
