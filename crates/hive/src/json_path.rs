//! The subset of JSONPath by which a JSON classifier points at records (Writing JSON custom classifiers in the AWS
//! Glue Developer Guide).

use std::str::FromStr;

/// How many steps a path may have.
const MAX_STEPS: usize = 64;

/// A path from a document's root to what is a record: `$[*]`, `$.a.b`, `$['a'].records[*]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath {
    steps: Vec<JsonStep>,
}

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonStep {
    /// `.name` or `['name']`: a field of an object.
    Child(String),
    /// `[n]`: an element of an array, from 0.
    Index(usize),
    /// `.*` or `[*]`: all elements of an array or all fields of an object.
    All,
}

/// A text that is not a path of the supported kind; it says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is no supported JSON path: {reason}")]
pub struct JsonPathError {
    path: String,
    reason: &'static str,
}

impl JsonPath {
    /// The steps from the root; none when the path is the root.
    #[must_use]
    pub fn steps(&self) -> &[JsonStep] {
        &self.steps
    }
}

impl FromStr for JsonPath {
    type Err = JsonPathError;

    fn from_str(text: &str) -> Result<Self, JsonPathError> {
        let error = |reason| JsonPathError { path: text.to_owned(), reason };
        let mut rest = text.trim().strip_prefix('$').ok_or_else(|| error("it does not begin with `$`"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = step(rest).map_err(error)?;
            steps.push(step);
            rest = after;
            if steps.len() > MAX_STEPS {
                return Err(error("it has more than 64 steps"));
            }
        }
        Ok(Self { steps })
    }
}

fn step(text: &str) -> Result<(JsonStep, &str), &'static str> {
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        return match name {
            "" if rest.starts_with('.') => Err("`..`, a search at any depth, is not among AWS's operators"),
            "" => Err("a name is missing"),
            "*" => Ok((JsonStep::All, after)),
            _ if name.contains(['(', ')', '?', '@', ']', '\'', '"']) => {
                Err("a name has characters that need brackets")
            }
            _ => Ok((JsonStep::Child(name.to_owned()), after)),
        };
    }
    let rest = text.strip_prefix('[').ok_or("a step begins with `.` or `[`")?;
    for quote in ['\'', '"'] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            let (name, after) = quoted.split_once(quote).ok_or("a quote is not closed")?;
            let after = after.strip_prefix(']').ok_or("only a single child can be named between brackets")?;
            return if name.is_empty() {
                Err("a name is missing")
            } else {
                Ok((JsonStep::Child(name.to_owned()), after))
            };
        }
    }
    let (inner, after) = rest.split_once(']').ok_or("a bracket is not closed")?;
    match inner {
        "*" => Ok((JsonStep::All, after)),
        _ if inner.starts_with('?') => Err("filters are not among AWS's operators"),
        _ if inner.contains([':', ',']) => Err("slices and unions are not among AWS's operators"),
        _ => match inner.parse() {
            Ok(index) => Ok((JsonStep::Index(index), after)),
            Err(_) => Err("between brackets stands `*`, a number from 0, or a quoted name"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonPath, JsonStep};

    #[test]
    fn the_operators_of_the_guide() {
        let steps = |text: &str| text.parse::<JsonPath>().unwrap().steps;
        let child = |name: &str| JsonStep::Child(name.to_owned());
        assert_eq!(steps("$"), []);
        assert_eq!(steps("$[*]"), [JsonStep::All]);
        assert_eq!(steps("$.a.b"), [child("a"), child("b")]);
        assert_eq!(
            steps("$.identifiers[*].identifier"),
            [child("identifiers"), JsonStep::All, child("identifier")]
        );
        assert_eq!(steps("$['a b'][3].*"), [child("a b"), JsonStep::Index(3), JsonStep::All]);
    }

    #[test]
    fn what_is_no_path_is_refused_by_reason() {
        for (text, reason) in [
            ("a.b", "begin with `$`"),
            ("", "begin with `$`"),
            ("$a", "begins with `.` or `[`"),
            ("$..a", "any depth"),
            ("$.", "name is missing"),
            ("$['']", "name is missing"),
            ("$['a','b']", "single child"),
            ("$['a", "quote is not closed"),
            ("$[0:2]", "slices"),
            ("$[?(@.a)]", "filters"),
            ("$[-1]", "a number from 0"),
            ("$[*", "bracket is not closed"),
            ("$.a(b)", "need brackets"),
        ] {
            let refusal = text.parse::<JsonPath>().unwrap_err().to_string();
            assert!(refusal.contains(reason), "{text}: {refusal}");
        }
        assert!(format!("${}", ".a".repeat(65)).parse::<JsonPath>().is_err());
    }
}
