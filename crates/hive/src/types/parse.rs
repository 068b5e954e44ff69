//! Reads a type text: one pass, recursion bounded by [`HiveType::MAX_DEPTH`].

use std::str::FromStr;

use super::{HiveType, ParseTypeError, StructField};

/// How much of a wrong text an error repeats, in characters.
const QUOTED: usize = 80;

impl FromStr for HiveType {
    type Err = ParseTypeError;

    fn from_str(text: &str) -> Result<Self, ParseTypeError> {
        let mut cursor = Cursor { text, rest: text };
        let ty = cursor.parse_type(0)?;
        cursor.skip_space();
        if cursor.rest.is_empty() { Ok(ty) } else { Err(cursor.error("nothing more expected")) }
    }
}

struct Cursor<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn error(&self, reason: &str) -> ParseTypeError {
        let at = self.text.chars().count() - self.rest.chars().count() + 1;
        let mut text: String = self.text.chars().take(QUOTED).collect();
        if text.len() < self.text.len() {
            text.push_str("...");
        }
        ParseTypeError { text, reason: format!("{reason} at character {at}") }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), ParseTypeError> {
        if self.eat(wanted) { Ok(()) } else { Err(self.error(&format!("`{wanted}` expected"))) }
    }

    /// The longest run of characters that `accept` takes.
    fn take(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        run
    }

    fn word(&mut self) -> String {
        self.skip_space();
        self.take(|c| c.is_ascii_alphanumeric() || c == '_').to_ascii_lowercase()
    }

    /// Eats the given words if all of them come next.
    fn phrase(&mut self, words: &[&str]) -> bool {
        let before = self.rest;
        let all = words.iter().all(|wanted| self.word() == *wanted);
        if !all {
            self.rest = before;
        }
        all
    }

    fn parse_type(&mut self, depth: usize) -> Result<HiveType, ParseTypeError> {
        if depth > HiveType::MAX_DEPTH {
            return Err(self.error(&format!("nested deeper than {}", HiveType::MAX_DEPTH)));
        }
        self.skip_space();
        let start = self.rest;
        let ty = match self.word().as_str() {
            "void" | "null" => HiveType::Void,
            "boolean" => HiveType::Boolean,
            "tinyint" | "byte" => HiveType::TinyInt,
            "smallint" | "short" => HiveType::SmallInt,
            "int" | "integer" => HiveType::Int,
            "bigint" | "long" => HiveType::BigInt,
            "float" | "real" => HiveType::Float,
            "double" => {
                self.phrase(&["precision"]);
                HiveType::Double
            }
            "decimal" | "numeric" => self.decimal()?,
            "string" => HiveType::String,
            "char" => HiveType::Char(self.length(1, u64::from(u8::MAX))?),
            "varchar" => HiveType::Varchar(self.length(1, u64::from(u16::MAX))?),
            "binary" => HiveType::Binary,
            "date" => HiveType::Date,
            "timestamp" if self.phrase(&["with", "local", "time", "zone"]) => HiveType::TimestampLocal,
            "timestamp" => HiveType::Timestamp,
            "interval_year_month" => HiveType::IntervalYearMonth,
            "interval_day_time" => HiveType::IntervalDayTime,
            "array" => {
                self.expect('<')?;
                let element = self.parse_type(depth + 1)?;
                self.expect('>')?;
                HiveType::Array(Box::new(element))
            }
            "map" => {
                self.expect('<')?;
                let key = self.parse_type(depth + 1)?;
                self.expect(',')?;
                let value = self.parse_type(depth + 1)?;
                self.expect('>')?;
                HiveType::Map(Box::new(key), Box::new(value))
            }
            "struct" => HiveType::Struct(self.fields(depth)?),
            "uniontype" | "choice" => HiveType::Union(self.members(depth)?),
            _ => {
                self.rest = start;
                return Err(self.error("a type's name expected"));
            }
        };
        Ok(ty)
    }

    fn fields(&mut self, depth: usize) -> Result<Vec<StructField>, ParseTypeError> {
        self.expect('<')?;
        let mut fields = Vec::new();
        if self.eat('>') {
            return Ok(fields);
        }
        loop {
            let name = self.field_name()?;
            self.expect(':')?;
            fields.push(StructField { name, ty: self.parse_type(depth + 1)? });
            if !self.eat(',') {
                self.expect('>')?;
                return Ok(fields);
            }
        }
    }

    fn members(&mut self, depth: usize) -> Result<Vec<HiveType>, ParseTypeError> {
        self.expect('<')?;
        let mut members = vec![self.parse_type(depth + 1)?];
        while self.eat(',') {
            members.push(self.parse_type(depth + 1)?);
        }
        self.expect('>')?;
        Ok(members)
    }

    fn field_name(&mut self) -> Result<String, ParseTypeError> {
        if !self.eat('`') {
            let name = self.take(|c| !matches!(c, ':' | '<' | '>' | ',' | '`' | '(' | ')')).trim();
            return if name.is_empty() {
                Err(self.error("a field's name expected"))
            } else {
                Ok(name.to_owned())
            };
        }
        let mut name = String::new();
        loop {
            name.push_str(self.take(|c| c != '`'));
            match self.rest.strip_prefix("``") {
                Some(rest) => {
                    name.push('`');
                    self.rest = rest;
                }
                None => break,
            }
        }
        match self.rest.strip_prefix('`') {
            Some(rest) => {
                self.rest = rest;
                Ok(name)
            }
            None => Err(self.error("closing back-tick expected")),
        }
    }

    fn decimal(&mut self) -> Result<HiveType, ParseTypeError> {
        if !self.eat('(') {
            return Ok(HiveType::Decimal { precision: 10, scale: 0 });
        }
        let precision: u8 = self.number(1, 38)?;
        let scale = if self.eat(',') { self.number(0, u64::from(precision))? } else { 0 };
        self.expect(')')?;
        Ok(HiveType::Decimal { precision, scale })
    }

    fn length<T: TryFrom<u64>>(&mut self, min: u64, max: u64) -> Result<T, ParseTypeError> {
        self.expect('(')?;
        let length = self.number(min, max)?;
        self.expect(')')?;
        Ok(length)
    }

    fn number<T: TryFrom<u64>>(&mut self, min: u64, max: u64) -> Result<T, ParseTypeError> {
        self.skip_space();
        let start = self.rest;
        let digits = self.take(|c| c.is_ascii_digit());
        let number = digits.parse::<u64>().ok().filter(|n| (min..=max).contains(n));
        match number.and_then(|n| T::try_from(n).ok()) {
            Some(number) => Ok(number),
            None => {
                self.rest = start;
                Err(self.error(&format!("a number from {min} to {max} expected")))
            }
        }
    }
}
