//! As much Python as scripts need: values and calls, and how they are laid out.

use std::fmt::Write as _;

/// A line is broken when it would be longer.
const WIDTH: usize = 100;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Py {
    /// Text that is Python already.
    Code(String),
    /// A string.
    Str(String),
    /// A whole number.
    Int(i64),
    /// `True` or `False`.
    Bool(bool),
    /// `[...]`
    List(Vec<Py>),
    /// `(...)`
    Tuple(Vec<Py>),
    /// `{...: ...}`
    Dict(Vec<(Py, Py)>),
    /// `... + name`: a list and what is added to it.
    Sum(Box<Py>, String),
    /// `lambda row: (... and ...)`: conditions and the word between them.
    Where(&'static str, Vec<String>),
    /// `name(...)`: arguments by position, then by name.
    Call(String, Vec<Py>, Vec<(&'static str, Py)>),
}

impl Py {
    /// Text that is Python already.
    pub(crate) fn code(text: impl Into<String>) -> Self {
        Self::Code(text.into())
    }

    /// A string.
    pub(crate) fn str(text: impl Into<String>) -> Self {
        Self::Str(text.into())
    }

    /// A list of strings.
    pub(crate) fn strings<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(|text| Self::str(text.as_ref())).collect())
    }

    /// A dictionary whose keys are strings.
    pub(crate) fn dict<K: Into<String>>(entries: impl IntoIterator<Item = (K, Py)>) -> Self {
        Self::Dict(entries.into_iter().map(|(key, value)| (Self::str(key), value)).collect())
    }

    /// A call by names alone.
    pub(crate) fn call(name: impl Into<String>, named: impl IntoIterator<Item = (&'static str, Py)>) -> Self {
        Self::Call(name.into(), Vec::new(), named.into_iter().collect())
    }

    /// On one line.
    pub(crate) fn flat(&self) -> String {
        match self {
            Self::Code(text) => text.clone(),
            Self::Str(text) => quoted(text),
            Self::Int(number) => number.to_string(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Sum(list, added) => format!("{} + {added}", list.flat()),
            Self::Where(word, conditions) => {
                format!("lambda row: ({})", conditions.join(&format!(" {word} ")))
            }
            Self::Tuple(items) if items.len() == 1 => format!("({},)", flat(self.parts())),
            _ => format!("{}{}{}", self.open(), flat(self.parts()), self.close()),
        }
    }

    /// As it stands after `before` characters of a line: on that line, or one part a line.
    pub(crate) fn laid_out(&self, before: usize) -> String {
        self.at(0, before)
    }

    fn at(&self, indent: usize, before: usize) -> String {
        let flat = self.flat();
        if let Self::Sum(list, added) = self {
            return format!("{} + {added}", list.at(indent, before + added.chars().count() + 3));
        }
        let parts = self.parts();
        let inner = indent + 4;
        if let Self::Where(word, conditions) = self
            && before + flat.chars().count() > WIDTH
        {
            let between = format!("\n{:inner$}{word} ", "");
            let conditions = conditions.join(&between);
            return format!("lambda row: (\n{:inner$}{conditions}\n{:indent$})", "", "");
        }
        if parts.is_empty() || before + flat.chars().count() <= WIDTH {
            return flat;
        }
        let mut out = self.open();
        for (label, part) in parts {
            let begin = inner + label.chars().count();
            let _ = write!(out, "\n{:inner$}{label}{},", "", part.at(inner, begin + 1));
        }
        let _ = write!(out, "\n{:indent$}{}", "", self.close());
        out
    }

    fn open(&self) -> String {
        match self {
            Self::List(_) => "[".to_owned(),
            Self::Tuple(_) => "(".to_owned(),
            Self::Dict(_) => "{".to_owned(),
            Self::Call(name, ..) => format!("{name}("),
            _ => String::new(),
        }
    }

    fn close(&self) -> &'static str {
        match self {
            Self::List(_) => "]",
            Self::Tuple(_) | Self::Call(..) => ")",
            Self::Dict(_) => "}",
            _ => "",
        }
    }

    /// What stands between the brackets, with what stands before each.
    fn parts(&self) -> Vec<(String, &Py)> {
        match self {
            Self::List(items) | Self::Tuple(items) => {
                items.iter().map(|item| (String::new(), item)).collect()
            }
            Self::Dict(entries) => {
                entries.iter().map(|(key, value)| (format!("{}: ", key.flat()), value)).collect()
            }
            Self::Call(_, placed, named) => {
                let placed = placed.iter().map(|item| (String::new(), item));
                placed.chain(named.iter().map(|(name, value)| (format!("{name}="), value))).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn flat(parts: Vec<(String, &Py)>) -> String {
    let parts: Vec<String> = parts.iter().map(|(label, part)| format!("{label}{}", part.flat())).collect();
    parts.join(", ")
}

/// `name = value`, broken over lines where it is long.
pub(crate) fn assign(name: &str, value: &Py) -> String {
    format!("{name} = {}", value.laid_out(name.chars().count() + 3))
}

/// A string in double quotes. What cannot be seen, or would turn the direction of the text, is escaped.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => push(&mut out, c),
        }
    }
    out.push('"');
    out
}

/// A string between triple quotes, whose lines stay lines.
pub(crate) fn block(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str("\"\"\"\n");
    for c in text.replace("\r\n", "\n").trim_matches('\n').chars() {
        match c {
            '\n' | '\t' => out.push(c),
            '"' if out.ends_with("\"\"") => out.push_str("\\\""),
            c => push(&mut out, c),
        }
    }
    out.push_str("\n\"\"\"");
    out
}

fn push(out: &mut String, c: char) {
    let code = u32::from(c);
    match code {
        0x5c => out.push_str("\\\\"),
        0..=0x1f | 0x7f..=0x9f => {
            let _ = write!(out, "\\x{code:02x}");
        }
        0xad | 0x61c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff => {
            let _ = write!(out, "\\u{code:04x}");
        }
        _ => out.push(c),
    }
}

/// Text for a comment: what cannot be seen becomes a space.
pub(crate) fn comment(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() || quoted(c.encode_utf8(&mut [0; 4])).contains("\\u") { ' ' } else { c })
        .collect();
    text.trim_end().to_owned()
}

/// Whether a text is a name that Python takes.
pub(crate) fn is_identifier(text: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
        "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in",
        "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_one_line_and_closed() {
        assert_eq!(quoted("a\"b\\c\nd\u{0}é\u{202e}"), r#""a\"b\\c\nd\x00é\u202e""#);
        assert_eq!(
            block("select '\\d'\nfrom \"\"\"x\"\"\"\""),
            "\"\"\"\nselect '\\\\d'\nfrom \"\"\\\"x\"\"\\\"\"\n\"\"\""
        );
        assert_eq!(comment("a\u{0}b\u{2028}c "), "a b c");
    }

    #[test]
    fn long_calls_are_broken() {
        let short = Py::call("f", [("a", Py::Int(1)), ("b", Py::Tuple(vec![Py::Bool(true)]))]);
        assert_eq!(assign("x", &short), "x = f(a=1, b=(True,))");
        let long =
            Py::call("f", [("paths", Py::strings(["x".repeat(60), "y".repeat(60)])), ("b", Py::Int(2))]);
        let (x, y) = ("x".repeat(60), "y".repeat(60));
        let expected =
            format!("v = f(\n    paths=[\n        \"{x}\",\n        \"{y}\",\n    ],\n    b=2,\n)");
        assert_eq!(assign("v", &long), expected);
    }

    #[test]
    fn names() {
        assert!(is_identifier("_a1"));
        assert!(
            !is_identifier("1a") && !is_identifier("") && !is_identifier("class") && !is_identifier("a-b")
        );
    }
}
