//! Options as scripts write them: texts, numbers and flags, each as itself or as text.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::CodeGenConfigurationNode;
use mastic_engine::plan::Kind;
use mastic_handoff::Category;
use serde_json::{Map, Value};

use crate::failure::Failure;

/// The options of one dictionary, of which all must be known.
pub(super) struct Words {
    /// What the dictionary is called.
    of: &'static str,
    /// By their names in lower case.
    given: BTreeMap<String, (String, Value)>,
}

pub(super) fn wrong(text: impl Into<String>) -> Failure {
    Failure::of(Category::InvalidArgument, text)
}

pub(super) fn unsupported(text: impl Into<String>) -> Failure {
    Failure::of(Category::UnsupportedOperation, text)
}

/// What a node of the API does.
///
/// # Errors
/// What the engine does not have, or what is wrong.
pub(super) fn kind_of(node: &CodeGenConfigurationNode) -> Result<Kind, Failure> {
    Kind::of_node(node).map_err(|error| {
        let text = error.message();
        if text.contains("not supported") { unsupported(text) } else { wrong(text) }
    })
}

impl Words {
    pub(super) fn new(of: &'static str, given: &Map<String, Value>) -> Self {
        let given = given.iter().filter(|(_, value)| !value.is_null());
        let given = given.map(|(name, value)| (name.to_ascii_lowercase(), (name.clone(), value.clone())));
        Self { of, given: given.collect() }
    }

    fn wrong(&self, name: &str, value: &Value, wanted: &str) -> Failure {
        wrong(format!("`{name}` of {} is {wanted}, not {value}", self.of))
    }

    fn take(&mut self, name: &str) -> Option<(String, Value)> {
        self.given.remove(&name.to_ascii_lowercase())
    }

    /// Whether an option is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.contains_key(&name.to_ascii_lowercase())
    }

    /// A text; numbers and flags have one too. An empty one is none.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Failure> {
        let Some((name, value)) = self.take(name) else { return Ok(None) };
        let text = match &value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => return Err(self.wrong(&name, &value, "a text")),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// True or false.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Failure> {
        let Some((name, value)) = self.take(name) else { return Ok(None) };
        match &value {
            Value::Bool(flag) => Ok(Some(*flag)),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Value::String(text) if text.is_empty() => Ok(None),
            _ => Err(self.wrong(&name, &value, "true or false")),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn whole(&mut self, name: &str) -> Result<Option<u64>, Failure> {
        let Some((name, value)) = self.take(name) else { return Ok(None) };
        let number = match &value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.map(Some).ok_or_else(|| self.wrong(&name, &value, "a whole number"))
    }

    /// A whole number that zero means not to be there.
    pub(super) fn positive(&mut self, name: &str) -> Result<Option<u64>, Failure> {
        Ok(self.whole(name)?.filter(|number| *number > 0))
    }

    /// Texts: a list, a list as JSON, or one text.
    pub(super) fn list(&mut self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        let Some((name, value)) = self.take(name) else { return Ok(None) };
        let value = match &value {
            Value::String(text) if text.is_empty() => return Ok(None),
            Value::String(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(text).unwrap_or_else(|_| value.clone())
            }
            _ => value,
        };
        match &value {
            Value::String(text) => Ok(Some(vec![text.clone()])),
            Value::Array(items) => {
                let text = |item: &Value| item.as_str().map(str::to_owned);
                let texts: Option<Vec<String>> = items.iter().map(text).collect();
                texts.map(Some).ok_or_else(|| self.wrong(&name, &value, "a list of texts"))
            }
            _ => Err(self.wrong(&name, &value, "a list of texts")),
        }
    }

    /// A single character that is one byte.
    pub(super) fn byte(&mut self, name: &str) -> Result<Option<u8>, Failure> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.as_bytes() {
            [byte] => Ok(Some(*byte)),
            _ => Err(unsupported(format!(
                "`{name}` of {} is `{text}`: one ASCII character is supported",
                self.of
            ))),
        }
    }

    /// All that is left, as texts.
    pub(super) fn rest(self) -> Result<BTreeMap<String, String>, Failure> {
        let text = |(name, value): (String, Value)| {
            let text = match value {
                Value::String(text) => text,
                Value::Object(_) => {
                    return Err(unsupported(format!("`{name}` of {} is not supported", self.of)));
                }
                other => other.to_string(),
            };
            Ok((name, text))
        };
        self.given.into_values().map(text).collect()
    }

    /// Refuses what is left, unless it is one of `tuning`, which change no answer.
    pub(super) fn end(self, tuning: &[&str]) -> Result<(), Failure> {
        match self
            .given
            .into_iter()
            .find(|(name, _)| !tuning.iter().any(|known| known.eq_ignore_ascii_case(name)))
        {
            None => Ok(()),
            Some((_, (name, _))) => {
                Err(unsupported(format!("the option `{name}` of {} is not supported", self.of)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words(given: Value) -> Words {
        let Value::Object(given) = given else { panic!("no object: {given}") };
        Words::new("connection_options", &given)
    }

    #[test]
    fn options_come_as_they_are_or_as_text() {
        let mut given = words(json!({
            "Recurse": "True", "groupSize": "1048576", "maxBand": 5, "separator": "|", "empty": "", "none": null,
            "paths": ["s3://a/", "s3://b/"], "exclusions": "[\"**.pdf\"]", "one": "x", "quoteChar": -1,
        }));
        assert_eq!(given.flag("recurse"), Ok(Some(true)));
        assert_eq!((given.whole("groupSize"), given.whole("maxBand")), (Ok(Some(1 << 20)), Ok(Some(5))));
        assert_eq!((given.byte("separator"), given.text("empty")), (Ok(Some(b'|')), Ok(None)));
        assert_eq!(given.text("quoteChar"), Ok(Some("-1".to_owned())));
        assert_eq!(given.list("paths").unwrap().unwrap().len(), 2);
        assert_eq!(given.list("exclusions"), Ok(Some(vec!["**.pdf".to_owned()])));
        assert_eq!(given.list("one"), Ok(Some(vec!["x".to_owned()])));
        assert!(!given.has("none"));
        assert_eq!(given.end(&[]), Ok(()));
    }

    #[test]
    fn what_is_wrong_or_left_is_named() {
        let told = |failure: Failure| failure.to_string();
        assert_eq!(
            told(words(json!({"recurse": "maybe"})).flag("recurse").unwrap_err()),
            "`recurse` of connection_options is true or false, not \"maybe\""
        );
        assert!(told(words(json!({"n": -1})).whole("n").unwrap_err()).contains("a whole number"));
        assert!(told(words(json!({"separator": "||"})).byte("separator").unwrap_err()).contains("one ASCII"));
        let left = words(json!({"groupFiles": "none", "Dream": 1})).end(&["groupfiles"]).unwrap_err();
        assert_eq!(told(left), "the option `Dream` of connection_options is not supported");
    }
}
