//! Values of rows, as text too.

use crate::calendar;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number of single precision.
    Real(f32),
    /// A number of double precision.
    Double(f64),
    /// A decimal: its digits, and how many of them stand behind the point.
    Decimal(i128, u8),
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970, in UTC.
    Timestamp(i64),
    /// Values of one type.
    Array(Vec<Value>),
}

/// The values of a row, in the order of its columns.
pub type Row = Vec<Value>;

impl Value {
    /// The bytes that it takes, about.
    #[must_use]
    pub fn size(&self) -> usize {
        let more = match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Array(values) => values.iter().map(Self::size).sum(),
            _ => 0,
        };
        size_of::<Self>() + more
    }

    /// The text that databases read the value from; none stands for null.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Real(value) => number((*value).into(), format!("{value:?}"), value.to_string()),
            Self::Double(value) => number(*value, format!("{value:?}"), value.to_string()),
            Self::Decimal(digits, scale) => decimal(*digits, *scale),
            Self::Text(value) => value.clone(),
            Self::Binary(bytes) => {
                let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
                "\\x".chars().chain(digits).collect()
            }
            Self::Date(days) => dated(*days, ""),
            Self::Timestamp(micros) => {
                let (days, rest) = calendar::days(*micros);
                let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
                let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                dated(days, &format!(" {hours:02}:{minutes:02}:{:02}.{micros:06}", seconds % 60))
            }
            Self::Array(values) => {
                let elements: Vec<String> = values.iter().map(element).collect();
                format!("{{{}}}", elements.join(","))
            }
        })
    }
}

/// A number in the shortest form that is read back as itself; a whole one without a point.
fn number(value: f64, exact: String, plain: String) -> String {
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        _ if value.abs() < 1e15 => plain,
        _ => exact,
    }
}

/// A decimal with its point.
pub(crate) fn decimal(digits: i128, scale: u8) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let mut text = format!("{:0width$}", digits.unsigned_abs(), width = scale + 1);
    if scale > 0 {
        text.insert(text.len() - scale, '.');
    }
    format!("{sign}{text}")
}

/// A date with what follows it; years before the first are told as PostgreSQL does.
fn dated(days: i32, rest: &str) -> String {
    let (year, month, day) = calendar::date(days);
    match year {
        1.. => format!("{year:04}-{month:02}-{day:02}{rest}"),
        _ => format!("{:04}-{month:02}-{day:02}{rest} BC", 1 - year),
    }
}

/// A value within the text of an array.
fn element(value: &Value) -> String {
    match value {
        Value::Array(_) => value.text().unwrap_or_default(),
        _ => match value.text() {
            None => "NULL".to_owned(),
            Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let text = |value: Value| value.text().unwrap();
        assert_eq!(Value::Null.text(), None);
        assert_eq!(text(Value::Double(2.0)), "2");
        assert_eq!(text(Value::Double(1e300)), "1e300");
        assert_eq!(text(Value::Real(0.1)), "0.1");
        assert_eq!(text(Value::Double(f64::NEG_INFINITY)), "-Infinity");
        assert_eq!(text(Value::Decimal(-5, 2)), "-0.05");
        assert_eq!(text(Value::Decimal(12345, 2)), "123.45");
        assert_eq!(text(Value::Decimal(7, 0)), "7");
        assert_eq!(text(Value::Binary(vec![0, 255])), "\\x00ff");
        assert_eq!(text(Value::Date(0)), "1970-01-01");
        assert_eq!(text(Value::Date(-719_529)), "0002-12-31 BC");
        assert_eq!(text(Value::Timestamp(-1)), "1969-12-31 23:59:59.999999");
        let list = vec![Value::Text("a\"\\".to_owned()), Value::Null, Value::Int(1)];
        assert_eq!(text(Value::Array(list)), r#"{"a\"\\",NULL,"1"}"#);
    }
}
