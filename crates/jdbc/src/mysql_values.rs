//! MySQL's and MariaDB's values in the binary form of their protocol.

use mastic_hive::HiveType;
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column as Found, Value as Sent};

use crate::calendar;
use crate::postgres_types::decimal;
use crate::rows::Column;
use crate::url::Engine;
use crate::value::{self, Value};

/// The character set of bytes that are no text.
const BINARY: u16 = 63;

/// How values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Whether `tinyint(1)` is boolean.
    pub(crate) tiny_is_boolean: bool,
    /// Whether dates of zeros are null, and not errors.
    pub(crate) zero_is_null: bool,
}

/// How a column is read.
pub(crate) fn column(found: &Found, reading: Reading) -> Column {
    let name = found.name_str().into_owned();
    let flags = found.flags();
    let unsigned = flags.contains(ColumnFlags::UNSIGNED_FLAG);
    let length = found.column_length();
    let binary = found.character_set() == BINARY;
    let (ty, jdbc_type, raw_type) = match found.column_type() {
        ColumnType::MYSQL_TYPE_TINY if reading.tiny_is_boolean && length == 1 => {
            (HiveType::Boolean, "BIT", "tinyint(1)")
        }
        ColumnType::MYSQL_TYPE_TINY if unsigned => (HiveType::SmallInt, "TINYINT", "tinyint unsigned"),
        ColumnType::MYSQL_TYPE_TINY => (HiveType::TinyInt, "TINYINT", "tinyint"),
        ColumnType::MYSQL_TYPE_SHORT if unsigned => (HiveType::Int, "SMALLINT", "smallint unsigned"),
        ColumnType::MYSQL_TYPE_SHORT => (HiveType::SmallInt, "SMALLINT", "smallint"),
        ColumnType::MYSQL_TYPE_INT24 => (HiveType::Int, "INTEGER", "mediumint"),
        ColumnType::MYSQL_TYPE_LONG if unsigned => (HiveType::BigInt, "INTEGER", "int unsigned"),
        ColumnType::MYSQL_TYPE_LONG => (HiveType::Int, "INTEGER", "int"),
        ColumnType::MYSQL_TYPE_LONGLONG if unsigned => {
            (HiveType::Decimal { precision: 20, scale: 0 }, "BIGINT", "bigint unsigned")
        }
        ColumnType::MYSQL_TYPE_LONGLONG => (HiveType::BigInt, "BIGINT", "bigint"),
        ColumnType::MYSQL_TYPE_FLOAT => (HiveType::Float, "REAL", "float"),
        ColumnType::MYSQL_TYPE_DOUBLE => (HiveType::Double, "DOUBLE", "double"),
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => {
            let scale = i64::from(found.decimals());
            // The length counts the point and the sign, too.
            let precision = i64::from(length) - i64::from(scale > 0) - i64::from(!unsigned);
            (decimal(precision, scale), "DECIMAL", "decimal")
        }
        ColumnType::MYSQL_TYPE_BIT if length == 1 => (HiveType::Boolean, "BIT", "bit(1)"),
        ColumnType::MYSQL_TYPE_BIT => (HiveType::Binary, "BIT", "bit"),
        ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => (HiveType::Date, "DATE", "date"),
        ColumnType::MYSQL_TYPE_YEAR => (HiveType::Date, "DATE", "year"),
        ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_DATETIME2 => {
            (HiveType::Timestamp, "TIMESTAMP", "datetime")
        }
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => {
            (HiveType::Timestamp, "TIMESTAMP", "timestamp")
        }
        ColumnType::MYSQL_TYPE_TIME | ColumnType::MYSQL_TYPE_TIME2 => (HiveType::String, "TIME", "time"),
        ColumnType::MYSQL_TYPE_GEOMETRY => (HiveType::Binary, "BINARY", "geometry"),
        ColumnType::MYSQL_TYPE_JSON => (HiveType::String, "LONGVARCHAR", "json"),
        ColumnType::MYSQL_TYPE_TINY_BLOB
        | ColumnType::MYSQL_TYPE_BLOB
        | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
        | ColumnType::MYSQL_TYPE_LONG_BLOB => {
            if binary {
                (HiveType::Binary, "LONGVARBINARY", "blob")
            } else {
                (HiveType::String, "LONGVARCHAR", "text")
            }
        }
        _ if flags.contains(ColumnFlags::ENUM_FLAG) => (HiveType::String, "CHAR", "enum"),
        _ if flags.contains(ColumnFlags::SET_FLAG) => (HiveType::String, "CHAR", "set"),
        ColumnType::MYSQL_TYPE_STRING if binary => (HiveType::Binary, "BINARY", "binary"),
        ColumnType::MYSQL_TYPE_STRING => (HiveType::String, "CHAR", "char"),
        _ if binary => (HiveType::Binary, "VARBINARY", "varbinary"),
        _ => (HiveType::String, "VARCHAR", "varchar"),
    };
    let expression = Engine::MySql.quoted(&name);
    Column { name, ty, jdbc_type, raw_type: raw_type.to_owned(), expression }
}

