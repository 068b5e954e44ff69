//! Ion's text encoding.

use mastic_hive::HiveType;

use super::{MAX_DEPTH, Stop, Values, decimal};
use crate::numbers::integer_type;
use crate::shape::{Object, Shape};

pub(super) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Goes past these bytes if they are next.
    fn eat(&mut self, what: &[u8]) -> bool {
        let next = self.rest().starts_with(what);
        self.at += if next { what.len() } else { 0 };
        next
    }

    fn expect(&mut self, what: u8) -> Result<(), Stop> {
        match self.peek() {
            Some(byte) if byte == what => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Stop::Broken),
            None => Err(Stop::Early),
        }
    }

    /// Goes to behind the next of these bytes.
    fn past(&mut self, end: &[u8]) -> Result<(), Stop> {
        let found = self.rest().windows(end.len()).position(|window| window == end).ok_or(Stop::Early)?;
        self.at += found + end.len();
        Ok(())
    }

    /// Goes past white space and comments.
    fn blank(&mut self) -> Result<(), Stop> {
        loop {
            let blank = self
                .rest()
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace() || matches!(byte, 0x0b))
                .count();
            self.at += blank;
            if self.eat(b"/*") {
                self.past(b"*/")?;
            } else if self.eat(b"//") {
                self.at += self.rest().iter().take_while(|byte| **byte != b'\n').count();
            } else {
                return Ok(());
            }
        }
    }

    /// The text up to a quote, behind it; escapes stay as they are.
    fn quoted(&mut self, quote: u8) -> Result<&'a [u8], Stop> {
        let start = self.at;
        loop {
            match self.peek().ok_or(Stop::Early)? {
                b'\\' => self.at += 2,
                b'\n' => return Err(Stop::Broken),
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return Ok(self.text.get(start..self.at - 1).unwrap_or_default());
                    }
                }
            }
        }
    }

    /// Behind `'''`: pieces of text between such quotes are one.
    fn long_text(&mut self) -> Result<String, Stop> {
        let mut text = String::new();
        loop {
            let start = self.at;
            self.past(b"'''")?;
            text.push_str(&String::from_utf8_lossy(self.text.get(start..self.at - 3).unwrap_or_default()));
            let end = self.at;
            self.blank()?;
            if !self.eat(b"'''") {
                self.at = end;
                return Ok(text);
            }
        }
    }

    /// Letters, digits and what else a name, a number or a timestamp has.
    fn word(&mut self) -> &'a [u8] {
        let number = self.peek().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+'));
        let part = |byte: &u8| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'$' | b'.')
                || (number && matches!(byte, b'-' | b'+' | b':'))
        };
        let word = self.rest();
        let length = word.iter().take_while(|byte| part(byte)).count();
        self.at += length;
        word.get(..length).unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Result<Shape, Stop> {
        let depth = depth.checked_sub(1).ok_or(Stop::Broken)?;
        loop {
            self.blank()?;
            let shape = self.plain(depth)?;
            // What was read may be an annotation of the value behind it.
            let end = self.at;
            self.blank()?;
            match &shape {
                Shape::Scalar(HiveType::String) if self.eat(b"::") => {}
                _ => {
                    self.at = end;
                    return Ok(shape);
                }
            }
        }
    }

    fn plain(&mut self, depth: usize) -> Result<Shape, Stop> {
        let text = Ok(Shape::Scalar(HiveType::String));
        if self.eat(b"{{") {
            return self.past(b"}}").map(|()| Shape::Scalar(HiveType::Binary));
        }
        if self.eat(b"'''") {
            return self.long_text().and(text);
        }
        match self.peek().ok_or(Stop::Early)? {
            b'{' => self.structure(depth),
            b'[' => self.list(b']', depth),
            b'(' => self.list(b')', depth),
            quote @ (b'"' | b'\'') => {
                self.at += 1;
                self.quoted(quote).and(text)
            }
            _ => {
                let word = self.word();
                let ended = self.at < self.text.len();
                match scalar(word) {
                    _ if word.is_empty() => Err(Stop::Broken),
                    Some(shape) => Ok(shape),
                    // A word that the text's end cuts may be the beginning of one that makes sense.
                    None if ended => Err(Stop::Broken),
                    None => Err(Stop::Early),
                }
            }
        }
    }

    fn structure(&mut self, depth: usize) -> Result<Shape, Stop> {
        self.expect(b'{')?;
        let mut object = Object::default();
        loop {
            self.blank()?;
            if self.eat(b"}") {
                return Ok(Shape::Object(object));
            }
            let name = if self.eat(b"'''") {
                self.long_text()?
            } else if let Some(quote @ (b'"' | b'\'')) = self.peek() {
                self.at += 1;
                String::from_utf8_lossy(self.quoted(quote)?).into_owned()
            } else {
                let word = self.word();
                if word.is_empty() || word.first().is_some_and(u8::is_ascii_digit) {
                    return Err(if self.peek().is_none() { Stop::Early } else { Stop::Broken });
                }
                String::from_utf8_lossy(word).into_owned()
            };
            self.blank()?;
            self.expect(b':')?;
            object.absorb(name, self.value(depth)?);
            self.blank()?;
            if !self.eat(b",") && self.peek() != Some(b'}') {
                return Err(if self.peek().is_none() { Stop::Early } else { Stop::Broken });
            }
        }
    }

    /// A list, or an expression, whose elements stand without commas and may be operators.
    fn list(&mut self, end: u8, depth: usize) -> Result<Shape, Stop> {
        self.at += 1;
        let mut elements = Shape::default();
        loop {
            self.blank()?;
            if self.eat(&[end]) {
                return Ok(Shape::Array(Box::new(elements)));
            }
            let operators = if end == b')' { self.operators() } else { 0 };
            if operators > 0 {
                elements.absorb(Shape::Scalar(HiveType::String));
                continue;
            }
            elements.absorb(self.value(depth)?);
            self.blank()?;
            if end == b']' && !self.eat(b",") && self.peek() != Some(end) {
                return Err(if self.peek().is_none() { Stop::Early } else { Stop::Broken });
            }
        }
    }

    /// Goes past an operator's characters, unless they begin a number; tells how many there were.
    fn operators(&mut self) -> usize {
        let rest = self.rest();
        let count = rest.iter().take_while(|byte| b"!#%&*+-./;<=>?@^`|~".contains(byte)).count();
        if count == 1
            && rest.get(1).is_some_and(u8::is_ascii_alphanumeric)
            && matches!(rest.first(), Some(b'+' | b'-'))
        {
            return 0;
        }
        self.at += count;
        count
    }
}

