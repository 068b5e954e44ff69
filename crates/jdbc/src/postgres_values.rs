//! PostgreSQL's values in the binary form of its protocol ("Data types" in its documentation and the send functions of
//! each type).

use mastic_hive::HiveType;
use tokio_postgres::types::{FromSql, Kind, Type};

use crate::postgres_types::{UNBOUNDED, decimal};
use crate::rows::Column;
use crate::url::Engine;
use crate::value::Value;

/// Days and microseconds from 1970 to 2000, where PostgreSQL counts from.
const DAYS: i32 = 10_957;
const MICROS: i64 = 946_684_800_000_000;

/// What stands for infinite times, as Spark reads them: the first and the last moment that it has.
const FIRST: (i32, i64) = (-719_162, -62_135_596_800_000_000);
const LAST: (i32, i64) = (2_932_896, 253_402_300_799_999_999);

/// The form in which values of a column come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wire {
    Bool,
    Int16,
    Int32,
    Int64,
    Oid,
    Float32,
    Float64,
    Numeric { precision: u8, scale: u8 },
    Date,
    Timestamp,
    Text,
    Binary,
    Bit,
    Array(Box<Wire>),
}

impl Wire {
    /// The form of a type with its modifier, if it is one of those that are read as they come.
    pub(crate) fn of(ty: &Type, modifier: i32) -> Option<Self> {
        if let Kind::Array(element) = ty.kind() {
            let element = Self::of(element, modifier)?;
            return Some(Self::Array(Box::new(element)));
        }
        Some(match *ty {
            Type::BOOL => Self::Bool,
            Type::INT2 => Self::Int16,
            Type::INT4 => Self::Int32,
            Type::INT8 => Self::Int64,
            Type::OID => Self::Oid,
            Type::FLOAT4 => Self::Float32,
            Type::FLOAT8 => Self::Float64,
            Type::NUMERIC => match bounds(modifier) {
                HiveType::Decimal { precision, scale } => Self::Numeric { precision, scale },
                _ => return None,
            },
            Type::DATE => Self::Date,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => Self::Timestamp,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON => Self::Text,
            Type::BYTEA => Self::Binary,
            Type::BIT if modifier == 1 => Self::Bit,
            _ => return None,
        })
    }

    fn ty(&self) -> HiveType {
        match self {
            Self::Bool | Self::Bit => HiveType::Boolean,
            Self::Int16 => HiveType::SmallInt,
            Self::Int32 => HiveType::Int,
            Self::Int64 | Self::Oid => HiveType::BigInt,
            Self::Float32 => HiveType::Float,
            Self::Float64 => HiveType::Double,
            Self::Numeric { precision, scale } => HiveType::Decimal { precision: *precision, scale: *scale },
            Self::Date => HiveType::Date,
            Self::Timestamp => HiveType::Timestamp,
            Self::Text => HiveType::String,
            Self::Binary => HiveType::Binary,
            Self::Array(element) => HiveType::Array(Box::new(element.ty())),
        }
    }

    /// The value in the bytes.
    pub(crate) fn value(&self, bytes: &[u8]) -> Result<Value, String> {
        let cut = || "the server sent a value of another length".to_owned();
        Ok(match self {
            Self::Bool => Value::Bool(bytes != [0]),
            Self::Int16 => Value::Int(i16::from_be_bytes(bytes.try_into().map_err(|_| cut())?).into()),
            Self::Int32 => Value::Int(int(bytes).ok_or_else(cut)?.into()),
            Self::Int64 => Value::Int(long(bytes).ok_or_else(cut)?),
            Self::Oid => Value::Int(u32::from_be_bytes(bytes.try_into().map_err(|_| cut())?).into()),
            Self::Float32 => Value::Real(f32::from_be_bytes(bytes.try_into().map_err(|_| cut())?)),
            Self::Float64 => Value::Double(f64::from_be_bytes(bytes.try_into().map_err(|_| cut())?)),
            Self::Numeric { precision, scale } => Value::Decimal(numeric(bytes, *precision, *scale)?, *scale),
            Self::Date => Value::Date(match int(bytes).ok_or_else(cut)? {
                i32::MIN => FIRST.0,
                i32::MAX => LAST.0,
                days => days.checked_add(DAYS).ok_or("the date is too late")?,
            }),
            Self::Timestamp => Value::Timestamp(match long(bytes).ok_or_else(cut)? {
                i64::MIN => FIRST.1,
                i64::MAX => LAST.1,
                micros => micros.checked_add(MICROS).ok_or("the moment is too late")?,
            }),
            Self::Text => Value::Text(
                std::str::from_utf8(bytes).map_err(|_| "the text is not UTF-8".to_owned())?.to_owned(),
            ),
            Self::Binary => Value::Binary(bytes.to_vec()),
            // The number of bits, then the bits.
            Self::Bit => Value::Bool(bytes.get(4).is_some_and(|bits| *bits != 0)),
            Self::Array(element) => Value::Array(array(bytes, element)?),
        })
    }
}

