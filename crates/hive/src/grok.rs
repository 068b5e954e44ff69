//! Grok: named regular expressions that take a line of text apart (Writing grok custom classifiers in the AWS Glue
//! Developer Guide).
//!
//! Patterns are matched in time linear in the line's length, whatever they are, which is why look-around and
//! back-references are refused. Atomic groups are read as ordinary ones.

mod patterns;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt::Write;

use regex::bytes::{Regex, RegexBuilder};

use crate::names::stored_name;
use crate::types::HiveType;

/// How deep patterns may name patterns.
const MAX_DEPTH: usize = 32;
/// How long a pattern may become with all that it names written out, in bytes.
const MAX_EXPANDED: usize = 256 << 10;
/// How much memory a compiled pattern may take, in bytes.
const MAX_COMPILED: usize = 16 << 20;
/// What fields are called that nobody wants.
const UNWANTED: &str = "UNWANTED";

/// A grok pattern that cannot be used; the text says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GrokError(String);

fn error(text: impl Into<String>) -> GrokError {
    GrokError(text.into())
}

/// A grok pattern, compiled.
#[derive(Debug, Clone)]
pub struct Grok {
    regex: Regex,
    fields: Vec<GrokField>,
}

/// A field that a pattern names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrokField {
    /// The field's name in lower case, as a column has it.
    pub name: String,
    /// The type that the pattern gives it, `string` where it gives none.
    pub ty: HiveType,
    /// The capture group that holds it.
    group: usize,
}

impl Grok {
    /// Reads a pattern such as `%{IP:client} %{NUMBER:bytes:long}`. `custom` has further patterns, a line each: the
    /// name, a space, the regular expression. They take precedence over the built-in ones.
    ///
    /// # Errors
    /// What is wrong: a pattern that is not known or names itself, a type that is not known, an expression that
    /// is none or that cannot be matched in linear time, more than a memory limit allows.
    pub fn parse(pattern: &str, custom: &str) -> Result<Self, GrokError> {
        if pattern.contains(['\n', '\r']) {
            return Err(error("a grok pattern cannot contain line breaks"));
        }
        let mut expansion =
            Expansion { custom: custom_patterns(custom)?, text: String::new(), named: Vec::new() };
        expansion.expand(pattern, MAX_DEPTH)?;
        let regex = RegexBuilder::new(&expansion.text)
            .unicode(!expansion.text.is_ascii())
            .size_limit(MAX_COMPILED)
            .build()
            .map_err(|failure| {
                error(format!("the grok pattern is no regular expression: {}", reason(&failure)))
            })?;
        let mut fields: Vec<GrokField> = Vec::new();
        for (group, name) in regex.capture_names().enumerate() {
            let Some(name) = name else { continue };
            let place = name.strip_prefix(GROUP).and_then(|place| place.parse::<usize>().ok());
            let (name, ty) = match place.and_then(|place| expansion.named.get(place)) {
                Some((name, ty)) => (stored_name(name), ty.clone()),
                None => (stored_name(name), HiveType::String),
            };
            if fields.iter().all(|field| field.name != name) {
                fields.push(GrokField { name, ty, group });
            }
        }
        Ok(Self { regex, fields })
    }

    /// The fields, in the order of the pattern. A name that comes twice is one field, the first.
    #[must_use]
    pub fn fields(&self) -> &[GrokField] {
        &self.fields
    }

    /// Whether the pattern matches somewhere in a line.
    #[must_use]
    pub fn matches(&self, line: &[u8]) -> bool {
        self.regex.is_match(line)
    }

    /// The values of all fields in a line, in the order of [`Grok::fields`], or nothing when it does not match. A
    /// field that took no part in the match has no value.
    #[must_use]
    pub fn values<'a>(&self, line: &'a [u8]) -> Option<Vec<Option<&'a [u8]>>> {
        let captures = self.regex.captures(line)?;
        let value = |field: &GrokField| captures.get(field.group).map(|found| found.as_bytes());
        Some(self.fields.iter().map(value).collect())
    }
}

/// The last line of an error's text is its reason; those before point into the expanded expression.
fn reason(failure: &regex::Error) -> String {
    match failure {
        regex::Error::CompiledTooBig(limit) => format!("it takes more than {} MiB", limit >> 20),
        other => {
            let text = other.to_string();
            text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    }
}

/// What our own capture groups are called, with the field's place behind it.
const GROUP: &str = "_g";

/// `NAME expression`, a line each; blank lines and those after `#` say nothing.
fn custom_patterns(text: &str) -> Result<HashMap<&str, &str>, GrokError> {
    let mut patterns = HashMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let parts = line.split_once([' ', '\t']).map(|(name, rest)| (name, rest.trim_start()));
        match parts {
            Some((name, expression)) if is_name(name) => patterns.insert(name, expression),
            Some((name, _)) => return Err(error(format!("`{name}` is no name of a custom pattern"))),
            None => return Err(error(format!("the custom pattern `{line}` has no expression"))),
        };
    }
    Ok(patterns)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.'))
}

