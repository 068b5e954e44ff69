//! The column types of the catalog, as Hive writes them.

mod parse;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;

/// A column type. `FromStr` reads it in any case, `Display` writes Glue's canonical text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HiveType {
    /// `void`: nothing but nulls has been seen.
    Void,
    /// `boolean`.
    Boolean,
    /// `tinyint`, also written `byte`: 8 bits.
    TinyInt,
    /// `smallint`, also written `short`: 16 bits.
    SmallInt,
    /// `int`, also written `integer`: 32 bits.
    Int,
    /// `bigint`, also written `long`: 64 bits.
    BigInt,
    /// `float`, also written `real`: 32 bits.
    Float,
    /// `double`: 64 bits.
    Double,
    /// `decimal(precision,scale)`; a bare `decimal` is `decimal(10,0)`.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits behind the point, at most `precision`.
        scale: u8,
    },
    /// `string`.
    String,
    /// `char(length)`, 1 to 255 characters.
    Char(u8),
    /// `varchar(length)`, 1 to 65,535 characters.
    Varchar(u16),
    /// `binary`.
    Binary,
    /// `date`.
    Date,
    /// `timestamp`.
    Timestamp,
    /// `timestamp with local time zone`.
    TimestampLocal,
    /// `interval_year_month`.
    IntervalYearMonth,
    /// `interval_day_time`.
    IntervalDayTime,
    /// `array<element>`.
    Array(Box<HiveType>),
    /// `map<key,value>`.
    Map(Box<HiveType>, Box<HiveType>),
    /// `struct<name:type,...>`; may be empty.
    Struct(Vec<StructField>),
    /// `uniontype<type,...>`.
    Union(Vec<HiveType>),
}

/// One field of a struct. Its name keeps the case in which it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StructField {
    /// The field's name.
    pub name: String,
    /// The field's type.
    pub ty: HiveType,
}

impl StructField {
    /// A field.
    pub fn new(name: impl Into<String>, ty: HiveType) -> Self {
        Self { name: name.into(), ty }
    }
}

/// A text that is not a type. The text says where it stops being one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a column type: {reason}")]
pub struct ParseTypeError {
    text: String,
    reason: String,
}

impl HiveType {
    /// How deep a type may nest. Parsing refuses more, so that a hostile type text cannot
    /// exhaust the stack.
    pub const MAX_DEPTH: usize = 128;

    /// The same type with every `void` made `string`: what a crawl writes for columns in which
    /// it met nothing but nulls.
    #[must_use]
    pub fn without_void(self) -> Self {
        match self {
            Self::Void => Self::String,
            Self::Array(element) => Self::Array(Box::new(element.without_void())),
            Self::Map(key, value) => Self::Map(Box::new(key.without_void()), Box::new(value.without_void())),
            Self::Struct(fields) => Self::Struct(
                fields.into_iter().map(|f| StructField { name: f.name, ty: f.ty.without_void() }).collect(),
            ),
            Self::Union(members) => Self::Union(members.into_iter().map(Self::without_void).collect()),
            other => other,
        }
    }
}

impl fmt::Display for HiveType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Void => f.write_str("void"),
            Self::Boolean => f.write_str("boolean"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::String => f.write_str("string"),
            Self::Char(length) => write!(f, "char({length})"),
            Self::Varchar(length) => write!(f, "varchar({length})"),
            Self::Binary => f.write_str("binary"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::TimestampLocal => f.write_str("timestamp with local time zone"),
            Self::IntervalYearMonth => f.write_str("interval_year_month"),
            Self::IntervalDayTime => f.write_str("interval_day_time"),
            Self::Array(element) => write!(f, "array<{element}>"),
            Self::Map(key, value) => write!(f, "map<{key},{value}>"),
            Self::Struct(fields) => {
                f.write_str("struct<")?;
                for (i, field) in fields.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma}{}:{}", FieldName(&field.name), field.ty)?;
                }
                f.write_str(">")
            }
            Self::Union(members) => {
                f.write_str("uniontype<")?;
                for (i, member) in members.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma}{member}")?;
                }
                f.write_str(">")
            }
        }
    }
}

/// A struct field's name, between back-ticks where it would otherwise not be read back.
struct FieldName<'a>(&'a str);

impl fmt::Display for FieldName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = !self.0.is_empty()
            && self.0.trim() == self.0
            && !self.0.contains([':', '<', '>', ',', '`', '(', ')']);
        if plain { f.write_str(self.0) } else { write!(f, "`{}`", self.0.replace('`', "``")) }
    }
}
