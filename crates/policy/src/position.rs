use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A place in the text of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The character in the text, from 0.
    pub offset: usize,
}

/// A part of a document's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its first character.
    pub start: Position,
    /// What follows its last character.
    pub end: Position,
}

/// One step of a way into a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// To the value of a member.
    Member(&'a str),
    /// To the name of a member, quotes included; a way can only end so.
    Name(&'a str),
    /// To an item of a list, from 0.
    Item(usize),
}

/// Where in a JSON text the value stands that a way leads to; nothing where it leads nowhere.
#[must_use]
pub fn locate(json: &str, path: &[Step<'_>]) -> Option<Span> {
    let mut range = Scanner { text: json, at: 0 }.value();
    for step in path {
        let mut children = Scanner::children(json, range).into_iter();
        range = match step {
            Step::Member(name) => children.find(|child| child.is_named(json, name))?.value,
            Step::Name(name) => children.find(|child| child.is_named(json, name))?.name?,
            Step::Item(index) => children.nth(*index)?.value,
        };
    }
    Some(span(json, range))
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// From brace to brace.
    pub(crate) span: Span,
    /// As `SimulatePrincipalPolicy` tells it: in a list from where the part before it ends, alone
    /// from behind its opening brace.
    pub(crate) simulated: Span,
}

/// Where the statements of a document stand whose text is valid JSON.
pub(crate) fn statements(json: &str) -> Vec<Place> {
    let top = Scanner::children(json, Scanner { text: json, at: 0 }.value());
    let Some(element) = top.into_iter().find(|child| child.is_named(json, "Statement")) else {
        return Vec::new();
    };
    let inside = element.value.start + 1;
    if !json.get(element.value.clone()).is_some_and(|text| text.starts_with('[')) {
        let simulated = span(json, inside..element.value.end);
        return vec![Place { span: span(json, element.value), simulated }];
    }
    let mut before = inside;
    let mut places = Vec::new();
    for child in Scanner::children(json, element.value) {
        let simulated = span(json, before..child.value.end);
        before = child.value.end;
        places.push(Place { span: span(json, child.value), simulated });
    }
    places
}

fn span(text: &str, range: Range<usize>) -> Span {
    Span { start: position(text, range.start), end: position(text, range.end) }
}

fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Position {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
        offset: before.chars().count(),
    }
}

/// A member of an object or an item of a list, as ranges of bytes.
struct Child {
    name: Option<Range<usize>>,
    value: Range<usize>,
}

impl Child {
    fn is_named(&self, text: &str, name: &str) -> bool {
        let written = self.name.clone().and_then(|range| text.get(range));
        written.is_some_and(|text| serde_json::from_str(text).is_ok_and(|own: String| own == name))
    }
}

/// Walks over text that is known to be valid JSON; of other text it says something, but ends.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Whether `byte` follows, which is then behind.
    fn passes(&mut self, byte: u8) -> bool {
        self.skip_space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// The value that follows, which is then behind.
    fn value(&mut self) -> Range<usize> {
        self.skip_space();
        let start = self.at;
        let (mut depth, mut quoted) = (0_usize, false);
        while let Some(byte) = self.peek() {
            let closes = matches!(byte, b'}' | b']');
            match byte {
                b'\\' if quoted => self.at += 1,
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'{' | b'[' => depth += 1,
                // A number or word has no end of its own.
                b',' | b':' if depth == 0 => break,
                _ if depth == 0 && (closes || byte.is_ascii_whitespace()) => break,
                _ if closes => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 && !quoted && (closes || byte == b'"') {
                break;
            }
        }
        start..self.at
    }

    /// What is in the object or list at a range.
    fn children(text: &str, range: Range<usize>) -> Vec<Child> {
        let mut scanner = Scanner { text, at: range.start };
        let object = scanner.peek() == Some(b'{');
        if !object && scanner.peek() != Some(b'[') {
            return Vec::new();
        }
        scanner.at += 1;
        let mut children = Vec::new();
        loop {
            let first = scanner.value();
            if first.is_empty() {
                return children;
            }
            children.push(if object && scanner.passes(b':') {
                Child { name: Some(first), value: scanner.value() }
            } else {
                Child { name: None, value: first }
            });
            if !scanner.passes(b',') {
                return children;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Document;

    fn simulated(json: &str) -> Vec<[usize; 4]> {
        let document = Document::parse(json).unwrap();
        let flat = |span: Span| [span.start.line, span.start.column, span.end.line, span.end.column];
        document.statements().iter().map(|statement| flat(statement.simulated_span())).collect()
    }

    /// Positions that AWS gave ("simulate-custom-policy", examples of the AWS CLI, and calls).
    #[test]
    fn positions_are_those_of_the_simulator() {
        let alone = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#;
        assert_eq!(simulated(alone), [[1, 38, 1, 167]]);
        let two = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b"}, {"Effect": "Allow", "Action": "a:c"}]}"#;
        assert_eq!(simulated(two), [[1, 41, 1, 77], [1, 77, 1, 115]]);
        let lines = "{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [\n        {\n            \"Effect\": \"Allow\",\n            \"Action\": \"a:b\"\n        }\n    ]\n}";
        assert_eq!(simulated(lines), [[3, 19, 7, 10]]);
    }

    #[test]
    fn ways_into_a_text() {
        let json = "{\"Id\": \"ü\\\"}\",\n \"Statement\": [ 1.5 , {\"A\": [\"x\", [], null]}]}";
        let at = |path: &[Step<'_>]| {
            let span = locate(json, path)?;
            Some(json.chars().skip(span.start.offset).take(span.end.offset - span.start.offset).collect())
        };
        let text = |path: &[Step<'_>]| at(path).unwrap_or_else(|| "nowhere".to_owned());
        use Step::{Item, Member, Name};
        assert_eq!(text(&[Member("Id")]), "\"ü\\\"}\"");
        assert_eq!(text(&[Name("Statement")]), "\"Statement\"");
        assert_eq!(text(&[Member("Statement"), Item(0)]), "1.5");
        assert_eq!(text(&[Member("Statement"), Item(1), Member("A"), Item(2)]), "null");
        assert_eq!(text(&[Member("Statement"), Item(1), Member("A"), Item(1)]), "[]");
        assert_eq!(text(&[Member("Statement"), Item(2)]), "nowhere");
        assert_eq!(text(&[Item(0), Member("x")]), "nowhere");
        let span = locate(json, &[Member("Statement")]).unwrap();
        assert_eq!((span.start.line, span.start.column), (2, 15));
    }

    proptest! {
        #[test]
        fn ends_on_any_text(text in ".{0,60}", index in 0..3_usize) {
            let _ = (locate(&text, &[Step::Item(index), Step::Member("a")]), statements(&text));
        }
    }
}