impl Values for Reader<'_> {
    fn next(&mut self) -> Result<Option<Shape>, Stop> {
        self.blank()?;
        if self.at >= self.text.len() {
            return Ok(None);
        }
        for own in [&b"$ion_1_0"[..], b"$ion_symbol_table"] {
            let behind = self.rest().get(own.len());
            let whole = behind.is_none_or(|byte| byte.is_ascii_whitespace() || *byte == b':');
            if whole && self.rest().starts_with(own) {
                return self.value(MAX_DEPTH).map(|_| Some(Shape::Empty));
            }
        }
        self.value(MAX_DEPTH).map(Some)
    }

    fn position(&self) -> usize {
        self.at
    }
}

/// What a word is: a keyword, a number, a timestamp, a symbol.
fn scalar(word: &[u8]) -> Option<Shape> {
    let text = std::str::from_utf8(word).ok()?;
    let of = |ty| Some(Shape::Scalar(ty));
    match text {
        "true" | "false" => return of(HiveType::Boolean),
        "nan" | "+inf" | "-inf" => return of(HiveType::Double),
        _ if text == "null" || text.starts_with("null.") => return Some(Shape::Empty),
        _ => {}
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit()) {
        let symbol = text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'$'));
        return if symbol { of(HiveType::String) } else { None };
    }
    if is_timestamp(text) {
        return of(HiveType::Timestamp);
    }
    if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        return integer(hex, 16);
    }
    if let Some(bits) = unsigned.strip_prefix("0b").or_else(|| unsigned.strip_prefix("0B")) {
        return integer(bits, 2);
    }
    if unsigned.bytes().all(|c| c.is_ascii_digit() || c == b'_') {
        return integer(unsigned, 10);
    }
    let plain = unsigned.replace('_', "");
    if plain.contains(['e', 'E']) {
        return plain.parse::<f64>().is_ok().then_some(Shape::Scalar(HiveType::Double));
    }
    plain.replace(['d', 'D'], "e").parse::<f64>().is_ok().then(decimal)
}

fn integer(digits: &str, radix: u32) -> Option<Shape> {
    let digits = digits.replace('_', "");
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    Some(Shape::Scalar(match i64::from_str_radix(&digits, radix) {
        Ok(number) => integer_type(Some(number)),
        Err(_) => HiveType::Decimal { precision: 38, scale: 0 },
    }))
}

/// `2007T`, `2007-02T`, `2007-02-23` and what may follow.
fn is_timestamp(text: &str) -> bool {
    let mut bytes = text.bytes();
    let year = bytes.by_ref().take(4).filter(u8::is_ascii_digit).count() == 4;
    year && matches!(bytes.next(), Some(b'T' | b'-'))
}