/// A value that the server sent, as one of its column's type.
pub(crate) fn read(sent: Sent, column: &Column, reading: Reading) -> Result<Value, String> {
    Ok(match (sent, &column.ty) {
        (Sent::NULL, _) => Value::Null,
        (Sent::Int(number), HiveType::Boolean) => Value::Bool(number != 0),
        (Sent::UInt(number), HiveType::Boolean) => Value::Bool(number != 0),
        (Sent::Bytes(bits), HiveType::Boolean) => Value::Bool(bits.iter().any(|byte| *byte != 0)),
        (Sent::Int(year), HiveType::Date) => january(year, reading)?,
        (Sent::UInt(year), HiveType::Date) => january(i64::try_from(year).unwrap_or_default(), reading)?,
        (Sent::Int(number), HiveType::Decimal { .. }) => Value::Decimal(number.into(), 0),
        (Sent::UInt(number), HiveType::Decimal { .. }) => Value::Decimal(number.into(), 0),
        (Sent::Bytes(text), HiveType::Decimal { precision, scale }) => {
            let text = std::str::from_utf8(&text).map_err(|_| "it is no number".to_owned())?;
            Value::Decimal(digits(text, *precision, *scale)?, *scale)
        }
        (Sent::Int(number), _) => Value::Int(number),
        (Sent::UInt(number), _) => {
            Value::Int(i64::try_from(number).map_err(|_| "it is too large".to_owned())?)
        }
        (Sent::Float(number), _) => Value::Real(number),
        (Sent::Double(number), _) => Value::Double(number),
        (Sent::Date(_, 0, ..) | Sent::Date(_, _, 0, ..), _) => zero(reading)?,
        (Sent::Date(year, month, day, ..), HiveType::Date) => {
            Value::Date(calendar::day_number(year.into(), month, day))
        }
        (Sent::Date(year, month, day, hour, minute, second, micros), _) => {
            let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
            let day = calendar::day_number(year.into(), month, day);
            Value::Timestamp(calendar::moment(day, seconds * 1_000_000 + i64::from(micros)))
        }
        (Sent::Time(negative, days, hours, minutes, seconds, micros), _) => {
            let sign = if negative { "-" } else { "" };
            let hours = days * 24 + u32::from(hours);
            let fraction = if micros > 0 { format!(".{micros:06}") } else { String::new() };
            Value::Text(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"))
        }
        (Sent::Bytes(bytes), HiveType::Binary) => Value::Binary(bytes),
        (Sent::Bytes(bytes), _) => {
            Value::Text(String::from_utf8(bytes).map_err(|_| "the text is not UTF-8".to_owned())?)
        }
    })
}

/// The first day of a year.
fn january(year: i64, reading: Reading) -> Result<Value, String> {
    if year == 0 { zero(reading) } else { Ok(Value::Date(calendar::day_number(year, 1, 1))) }
}

/// A date of which a part is zero.
fn zero(reading: Reading) -> Result<Value, String> {
    match reading.zero_is_null {
        true => Ok(Value::Null),
        false => {
            Err("it is a date of zeros, which is none (zeroDateTimeBehavior=CONVERT_TO_NULL reads null)"
                .to_owned())
        }
    }
}

/// The digits of a decimal's text with so many of them behind the point, rounded half up.
fn digits(text: &str, precision: u8, scale: u8) -> Result<i128, String> {
    let wide = || format!("it does not fit decimal({precision},{scale})");
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let mut digits: i128 = 0;
    let kept = fraction.chars().chain(std::iter::repeat('0')).take(scale.into());
    for letter in whole.chars().chain(kept) {
        let digit = letter.to_digit(10).ok_or_else(|| "it is no number".to_owned())?;
        digits =
            digits.checked_mul(10).and_then(|so_far| so_far.checked_add(digit.into())).ok_or_else(wide)?;
    }
    if fraction.chars().nth(scale.into()).is_some_and(|next| next >= '5') {
        digits += 1;
    }
    if 10i128.checked_pow(precision.into()).is_some_and(|limit| digits >= limit) {
        return Err(wide());
    }
    Ok(if negative { -digits } else { digits })
}

/// A value as it is sent.
pub(crate) fn sent(value: &Value) -> Result<Sent, String> {
    Ok(match value {
        Value::Null => Sent::NULL,
        Value::Bool(value) => Sent::Int((*value).into()),
        Value::Int(value) => Sent::Int(*value),
        Value::Real(value) if value.is_finite() => Sent::Float(*value),
        Value::Double(value) if value.is_finite() => Sent::Double(*value),
        Value::Real(_) | Value::Double(_) => {
            return Err(format!("MySQL has no number {}", value.text().unwrap_or_default()));
        }
        Value::Decimal(digits, scale) => Sent::Bytes(value::decimal(*digits, *scale).into_bytes()),
        Value::Text(text) => Sent::Bytes(text.clone().into_bytes()),
        Value::Binary(bytes) => Sent::Bytes(bytes.clone()),
        Value::Date(days) => dated(*days, 0)?,
        Value::Timestamp(micros) => {
            let (days, rest) = calendar::days(*micros);
            dated(days, rest)?
        }
        Value::Array(_) => return Err("MySQL has no arrays".to_owned()),
    })
}

fn dated(days: i32, micros: i64) -> Result<Sent, String> {
    let (year, month, day) = calendar::date(days);
    let year = u16::try_from(year).ok().filter(|year| *year <= 9999);
    let year = year.ok_or_else(|| "MySQL has dates of the years 0 to 9999 only".to_owned())?;
    let small = |number: i64| u8::try_from(number).unwrap_or_default();
    let seconds = micros / 1_000_000;
    let fraction = u32::try_from(micros % 1_000_000).unwrap_or_default();
    Ok(Sent::Date(
        year,
        month,
        day,
        small(seconds / 3600),
        small(seconds / 60 % 60),
        small(seconds % 60),
        fraction,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Reading = Reading { tiny_is_boolean: true, zero_is_null: false };

    fn of(ty: ColumnType, flags: ColumnFlags, length: u32, decimals: u8, set: u16) -> String {
        let found = Found::new(ty)
            .with_name(b"c")
            .with_flags(flags)
            .with_column_length(length)
            .with_decimals(decimals)
            .with_character_set(set);
        column(&found, PLAIN).ty.to_string()
    }

    #[test]
    fn types() {
        let (none, unsigned) = (ColumnFlags::empty(), ColumnFlags::UNSIGNED_FLAG);
        assert_eq!(of(ColumnType::MYSQL_TYPE_TINY, none, 1, 0, 63), "boolean");
        assert_eq!(of(ColumnType::MYSQL_TYPE_TINY, none, 4, 0, 63), "tinyint");
        assert_eq!(of(ColumnType::MYSQL_TYPE_LONG, unsigned, 10, 0, 63), "bigint");
        assert_eq!(of(ColumnType::MYSQL_TYPE_LONGLONG, unsigned, 20, 0, 63), "decimal(20,0)");
        assert_eq!(of(ColumnType::MYSQL_TYPE_NEWDECIMAL, none, 12, 2, 63), "decimal(10,2)");
        assert_eq!(of(ColumnType::MYSQL_TYPE_NEWDECIMAL, unsigned, 11, 2, 63), "decimal(10,2)");
        assert_eq!(of(ColumnType::MYSQL_TYPE_NEWDECIMAL, none, 67, 30, 63), "decimal(38,30)");
        assert_eq!(of(ColumnType::MYSQL_TYPE_BLOB, none, 0, 0, 63), "binary");
        assert_eq!(of(ColumnType::MYSQL_TYPE_BLOB, none, 0, 0, 45), "string");
        assert_eq!(of(ColumnType::MYSQL_TYPE_STRING, ColumnFlags::ENUM_FLAG, 4, 0, 45), "string");
        assert_eq!(of(ColumnType::MYSQL_TYPE_BIT, none, 8, 0, 63), "binary");
        assert_eq!(of(ColumnType::MYSQL_TYPE_YEAR, none, 4, 0, 63), "date");
    }

    #[test]
    fn values() {
        let typed = |ty: &str| Column {
            name: "c".to_owned(),
            ty: ty.parse().unwrap(),
            jdbc_type: "",
            raw_type: String::new(),
            expression: String::new(),
        };
        let value = |sent: Sent, ty: &str| read(sent, &typed(ty), PLAIN);
        assert_eq!(value(Sent::Bytes(b"-1.005".to_vec()), "decimal(5,2)"), Ok(Value::Decimal(-101, 2)));
        assert_eq!(value(Sent::Bytes(b"12".to_vec()), "decimal(5,2)"), Ok(Value::Decimal(1200, 2)));
        assert!(value(Sent::Bytes(b"1000".to_vec()), "decimal(5,2)").is_err());
        assert_eq!(value(Sent::UInt(u64::MAX), "decimal(20,0)"), Ok(Value::Decimal(u64::MAX.into(), 0)));
        assert_eq!(value(Sent::Int(2024), "date"), Ok(Value::Date(19_723)));
        assert_eq!(
            value(Sent::Date(1970, 1, 2, 0, 0, 1, 5), "timestamp"),
            Ok(Value::Timestamp(86_401_000_005))
        );
        assert_eq!(
            value(Sent::Time(true, 1, 2, 3, 4, 5), "string"),
            Ok(Value::Text("-26:03:04.000005".to_owned()))
        );
        assert!(value(Sent::Date(0, 0, 0, 0, 0, 0, 0), "date").unwrap_err().contains("zeroDateTimeBehavior"));
        let lenient = Reading { zero_is_null: true, ..PLAIN };
        assert_eq!(read(Sent::Date(2024, 0, 1, 0, 0, 0, 0), &typed("date"), lenient), Ok(Value::Null));
    }

    #[test]
    fn what_is_sent() {
        assert_eq!(sent(&Value::Timestamp(86_401_000_005)), Ok(Sent::Date(1970, 1, 2, 0, 0, 1, 5)));
        assert_eq!(sent(&Value::Decimal(-5, 2)), Ok(Sent::Bytes(b"-0.05".to_vec())));
        assert!(sent(&Value::Double(f64::NAN)).unwrap_err().contains("NaN"));
        assert!(sent(&Value::Date(10_000_000)).unwrap_err().contains("9999"));
    }
}