/// A pattern on its way to a regular expression.
struct Expansion<'a> {
    custom: HashMap<&'a str, &'a str>,
    text: String,
    /// Names and types of the groups that `GROUP` numbers.
    named: Vec<(String, HiveType)>,
}

impl Expansion<'_> {
    fn expand(&mut self, pattern: &str, depth: usize) -> Result<(), GrokError> {
        let depth = depth.checked_sub(1).ok_or_else(|| error("grok patterns name each other in a circle"))?;
        let mut rest = pattern;
        while let Some((before, reference)) = rest.split_once("%{") {
            self.push(before)?;
            let (inner, after) =
                balanced(reference).ok_or_else(|| error(format!("`%{{{reference}` has no closing brace")))?;
            self.reference(inner, depth)?;
            rest = after;
        }
        self.push(rest)
    }

    /// What stands between the braces of `%{NAME}`, `%{NAME:field}`, `%{NAME:field:type}`, each also with
    /// `=expression` behind it, which defines the pattern on the spot. The separator may be a semicolon.
    fn reference(&mut self, inner: &str, depth: usize) -> Result<(), GrokError> {
        let (head, definition) = match inner.split_once('=') {
            Some((head, definition)) => (head, Some(definition)),
            None => (inner, None),
        };
        let mut parts = head.splitn(3, [':', ';']).map(str::trim);
        let name = parts.next().unwrap_or_default();
        if !is_name(name) {
            return Err(error(format!("`%{{{inner}}}` names no grok pattern")));
        }
        let known =
            definition.or_else(|| self.custom.get(name).copied()).or_else(|| patterns::built_in(name));
        let expression = known.ok_or_else(|| error(format!("there is no grok pattern `{name}`")))?.to_owned();
        let field = parts.next().filter(|field| !field.is_empty());
        let ty = parts.next().map_or(Ok(HiveType::String), field_type)?;
        match field.filter(|field| *field != UNWANTED) {
            Some(field) => {
                // Writing to a string cannot fail.
                let _ = write!(self.text, "(?<{GROUP}{}>", self.named.len());
                self.named.push((field.to_owned(), ty));
            }
            None => self.text.push_str("(?:"),
        }
        self.expand(&expression, depth)?;
        self.text.push(')');
        Ok(())
    }

    /// Appends a piece of an expression, in the syntax of Java, in that of the matcher.
    fn push(&mut self, piece: &str) -> Result<(), GrokError> {
        let mut rest = piece;
        while let Some(at) = rest.find(['\\', '(']) {
            let (before, special) = rest.split_at(at);
            self.text.push_str(before);
            let looks = ["(?=", "(?!", "(?<=", "(?<!"].iter().find(|start| special.starts_with(**start));
            if let Some(start) = looks {
                return Err(error(format!("look-around, `{start}...)`, is not supported in grok patterns")));
            }
            if let Some(after) = special.strip_prefix("(?>") {
                self.text.push_str("(?:");
                rest = after;
                continue;
            }
            // An escape is taken with what it escapes, so that `\(` opens no group.
            let length = if special.starts_with('\\') {
                special.char_indices().nth(2).map_or(special.len(), |(length, _)| length)
            } else {
                1
            };
            let (escape, after) = special.split_at(length);
            self.text.push_str(match escape {
                // To the matcher these two are boundaries of words.
                "\\<" => "<",
                "\\>" => ">",
                "\\Z" => "\\z",
                "\\h" => "[ \\t]",
                other => other,
            });
            rest = after;
        }
        self.text.push_str(rest);
        if self.text.len() > MAX_EXPANDED {
            return Err(error(format!(
                "the grok pattern is longer than {} KiB when written out",
                MAX_EXPANDED >> 10
            )));
        }
        Ok(())
    }
}

/// The text up to the brace that closes one opened before it, and what is behind that.
fn balanced(text: &str) -> Option<(&str, &str)> {
    let mut open = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

/// The types of Writing grok custom classifiers; a date, which AWS's `COMMONAPACHELOG_DATATYPED` names, is text.
fn field_type(name: &str) -> Result<HiveType, GrokError> {
    let simple = name.split([':', ';']).next().unwrap_or_default().trim();
    Ok(match simple {
        "byte" => HiveType::TinyInt,
        "boolean" => HiveType::Boolean,
        "double" => HiveType::Double,
        "short" => HiveType::SmallInt,
        "int" => HiveType::Int,
        "long" => HiveType::BigInt,
        "float" => HiveType::Float,
        "string" | "date" | "" => HiveType::String,
        other => {
            return Err(error(format!(
                "`{other}` is no type of a grok field: byte, boolean, double, short, int, long, float and string are"
            )));
        }
    })
}