/// How a column is read: as it comes, or as text.
pub(crate) fn column(name: &str, ty: &Type, modifier: i32) -> Column {
    let quoted = Engine::PostgreSql.quoted(name);
    let (ty_read, expression) = match (Wire::of(ty, modifier), ty.kind()) {
        (Some(wire), _) => (wire.ty(), quoted.clone()),
        // Its form depends on a setting of the server.
        (None, _) if *ty == Type::MONEY => {
            (HiveType::Double, format!("{quoted}::numeric::float8 AS {quoted}"))
        }
        // As text it would have the length of its mask always.
        (None, _) if *ty == Type::INET => (
            HiveType::String,
            format!("CASE WHEN {quoted} IS NOT NULL THEN format('%s', {quoted}) END AS {quoted}"),
        ),
        (None, Kind::Array(_)) => {
            (HiveType::Array(Box::new(HiveType::String)), format!("{quoted}::text[] AS {quoted}"))
        }
        (None, _) => (HiveType::String, format!("{quoted}::text AS {quoted}")),
    };
    let raw_type = match (ty, bounds(modifier)) {
        (ty, HiveType::Decimal { precision, scale }) if *ty == Type::NUMERIC && modifier >= 0 => {
            format!("numeric({precision},{scale})")
        }
        (ty, _) => ty.name().to_owned(),
    };
    Column { name: name.to_owned(), ty: ty_read, jdbc_type: jdbc_type(ty), raw_type, expression }
}

/// What the JDBC driver calls a type.
fn jdbc_type(ty: &Type) -> &'static str {
    match *ty {
        Type::BOOL | Type::BIT => "BIT",
        Type::INT2 => "SMALLINT",
        Type::INT4 => "INTEGER",
        Type::INT8 | Type::OID => "BIGINT",
        Type::FLOAT4 => "REAL",
        Type::FLOAT8 | Type::MONEY => "DOUBLE",
        Type::NUMERIC => "NUMERIC",
        Type::DATE => "DATE",
        Type::TIME | Type::TIMETZ => "TIME",
        Type::TIMESTAMP | Type::TIMESTAMPTZ => "TIMESTAMP",
        Type::BYTEA => "BINARY",
        Type::BPCHAR | Type::CHAR => "CHAR",
        Type::TEXT | Type::VARCHAR | Type::NAME => "VARCHAR",
        Type::XML => "SQLXML",
        _ => match ty.kind() {
            Kind::Array(_) => "ARRAY",
            Kind::Enum(_) => "VARCHAR",
            _ => "OTHER",
        },
    }
}

/// Precision and scale of a `numeric` as its modifier tells them.
fn bounds(modifier: i32) -> HiveType {
    if modifier < 4 {
        return UNBOUNDED;
    }
    let packed = modifier - 4;
    // The scale has eleven bits and a sign.
    let scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
    decimal((packed >> 16).into(), scale.into())
}

fn int(bytes: &[u8]) -> Option<i32> {
    bytes.try_into().ok().map(i32::from_be_bytes)
}

fn long(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().ok().map(i64::from_be_bytes)
}

/// The digits of a number with so many of them behind the point, rounded half up.
fn numeric(bytes: &[u8], precision: u8, scale: u8) -> Result<i128, String> {
    let word =
        |at: usize| -> Option<i16> { bytes.get(2 * at..2 * at + 2)?.try_into().ok().map(i16::from_be_bytes) };
    let (Some(count), Some(weight), Some(sign)) = (word(0), word(1), word(2)) else {
        return Err("the server sent a number that is cut off".to_owned());
    };
    let negative = match sign as u16 {
        0 => false,
        0x4000 => true,
        0xC000 => return Err("it is NaN, which a decimal cannot be".to_owned()),
        _ => return Err("it is infinite, which a decimal cannot be".to_owned()),
    };
    let wide = || format!("it does not fit decimal({precision},{scale})");
    let mut digits: i128 = 0;
    for at in 0..i32::from(count) {
        let group = usize::try_from(at + 4).ok().and_then(word).ok_or("the number is cut off")?;
        let (group, power) = (i128::from(group), 4 * (i32::from(weight) - at) + i32::from(scale));
        let add = match power {
            0.. => {
                let factor = u32::try_from(power).ok().and_then(|power| 10i128.checked_pow(power));
                match factor {
                    _ if group == 0 => 0,
                    None => return Err(wide()),
                    Some(factor) => group.checked_mul(factor).ok_or_else(wide)?,
                }
            }
            // The group at the end: what is cut off rounds.
            -4..0 => {
                let factor = 10i128.pow(power.unsigned_abs());
                group / factor + i128::from(group % factor * 2 >= factor)
            }
            _ => 0,
        };
        digits = digits.checked_add(add).ok_or_else(wide)?;
    }
    if 10i128.checked_pow(precision.into()).is_some_and(|limit| digits >= limit) {
        return Err(wide());
    }
    Ok(if negative { -digits } else { digits })
}

