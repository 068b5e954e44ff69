//! Whether a text is one Python expression, of those that arguments of scripts are made of: literals, names, calls,
//! operators, lambdas. Comprehensions, f-strings, bytes and starred arguments are not among them.

use std::collections::BTreeSet;

use crate::python::is_identifier;

/// How deep brackets may nest.
const DEPTH: usize = 64;

/// Checks a text.
///
/// # Errors
/// Why it is no such expression.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    parser.expression()?;
    match parser.peek() {
        None => Ok(()),
        Some(token) => Err(format!("{} is not expected there", token.text())),
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Name(String),
    Number(String),
    Text(String),
    Sign(&'static str),
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Name(text) | Self::Number(text) | Self::Text(text) => text,
            Self::Sign(sign) => sign,
        }
    }
}

/// Longer signs first.
const SIGNS: &[&str] = &[
    "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "+", "-",
    "*", "/", "%", "@", "&", "|", "^", "~", "<", ">", "=",
];

/// Operators between two values that bind closer than comparisons.
const BINARY: &[&str] = &["+", "-", "*", "/", "//", "%", "@", "**", "<<", ">>", "&", "|", "^"];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let Some(first) = rest.chars().next() else { return Ok(out) };
        let prefixed =
            rest.strip_prefix(['r', 'R', 'u', 'U']).is_some_and(|rest| rest.starts_with(['"', '\'']));
        let length = if first == '"' || first == '\'' || prefixed {
            let length = string(rest, prefixed && (first == 'r' || first == 'R'), prefixed)?;
            out.push(Token::Text(rest.get(..length).unwrap_or_default().to_owned()));
            length
        } else if first.is_ascii_digit()
            || (first == '.' && rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit()))
        {
            let length = number(rest)?;
            out.push(Token::Number(rest.get(..length).unwrap_or_default().to_owned()));
            length
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let name = rest.get(..length).unwrap_or_default();
            if name == "__debug__" || rest.get(length..).is_some_and(|rest| rest.starts_with(['"', '\''])) {
                return Err(format!("{name} is not expected there"));
            }
            out.push(Token::Name(name.to_owned()));
            length
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("{} is not expected there", first.escape_debug()))?;
            out.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
}

/// How many bytes a string literal takes.
pub(crate) fn string(text: &str, raw: bool, prefixed: bool) -> Result<usize, String> {
    let open = usize::from(prefixed);
    let body = text.get(open..).unwrap_or_default();
    let Some(quote) = body.chars().next() else { return Err("a string is not closed".to_owned()) };
    let triple = quote.to_string().repeat(3);
    let mark = if body.starts_with(&triple) { triple } else { quote.to_string() };
    let mut at = open + mark.len();
    loop {
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with(&mark) {
            return Ok(at + mark.len());
        }
        let mut chars = rest.chars();
        match chars.next() {
            None => return Err("a string is not closed".to_owned()),
            Some(c) if c.is_control() && c != '\t' => {
                return Err("a string holds a line end or another control character".to_owned());
            }
            Some('\\') => {
                let Some(escaped) = chars.next() else { return Err("a string is not closed".to_owned()) };
                if escaped.is_control() {
                    return Err("a string holds a line end or another control character".to_owned());
                }
                if !raw {
                    escape(escaped, chars.as_str())?;
                }
                at += 1 + escaped.len_utf8();
            }
            Some(c) => at += c.len_utf8(),
        }
    }
}

/// Whether an escape is one of Python's.
fn escape(letter: char, rest: &str) -> Result<(), String> {
    let digits = match letter {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        'N' => return Err("names of characters (\\N) are not supported".to_owned()),
        _ => return Ok(()),
    };
    let code = rest.get(..digits).filter(|code| code.chars().all(|c| c.is_ascii_hexdigit()));
    let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
    match code {
        Some(0..=0x0010_ffff) => Ok(()),
        _ => Err(format!("\\{letter} needs {digits} hexadecimal digits")),
    }
}

