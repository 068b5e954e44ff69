//! How each kind of database writes names, types and conditions.

use mastic_hive::HiveType;

use crate::url::Engine;

impl Engine {
    /// A name that is meant literally.
    #[must_use]
    pub fn quoted(self, name: &str) -> String {
        match self {
            Self::MySql => format!("`{}`", name.replace('`', "``")),
            Self::PostgreSql | Self::Redshift => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// A name of parts, all meant literally.
    #[must_use]
    pub fn path(self, parts: &[&str]) -> String {
        parts.iter().map(|part| self.quoted(part)).collect::<Vec<_>>().join(".")
    }

    /// The parts of a name as the database keeps them; none of a text that is no name.
    pub(crate) fn name_of(self, text: &str) -> Option<Vec<String>> {
        let quote = if self == Self::MySql { '`' } else { '"' };
        let mut parts = Vec::new();
        let mut rest = text.trim();
        loop {
            let (part, after) = match rest.strip_prefix(quote) {
                Some(inner) => quoted_part(inner, quote)?,
                None => {
                    let plain = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
                    let end = rest.find(|letter| !plain(letter)).unwrap_or(rest.len());
                    let (part, after) = rest.split_at_checked(end).filter(|(part, _)| !part.is_empty())?;
                    (if self == Self::MySql { part.to_owned() } else { part.to_lowercase() }, after)
                }
            };
            // Redshift keeps all names in lower case.
            parts.push(if self == Self::Redshift { part.to_lowercase() } else { part });
            match after.strip_prefix('.') {
                Some(next) => rest = next,
                None if after.is_empty() => return Some(parts),
                None => return None,
            }
        }
    }

    /// Names with commas between them.
    pub fn list<'a>(self, names: impl IntoIterator<Item = &'a str>) -> String {
        names.into_iter().map(|name| self.quoted(name)).collect::<Vec<_>>().join(", ")
    }

    /// A value of a type, told as text, as a literal.
    ///
    /// # Errors
    /// The text is no such value.
    pub fn literal(self, ty: &HiveType, text: &str) -> Result<String, String> {
        match ty {
            HiveType::TinyInt
            | HiveType::SmallInt
            | HiveType::Int
            | HiveType::BigInt
            | HiveType::Float
            | HiveType::Double
            | HiveType::Decimal { .. } => {
                let number = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
                match !text.is_empty() && text.chars().all(number) {
                    true => Ok(text.to_owned()),
                    false => Err(format!("`{text}` is no number")),
                }
            }
            HiveType::Boolean if self == Self::MySql => match text {
                "true" => Ok("1".to_owned()),
                "false" => Ok("0".to_owned()),
                _ => Err(format!("`{text}` is no boolean")),
            },
            HiveType::Binary if self == Self::MySql => {
                let digits = text
                    .strip_prefix("\\x")
                    .filter(|text| text.chars().all(|digit| digit.is_ascii_hexdigit()));
                digits.map(|digits| format!("X'{digits}'")).ok_or_else(|| format!("`{text}` are no bytes"))
            }
            _ => {
                let text = text.replace('\'', "''");
                // PostgreSQL takes a backslash for itself.
                let text = if self == Self::PostgreSql { text } else { text.replace('\\', "\\\\") };
                Ok(format!("'{text}'"))
            }
        }
    }

    /// The type of a column that is made for values of the type, as Spark chooses it; text and bytes of any length.
    ///
    /// # Errors
    /// Names the type that the database has no like of.
    pub fn column_type(self, ty: &HiveType) -> Result<String, String> {
        let mysql = self == Self::MySql;
        let name = match (ty, self) {
            (HiveType::Boolean, Self::MySql) => "BIT(1)",
            (HiveType::Boolean, _) => "BOOLEAN",
            (HiveType::TinyInt, Self::MySql) => "TINYINT",
            (HiveType::TinyInt | HiveType::SmallInt, _) => "SMALLINT",
            (HiveType::Int, _) => "INTEGER",
            (HiveType::BigInt, _) => "BIGINT",
            (HiveType::Float, _) => {
                if mysql {
                    "FLOAT"
                } else {
                    "REAL"
                }
            }
            (HiveType::Double, _) => "DOUBLE PRECISION",
            (HiveType::Decimal { precision, scale }, _) => {
                return Ok(format!("{}({precision},{scale})", if mysql { "DECIMAL" } else { "NUMERIC" }));
            }
            (HiveType::String | HiveType::Char(_) | HiveType::Varchar(_) | HiveType::Void, _) => match self {
                Self::PostgreSql => "TEXT",
                Self::MySql => "LONGTEXT",
                Self::Redshift => "VARCHAR(65535)",
            },
            (HiveType::Binary, Self::PostgreSql) => "BYTEA",
            (HiveType::Binary, Self::MySql) => "LONGBLOB",
            (HiveType::Date, _) => "DATE",
            (HiveType::Timestamp | HiveType::TimestampLocal, _) => {
                if mysql {
                    "DATETIME(6)"
                } else {
                    "TIMESTAMP"
                }
            }
            (HiveType::Array(element), Self::PostgreSql) if !matches!(**element, HiveType::Array(_)) => {
                return Ok(format!("{}[]", self.column_type(element)?));
            }
            _ => return Err(format!("{self} has no type for `{ty}`")),
        };
        Ok(name.to_owned())
    }

    /// The condition under which a row is of one of `count` parts, told by a whole number. Null is of the first part.
    #[must_use]
    pub fn part_by_number(self, expression: &str, count: u64, part: u64) -> String {
        format!("COALESCE(ABS(({expression}) % {count}), 0) = {part}")
    }

    /// The same, told by any column.
    #[must_use]
    pub fn part_by_hash(self, column: &str, count: u64, part: u64) -> String {
        let column = self.quoted(column);
        let number = match self {
            Self::MySql => format!("CRC32({column})"),
            // Redshift and PostgreSQL have no documented hash function in common but this one.
            Self::PostgreSql | Self::Redshift => {
                let digit = |at| format!("ASCII(SUBSTRING(MD5(CAST({column} AS varchar)), {at}, 1))");
                format!("{} * 65536 + {} * 256 + {}", digit(1), digit(2), digit(3))
            }
        };
        self.part_by_number(&number, count, part)
    }
}

/// A name up to the quote that ends it, and what follows; a doubled quote is part of the name.
fn quoted_part(text: &str, quote: char) -> Option<(String, &str)> {
    let (mut part, mut rest) = (String::new(), text);
    loop {
        let (before, after) = rest.split_once(quote)?;
        part.push_str(before);
        match after.strip_prefix(quote) {
            Some(more) => {
                part.push(quote);
                rest = more;
            }
            None => return Some((part, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(Engine::MySql.path(&["a`b", "c"]), "`a``b`.`c`");
        assert_eq!(Engine::PostgreSql.list(["a\"b", "C"]), "\"a\"\"b\", \"C\"");
    }

    #[test]
    fn names_are_read() {
        let read = |engine: Engine, text: &str| engine.name_of(text);
        let parts = |parts: &[&str]| Some(parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(Engine::PostgreSql, "Public.\"Fl\"\"ights\""), parts(&["public", "Fl\"ights"]));
        assert_eq!(read(Engine::MySql, "nyc.`a.b`"), parts(&["nyc", "a.b"]));
        assert_eq!(read(Engine::Redshift, "\"A\""), parts(&["a"]));
        for text in ["", "a.", "a b", "(SELECT 1) t", "\"a"] {
            assert_eq!(read(Engine::PostgreSql, text), None, "{text}");
        }
    }

    #[test]
    fn types() {
        let made = |engine: Engine, ty: &str| engine.column_type(&ty.parse().unwrap());
        for (ty, postgres, mysql, redshift) in [
            ("boolean", "BOOLEAN", "BIT(1)", "BOOLEAN"),
            ("tinyint", "SMALLINT", "TINYINT", "SMALLINT"),
            ("float", "REAL", "FLOAT", "REAL"),
            ("decimal(10,2)", "NUMERIC(10,2)", "DECIMAL(10,2)", "NUMERIC(10,2)"),
            ("string", "TEXT", "LONGTEXT", "VARCHAR(65535)"),
            ("timestamp", "TIMESTAMP", "DATETIME(6)", "TIMESTAMP"),
        ] {
            assert_eq!(made(Engine::PostgreSql, ty).unwrap(), postgres);
            assert_eq!(made(Engine::MySql, ty).unwrap(), mysql);
            assert_eq!(made(Engine::Redshift, ty).unwrap(), redshift);
        }
        assert_eq!(made(Engine::PostgreSql, "array<int>").unwrap(), "INTEGER[]");
        assert_eq!(made(Engine::MySql, "array<int>").unwrap_err(), "MySQL has no type for `array<int>`");
        assert!(made(Engine::PostgreSql, "struct<a:int>").is_err());
        assert!(made(Engine::Redshift, "binary").is_err());
    }

    #[test]
    fn literals() {
        let of = |engine: Engine, ty: &str, text: &str| engine.literal(&ty.parse().unwrap(), text);
        assert_eq!(of(Engine::MySql, "bigint", "-5"), Ok("-5".to_owned()));
        assert_eq!(of(Engine::MySql, "string", "a'b\\"), Ok("'a''b\\\\'".to_owned()));
        assert_eq!(of(Engine::PostgreSql, "string", "a'b\\"), Ok("'a''b\\'".to_owned()));
        assert_eq!(of(Engine::PostgreSql, "date", "2024-02-29"), Ok("'2024-02-29'".to_owned()));
        assert!(of(Engine::PostgreSql, "int", "1 OR 1 = 1").is_err());
        assert_eq!(of(Engine::MySql, "boolean", "true"), Ok("1".to_owned()));
        assert_eq!(of(Engine::MySql, "binary", "\\x00ff"), Ok("X'00ff'".to_owned()));
        assert!(of(Engine::MySql, "binary", "\\x00' OR '").is_err());
        assert_eq!(of(Engine::PostgreSql, "binary", "\\x00ff"), Ok("'\\x00ff'".to_owned()));
    }

    #[test]
    fn parts() {
        assert_eq!(Engine::MySql.part_by_number("id", 4, 1), "COALESCE(ABS((id) % 4), 0) = 1");
        assert_eq!(Engine::MySql.part_by_hash("c", 2, 0), "COALESCE(ABS((CRC32(`c`)) % 2), 0) = 0");
    }
}
