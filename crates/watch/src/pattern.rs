//! Filter patterns (Filter pattern syntax for metric filters, subscription filters, filter log events,
//! and Live Tail): terms, and selectors of JSON events. Space-delimited patterns are refused by name.

mod json;
mod json_parse;
mod text;

use mastic_core::Fault;
use regex::Regex;

use crate::faults;

/// A parsed filter pattern.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// Words and phrases.
    Terms(text::Terms),
    /// `{ $.member = value && ... }`.
    Json(json::Selector),
}

impl Pattern {
    /// Parses a pattern; an empty one matches all.
    pub(crate) fn parse(pattern: &str) -> Result<Self, Fault> {
        let pattern = pattern.trim();
        match pattern.chars().next() {
            Some('{') => json_parse::selector(pattern).map(Self::Json),
            Some('[') => Err(faults::invalid(format!(
                "Invalid filter pattern: space-delimited patterns ({pattern}) are not supported; \
                 use terms or a JSON selector."
            ))),
            _ => text::Terms::parse(pattern).map(Self::Terms),
        }
    }

    /// Whether an event with this message is wanted.
    pub(crate) fn matches(&self, message: &str) -> bool {
        match self {
            Self::Terms(terms) => terms.matches(message),
            Self::Json(selector) => {
                serde_json::from_str(message).is_ok_and(|document| selector.matches(&document))
            }
        }
    }
}

fn wrong(what: impl std::fmt::Display) -> Fault {
    faults::invalid(format!("Invalid filter pattern: {what}"))
}

/// The expression between two `%`.
fn expression(source: &str) -> Result<Regex, Fault> {
    Regex::new(source).map_err(|_| wrong(format!("{source} is not a regular expression")))
}
