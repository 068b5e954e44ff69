//! Literals and stored values as their key's type sees them.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The types by which partitions can be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyType {
    Text,
    Integer,
    Decimal,
    Date,
    Timestamp,
}

impl KeyType {
    /// The class of a key's type text; nothing when its values cannot be compared.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let name = lower.split_once('(').map_or(lower.as_str(), |(name, _)| name).trim_end();
        match name {
            "string" | "char" | "varchar" => Some(Self::Text),
            "tinyint" | "smallint" | "int" | "integer" | "bigint" | "long" => Some(Self::Integer),
            "decimal" => Some(Self::Decimal),
            "date" => Some(Self::Date),
            "timestamp" => Some(Self::Timestamp),
            _ => None,
        }
    }

    /// The name that AWS gives the class when it has no LIKE.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Text => "String",
            Self::Integer => "Integral",
            Self::Decimal => "Decimal",
            Self::Date => "Date",
            Self::Timestamp => "Timestamp",
        }
    }

    /// A text as a value of this class.
    ///
    /// # Errors
    /// AWS's text for a value that is not one.
    pub(super) fn cast(self, text: &str) -> Result<Value<'_>, String> {
        match self {
            Self::Text => Ok(Value::Text(Cow::Borrowed(text))),
            Self::Integer => {
                text.parse().map(Value::Integer).map_err(|_| format!("\"{text}\" is not an integer."))
            }
            Self::Decimal => {
                Number::parse(text).map(Value::Decimal).ok_or_else(|| format!("{text} is not a decimal."))
            }
            Self::Date => date(text).map(Value::Date).ok_or_else(|| format!("{text} is not a date.")),
            Self::Timestamp => timestamp(text).map(Value::Timestamp).ok_or_else(|| {
                format!("Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff] {text} is not a timestamp.")
            }),
        }
    }
}

/// A value of one class. Only values of one class are ever compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Integer(i128),
    Decimal(Number),
    Date(CivilDate),
    Timestamp(CivilTime),
}

impl Value<'_> {
    /// The same value, for keeping.
    pub(super) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Integer(number) => Value::Integer(number),
            Self::Decimal(number) => Value::Decimal(number),
            Self::Date(date) => Value::Date(date),
            Self::Timestamp(time) => Value::Timestamp(time),
        }
    }
}

/// Year, month, day.
type CivilDate = (u16, u8, u8);
/// Date, hour, minute, second, nanosecond.
type CivilTime = (CivilDate, u8, u8, u8, u32);

/// A decimal number of any length, compared exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    negative: bool,
    /// Significant digits without leading or trailing zeros; empty for zero.
    digits: String,
    /// Where the point stands, counted from before the first digit.
    point: i64,
}

impl Number {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, i64::from(exponent.parse::<i32>().ok()?)),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let significant = all.trim_start_matches('0');
        let leading = i64::try_from(all.len() - significant.len()).ok()?;
        let digits = significant.trim_end_matches('0').to_owned();
        let zero = digits.is_empty();
        let point = if zero { 0 } else { i64::try_from(whole.len()).ok()? - leading + exponent };
        Some(Self { negative: !zero && mantissa.starts_with('-'), digits, point })
    }

    /// Whether it is below zero, its significant digits, and where the point stands before or behind their beginning.
    pub(super) fn parts(&self) -> (bool, &str, i64) {
        (self.negative, &self.digits, self.point)
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `yyyy-MM-dd`, a day that the calendar has.
fn date(text: &str) -> Option<CivilDate> {
    let mut parts = text.split('-');
    let year: u16 = digits(parts.next()?, 4)?;
    let month: u8 = digits(parts.next()?, 2)?;
    let day: u8 = digits(parts.next()?, 2)?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (parts.next().is_none() && year > 0 && (1..=last).contains(&day)).then_some((year, month, day))
}

/// `yyyy-mm-dd hh:mm:ss` with up to nine digits of fraction.
fn timestamp(text: &str) -> Option<CivilTime> {
    let (day, clock) = text.split_once(' ')?;
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let mut parts = clock.split(':');
    let hour: u8 = digits(parts.next()?, 2)?;
    let minute: u8 = digits(parts.next()?, 2)?;
    let second: u8 = digits(parts.next()?, 2)?;
    let nanos = match fraction {
        Some(fraction) if fraction.is_empty() || fraction.len() > 9 => return None,
        Some(fraction) => digits(&format!("{fraction:0<9}"), 9)?,
        None => 0,
    };
    (parts.next().is_none() && hour < 24 && minute < 60 && second < 60).then_some((
        date(day)?,
        hour,
        minute,
        second,
        nanos,
    ))
}

/// Exactly `length` ASCII digits as a number.
fn digits<T: std::str::FromStr>(text: &str, length: usize) -> Option<T> {
    (text.len() == length && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::{KeyType, Number};

    #[test]
    fn numbers_compare_exactly() {
        let ordered =
            ["-3e14", "-12", "-1.5", "-1e-9", "0", "1e-9", "0.1", "1", "2.6", "2.60001", "1e2", "3e14"];
        for pair in ordered.windows(2) {
            let [a, b] = [Number::parse(pair[0]).unwrap(), Number::parse(pair[1]).unwrap()];
            assert!(a < b, "{} < {}", pair[0], pair[1]);
        }
        for (a, b) in
            [("100", "1e2"), ("-0", "0.00"), ("2.60", "2.6"), ("0.012", "12e-3"), (".5", "0.5"), ("5.", "5")]
        {
            assert_eq!(Number::parse(a), Number::parse(b), "{a} = {b}");
        }
        for bad in ["", ".", "-", "e5", "1e", "1e5.0", "0x1", "NaN", "1 ", "1e99999999999"] {
            assert_eq!(Number::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_and_timestamps_are_of_the_calendar() {
        let ok = |ty: KeyType, text: &str| ty.cast(text).is_ok();
        assert!(ok(KeyType::Date, "2024-02-29") && !ok(KeyType::Date, "2023-02-29"));
        assert!(
            !ok(KeyType::Date, "2023-13-01") && !ok(KeyType::Date, "2023-1-1") && !ok(KeyType::Date, "x")
        );
        assert!(ok(KeyType::Timestamp, "2023-01-01 23:59:59.123456789"));
        for bad in [
            "2023-01-01",
            "2023-01-01T00:00:00",
            "2023-01-01 24:00:00",
            "2023-01-01 00:00:00.",
            "2023-01-01 00:00:00.1234567890",
        ] {
            assert!(!ok(KeyType::Timestamp, bad), "{bad}");
        }
        let cast = |text: &'static str| KeyType::Timestamp.cast(text).unwrap();
        assert!(cast("2023-01-01 00:00:00.000000001") > cast("2023-01-01 00:00:00"));
        assert_eq!(cast("2023-01-01 00:00:00.1"), cast("2023-01-01 00:00:00.100"));
    }
}