/// The next bytes of a value of parts.
fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn array(bytes: &[u8], element: &Wire) -> Result<Vec<Value>, String> {
    let cut = || "the server sent an array that is cut off".to_owned();
    let mut rest = bytes;
    let mut next = || take(&mut rest, 4).and_then(int).ok_or_else(cut);
    // The number of dimensions, whether there are nulls, and the elements' type.
    let (dimensions, _, _) = (next()?, next()?, next()?);
    match dimensions {
        0 => return Ok(Vec::new()),
        1 => {}
        _ => return Err(format!("the array has {dimensions} dimensions, and only one can be held")),
    }
    let (count, _) = (next()?, next()?);
    let mut values = Vec::new();
    for _ in 0..count {
        let length = take(&mut rest, 4).and_then(int).ok_or_else(cut)?;
        values.push(match usize::try_from(length) {
            // Minus one stands for null.
            Err(_) => Value::Null,
            Ok(length) => element.value(take(&mut rest, length).ok_or_else(cut)?)?,
        });
    }
    Ok(values)
}

/// The bytes of a value of any type.
pub(crate) struct Raw<'a>(pub(crate) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(bytes))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar;

    fn number(weight: i16, sign: u16, groups: &[i16]) -> Vec<u8> {
        let head = [groups.len() as i16, weight, sign as i16, 0];
        head.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numbers() {
        let read = |bytes: &[u8], precision, scale| numeric(bytes, precision, scale);
        // 12345.67895
        let bytes = number(1, 0, &[1, 2345, 6789, 5000]);
        assert_eq!(read(&bytes, 10, 2), Ok(1_234_568));
        assert_eq!(read(&bytes, 10, 4), Ok(123_456_790));
        assert_eq!(read(&bytes, 10, 5), Ok(1_234_567_895));
        assert_eq!(read(&bytes, 10, 0), Ok(12_346));
        assert_eq!(read(&bytes, 6, 2).unwrap_err(), "it does not fit decimal(6,2)");
        assert_eq!(read(&number(1, 0x4000, &[1, 2345]), 5, 0), Ok(-12_345));
        // 0.00004 and 0.00005, of which the latter rounds up at four digits.
        assert_eq!(read(&number(-2, 0, &[4000]), 8, 4), Ok(0));
        assert_eq!(read(&number(-2, 0, &[5000]), 8, 4), Ok(1));
        assert_eq!(read(&number(-3, 0, &[9999]), 8, 4), Ok(0));
        assert_eq!(read(&number(0, 0, &[]), 1, 0), Ok(0));
        assert!(read(&number(0, 0xC000, &[]), 38, 18).unwrap_err().contains("NaN"));
        assert!(read(&number(20, 0, &[1]), 38, 18).unwrap_err().contains("decimal(38,18)"));
    }

    #[test]
    fn columns() {
        let made = |ty: &Type, modifier| {
            let column = column("c", ty, modifier);
            (column.ty.to_string(), column.expression)
        };
        let plain = "\"c\"".to_owned();
        assert_eq!(made(&Type::NUMERIC, (10 << 16) + 2 + 4), ("decimal(10,2)".to_owned(), plain.clone()));
        assert_eq!(made(&Type::NUMERIC, -1), ("decimal(38,18)".to_owned(), plain.clone()));
        assert_eq!(made(&Type::NUMERIC, (3 << 16) + 0x7fe + 4), ("decimal(5,0)".to_owned(), plain.clone()));
        assert_eq!(made(&Type::INT4_ARRAY, -1), ("array<int>".to_owned(), plain.clone()));
        assert_eq!(made(&Type::BIT, 1), ("boolean".to_owned(), plain));
        assert_eq!(made(&Type::BIT, 8), ("string".to_owned(), "\"c\"::text AS \"c\"".to_owned()));
        assert_eq!(made(&Type::UUID, -1).0, "string");
        assert_eq!(made(&Type::UUID_ARRAY, -1).1, "\"c\"::text[] AS \"c\"");
        assert_eq!(made(&Type::MONEY, -1).0, "double");
    }

    #[test]
    fn times_and_lists() {
        assert_eq!(Wire::Date.value(&0i32.to_be_bytes()), Ok(Value::Date(DAYS)));
        assert_eq!(
            Wire::Date.value(&i32::MAX.to_be_bytes()),
            Ok(Value::Date(calendar::day_number(9999, 12, 31)))
        );
        assert_eq!(Wire::Timestamp.value(&i64::MIN.to_be_bytes()), Ok(Value::Timestamp(FIRST.1)));
        assert_eq!(FIRST.1, calendar::moment(FIRST.0, 0));
        assert!(Wire::Int32.value(&[1]).is_err());
        let list: Vec<u8> =
            [1, 1, 23, 2, 1, 4, 7, -1].iter().flat_map(|word: &i32| word.to_be_bytes()).collect();
        let read = Wire::Array(Box::new(Wire::Int32)).value(&list);
        assert_eq!(read, Ok(Value::Array(vec![Value::Int(7), Value::Null])));
    }
}
