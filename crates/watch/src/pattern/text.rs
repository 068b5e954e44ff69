use mastic_core::Fault;
use regex::Regex;

use super::{expression, wrong};

/// `word "a phrase" ?either ?or -but_not %expression%`. Letters count as they are written.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    all: Vec<Term>,
    any: Vec<Term>,
    none: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String),
    Expression(Regex),
}

impl Terms {
    pub(super) fn parse(pattern: &str) -> Result<Self, Fault> {
        let mut terms = Self::default();
        let mut rest = pattern.trim_start();
        while let Some(first) = rest.chars().next() {
            let (list, body) = match first {
                '?' => (&mut terms.any, rest.get(1..)),
                '-' => (&mut terms.none, rest.get(1..)),
                _ => (&mut terms.all, Some(rest)),
            };
            let (term, after) = term(body.unwrap_or_default())?;
            list.push(term);
            rest = after.trim_start();
        }
        Ok(terms)
    }

    /// Terms with `?` count only where there are no others.
    pub(super) fn matches(&self, message: &str) -> bool {
        let optional = self.all.is_empty() && self.none.is_empty() && !self.any.is_empty();
        self.all.iter().all(|term| term.is_in(message))
            && !self.none.iter().any(|term| term.is_in(message))
            && (!optional || self.any.iter().any(|term| term.is_in(message)))
    }
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Text(text) => message.contains(text),
            Self::Expression(regex) => regex.is_match(message),
        }
    }
}

/// The term that `text` begins with, and what follows it.
fn term(text: &str) -> Result<(Term, &str), Fault> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (phrase, rest) = phrase(quoted)?;
        return Ok((Term::Text(phrase), rest));
    }
    if let Some((source, rest)) = text.strip_prefix('%').and_then(|text| text.split_once('%')) {
        return Ok((Term::Expression(expression(source)?), rest));
    }
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if word.is_empty() {
        return Err(wrong("a ? or - without a term"));
    }
    // The documentation wants quotes around anything but letters, digits and the underscore.
    match word.chars().find(|c| !c.is_alphanumeric() && *c != '_') {
        Some(c) => Err(wrong(format!("the term {word} must be in double quotes because of its {c}"))),
        None => Ok((Term::Text(word.to_owned()), rest)),
    }
}

/// The text up to the closing quote, and what follows that; a backslash keeps the character after it.
pub(super) fn phrase(quoted: &str) -> Result<(String, &str), Fault> {
    let mut phrase = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok((phrase, chars.as_str())),
            '\\' => phrase.extend(chars.next()),
            c => phrase.push(c),
        }
    }
    Err(wrong("a double quote is not closed"))
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;

    fn matches(pattern: &str, message: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(message)
    }

    #[test]
    fn terms() {
        for (pattern, message, wanted) in [
            ("", "anything", true),
            ("  ", "anything", true),
            ("ERROR", "[ERROR 400] BAD REQUEST", true),
            ("ERROR", "ERRORCODE: -1", true),
            ("ERROR", "error", false),
            ("ERROR ARGUMENTS", "ERROR: INVALID ARGUMENTS", true),
            ("ERROR ARGUMENTS", "ERROR", false),
            ("?ERROR ?WARN", "WARN slow", true),
            ("?ERROR ?WARN", "INFO", false),
            ("ERROR -ARGUMENTS", "ERROR 401", true),
            ("ERROR -ARGUMENTS", "ERROR ARGUMENTS", false),
            ("-INFO", "ERROR", true),
            ("?WARN ERROR", "ERROR", true),
            ("\"INTERNAL SERVER ERROR\"", "500 INTERNAL SERVER ERROR", true),
            ("\"INTERNAL SERVER ERROR\"", "INTERNAL ERROR SERVER", false),
            ("-\"a b\"", "a b", false),
            (r#""say \"hi\"""#, r#"they say "hi""#, true),
            ("%4[0-9]{2}%", "status 404", true),
            ("%4[0-9]{2}%", "status 200", false),
            ("Größe", "die Größe", true),
        ] {
            assert_eq!(matches(pattern, message), wanted, "{pattern} on {message}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for pattern in ["a.b", "\"open", "?", "- a", "%[%", "[ip, user]", "{ $.a }"] {
            let fault = Pattern::parse(pattern).unwrap_err();
            assert_eq!(fault.code(), "InvalidParameterException", "{pattern}");
        }
    }
}
