//! Reads a JSON selector. `&&` binds tighter than `||`.

use mastic_core::Fault;

use super::json::{Comparison, Path, Selector, Step, Test, Wildcard};
use super::text::phrase;
use super::{expression, wrong};

/// Parentheses within parentheses at most; a pattern has at most 1024 characters anyway.
const DEEPEST: usize = 32;

/// The selector that a whole pattern writes.
pub(super) fn selector(pattern: &str) -> Result<Selector, Fault> {
    let inner = pattern.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
    let inner = inner.ok_or_else(|| wrong("a JSON selector must end with }"))?;
    let mut reader = Reader { rest: inner, depth: 0 };
    let selector = reader.any()?;
    match reader.rest.trim_start() {
        "" => Ok(selector),
        rest => Err(wrong(format!("{rest} is not expected in a JSON selector"))),
    }
}

struct Reader<'p> {
    rest: &'p str,
    depth: usize,
}

impl<'p> Reader<'p> {
    fn eat(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Whether the next words are these, in any case.
    fn eat_words(&mut self, words: [&str; 2]) -> bool {
        let mut rest = self.rest;
        for word in words {
            rest = rest.trim_start();
            let Some((start, after)) = rest.split_at_checked(word.len()) else {
                return false;
            };
            if !start.eq_ignore_ascii_case(word) || after.starts_with(char::is_alphanumeric) {
                return false;
            }
            rest = after;
        }
        self.rest = rest;
        true
    }

    fn any(&mut self) -> Result<Selector, Fault> {
        let mut parts = vec![self.all()?];
        while self.eat("||") {
            parts.push(self.all()?);
        }
        Ok(Selector::Any(parts))
    }

    fn all(&mut self) -> Result<Selector, Fault> {
        let mut parts = vec![self.one()?];
        while self.eat("&&") {
            parts.push(self.one()?);
        }
        Ok(Selector::All(parts))
    }

    fn one(&mut self) -> Result<Selector, Fault> {
        if !self.eat("(") {
            return Ok(Selector::One(self.path()?, self.test()?));
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(wrong("too many parentheses"));
        }
        let inner = self.any()?;
        self.depth -= 1;
        if self.eat(")") { Ok(inner) } else { Err(wrong("a parenthesis is not closed")) }
    }

    fn path(&mut self) -> Result<Path, Fault> {
        if !self.eat("$") {
            return Err(wrong("a JSON selector begins with $. and a member"));
        }
        let mut steps = Vec::new();
        loop {
            let dotted = self.rest.strip_prefix('.');
            self.rest = dotted.unwrap_or(self.rest);
            if let Some(quoted) = self.rest.strip_prefix("[\"") {
                let (name, rest) = phrase(quoted)?;
                self.rest = rest.strip_prefix(']').ok_or_else(|| wrong("a bracket is not closed"))?;
                steps.push(Step::Member(name));
            } else if let Some(indexed) = self.rest.strip_prefix('[') {
                let (index, rest) =
                    indexed.split_once(']').ok_or_else(|| wrong("a bracket is not closed"))?;
                let index = index.trim().parse();
                steps.push(Step::Element(index.map_err(|_| wrong("an element has a number"))?));
                self.rest = rest;
            } else if dotted.is_some() {
                let name = self.take(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | ':'));
                if name.is_empty() {
                    return Err(wrong("a member has a name"));
                }
                steps.push(Step::Member(name.to_owned()));
            } else if steps.is_empty() {
                return Err(wrong("a JSON selector begins with $. and a member"));
            } else {
                return Ok(Path(steps));
            }
        }
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'p str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn test(&mut self) -> Result<Test, Fault> {
        if self.eat_words(["NOT", "EXISTS"]) {
            return Ok(Test::NotExists);
        }
        if self.eat_words(["IS", "NULL"]) {
            return Ok(Test::IsNull);
        }
        if self.eat_words(["IS", "TRUE"]) {
            return Ok(Test::Is(true));
        }
        if self.eat_words(["IS", "FALSE"]) {
            return Ok(Test::Is(false));
        }
        let comparison = self.comparison()?;
        self.rest = self.rest.trim_start();
        let equal = match comparison {
            Comparison::Equal => Some(true),
            Comparison::NotEqual => Some(false),
            _ => None,
        };
        let not_numeric = || wrong("< and > compare numbers");
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (text, rest) = phrase(quoted)?;
            self.rest = rest;
            return Ok(Test::Text(wildcard(&text), equal.ok_or_else(not_numeric)?));
        }
        if let Some(inner) = self.rest.strip_prefix('%') {
            let (source, rest) = inner.split_once('%').ok_or_else(|| wrong("a % is not closed"))?;
            self.rest = rest;
            return Ok(Test::Expression(expression(source)?, equal.ok_or_else(not_numeric)?));
        }
        let word = self.take(|c| !c.is_whitespace() && !matches!(c, ')' | '(' | '&' | '|' | '}'));
        if let Ok(number) = word.parse::<f64>()
            && number.is_finite()
        {
            return Ok(Test::Number(comparison, number));
        }
        match equal {
            Some(_) if word.is_empty() => Err(wrong("a comparison without a value")),
            Some(equal) => Ok(Test::Text(wildcard(word), equal)),
            None => Err(not_numeric()),
        }
    }

    fn comparison(&mut self) -> Result<Comparison, Fault> {
        let all = [
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let found = all.into_iter().find(|(token, _)| self.eat(token));
        found.map(|(_, comparison)| comparison).ok_or_else(|| wrong("a selector without a comparison"))
    }
}

fn wildcard(text: &str) -> Wildcard {
    Wildcard(text.split('*').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Pattern;

    #[test]
    fn what_is_no_selector() {
        for pattern in [
            "{ $.a = 1",
            "{ }",
            "{ $ = 1 }",
            "{ $.a }",
            "{ $.a = }",
            "{ $.a < b }",
            "{ $.a[x] = 1 }",
            "{ $.a[0 = 1 }",
            "{ ($.a = 1 }",
            "{ $.a = 1 $.b = 2 }",
            "{ $.a = \"open }",
            "{ $.a = %open }",
            "{ a = 1 }",
        ] {
            let fault = Pattern::parse(pattern).unwrap_err();
            assert_eq!(fault.code(), "InvalidParameterException", "{pattern}");
        }
        assert!(Pattern::parse(&format!("{{ {} }}", "(".repeat(1000))).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(pattern in ".{0,40}", selector in "[ ${}()&|=<>.a0\"%*]{0,30}") {
            for text in [pattern, format!("{{ $.a {selector}}}")] {
                if let Ok(pattern) = Pattern::parse(&text) {
                    pattern.matches("{\"a\": 1}");
                }
            }
        }
    }
}