fn number(text: &str) -> Result<usize, String> {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let after = |at: usize| text.get(at..).unwrap_or_default();
    let whole = digits(text);
    let mut at = whole;
    let mut real = false;
    if after(at).starts_with('.') {
        real = true;
        at += 1;
        at += digits(after(at));
    }
    if after(at).starts_with(['e', 'E']) {
        real = true;
        at += 1;
        at += usize::from(after(at).starts_with(['+', '-']));
        let exponent = digits(after(at));
        if exponent == 0 {
            return Err("a number ends in its exponent".to_owned());
        }
        at += exponent;
    }
    let zeros = text
        .get(..whole)
        .is_some_and(|whole| whole.starts_with('0') && !whole.trim_start_matches('0').is_empty());
    let tail = after(at).chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_');
    if tail || (zeros && !real) || whole > 4000 {
        return Err(format!("{} is no number", text.get(..at).unwrap_or_default()));
    }
    Ok(at)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(found)) if found == word);
        self.at += usize::from(found);
        found
    }

    fn want(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { Err(format!("{sign} is missing")) }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(Token::Name(name)) if is_identifier(name) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err("a name is missing".to_owned()),
        }
    }

    fn expression(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        let done = if self.word("lambda") { self.lambda() } else { self.choice() };
        self.depth -= 1;
        done
    }

    fn lambda(&mut self) -> Result<(), String> {
        let mut names: BTreeSet<String> = BTreeSet::new();
        while !self.sign(":") {
            let name = self.name()?;
            if !names.insert(name.clone()) {
                return Err(format!("{name} is twice a parameter"));
            }
            if !self.sign(",") {
                self.want(":")?;
                break;
            }
        }
        self.expression()
    }

    fn choice(&mut self) -> Result<(), String> {
        self.logic()?;
        if self.word("if") {
            self.logic()?;
            if !self.word("else") {
                return Err("else is missing".to_owned());
            }
            self.expression()?;
        }
        Ok(())
    }

    /// `or`, `and` and `not`: which of them binds closer does not matter here.
    fn logic(&mut self) -> Result<(), String> {
        loop {
            while self.word("not") {}
            self.comparison()?;
            if !self.word("or") && !self.word("and") {
                return Ok(());
            }
        }
    }

    fn comparison(&mut self) -> Result<(), String> {
        loop {
            self.arithmetic()?;
            if !self.compares()? {
                return Ok(());
            }
        }
    }

    /// Takes an operator that compares, if one stands there.
    fn compares(&mut self) -> Result<bool, String> {
        if ["<", ">", "==", "!=", "<=", ">="].into_iter().any(|sign| self.sign(sign)) || self.word("in") {
            return Ok(true);
        }
        if self.word("is") {
            self.word("not");
            return Ok(true);
        }
        if self.word("not") {
            return if self.word("in") { Ok(true) } else { Err("in is missing".to_owned()) };
        }
        Ok(false)
    }

    fn arithmetic(&mut self) -> Result<(), String> {
        loop {
            while ["+", "-", "~"].into_iter().any(|sign| self.sign(sign)) {}
            self.primary()?;
            if !BINARY.iter().any(|sign| self.sign(sign)) {
                return Ok(());
            }
        }
    }

    fn primary(&mut self) -> Result<(), String> {
        self.atom()?;
        loop {
            if self.sign(".") {
                self.name()?;
            } else if self.sign("(") {
                self.arguments()?;
            } else if self.sign("[") {
                self.subscript()?;
            } else {
                return Ok(());
            }
        }
    }

    fn arguments(&mut self) -> Result<(), String> {
        let mut names: BTreeSet<String> = BTreeSet::new();
        while !self.sign(")") {
            let named =
                matches!(self.tokens.get(self.at..self.at + 2), Some([Token::Name(_), Token::Sign("=")]));
            if named {
                let name = self.name()?;
                if !names.insert(name.clone()) {
                    return Err(format!("{name} is given twice"));
                }
                self.want("=")?;
            } else if !names.is_empty() {
                return Err("an argument without a name follows one with a name".to_owned());
            }
            self.expression()?;
            if !self.sign(",") {
                return self.want(")");
            }
        }
        Ok(())
    }

    fn subscript(&mut self) -> Result<(), String> {
        loop {
            let mut parts = 0;
            loop {
                if !matches!(self.peek(), Some(Token::Sign(":" | "]" | ","))) {
                    self.expression()?;
                    parts += 1;
                }
                if !self.sign(":") {
                    break;
                }
                parts += 100;
                if parts > 300 {
                    return Err("a slice has too many parts".to_owned());
                }
            }
            if parts == 0 {
                return Err("a subscript is empty".to_owned());
            }
            if !self.sign(",") {
                return self.want("]");
            }
            if self.sign("]") {
                return Ok(());
            }
        }
    }

    fn atom(&mut self) -> Result<(), String> {
        match self.peek().cloned() {
            Some(Token::Name(name))
                if is_identifier(&name) || matches!(name.as_str(), "True" | "False" | "None") =>
            {
                self.at += 1;
                Ok(())
            }
            Some(Token::Number(_)) => {
                self.at += 1;
                Ok(())
            }
            Some(Token::Text(_)) => {
                while matches!(self.peek(), Some(Token::Text(_))) {
                    self.at += 1;
                }
                Ok(())
            }
            Some(Token::Sign("(")) => self.items(")"),
            Some(Token::Sign("[")) => self.items("]"),
            Some(Token::Sign("{")) => self.entries(),
            Some(token) => Err(format!("{} is not expected there", token.text())),
            None => Err("a value is missing".to_owned()),
        }
    }

    fn items(&mut self, close: &str) -> Result<(), String> {
        self.at += 1;
        while !self.sign(close) {
            self.expression()?;
            if !self.sign(",") {
                return self.want(close);
            }
        }
        Ok(())
    }

    fn entries(&mut self) -> Result<(), String> {
        self.at += 1;
        let mut dictionary = None;
        while !self.sign("}") {
            self.expression()?;
            let keyed = self.sign(":");
            if dictionary.is_some_and(|dictionary| dictionary != keyed) {
                return Err("a dictionary's key or value is missing".to_owned());
            }
            dictionary = Some(keyed);
            if keyed {
                self.expression()?;
            }
            if !self.sign(",") {
                return self.want("}");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        for text in [
            "\"a\"",
            "'it\\'s'",
            "r'\\d'",
            "1",
            "-1.5e-3",
            "0",
            ".5",
            "None",
            "[(\"a\", \"int\", \"b\", \"int\"),]",
            "{\"path\": output_path, \"n\": [1, 2]}",
            "{1, 2}",
            "{}",
            "()",
            "(1,)",
            "lambda x: x[\"a\"] > 3 and not x.b",
            "f(1, a=2)[1:2, ::3].c",
            "a if b is not None else c",
            "x not in (1, 2)",
            "args[\"TempDir\"]",
            "lambda: 0",
            "\"a\" 'b'",
            "\"\"\"x\"y\"\"\"",
            "\"\\x41\\u00e9\"",
            "1 - -2 ** 3",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn no_expressions() {
        for text in [
            "",
            "\"a",
            "1 2",
            "a b",
            "[1",
            "(1]",
            "{1: 2, 3}",
            "x = 1",
            "import os",
            "a; b",
            "\"a\nb\"",
            "# x",
            "012",
            "1x",
            "\"\\x4\"",
            "\"\\N{DASH}\"",
            "lambda x, x: 1",
            "f(a=1, 2)",
            "f(a=1, a=2)",
            "b'x'",
            "f'{x}'",
            "a.",
            "x[]",
            "class",
            "a == not b",
            "\\",
            "1 +",
            "__debug__",
            "\"\\U00110000\"",
            "lambda",
            "x[::::]",
            "a $ b",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
        assert!(check(&"[".repeat(100)).is_err());
    }
}
