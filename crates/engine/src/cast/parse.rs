//! Text to values, by Spark's rules for casts that are not ANSI's.

use datafusion::arrow::array::types::{Date32Type, TimestampMicrosecondType};
use datafusion::arrow::compute::kernels::cast_utils::{Parser, string_to_timestamp_nanos};

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// A whole number; a fraction is cut off.
pub(crate) fn integer(text: &str) -> Option<i64> {
    let text = text.trim_ascii();
    let (negative, digits) = sign(text.as_bytes());
    if digits.is_empty() || digits.len() > 18 {
        return slow_integer(text);
    }
    let mut value = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return slow_integer(text);
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

fn slow_integer(text: &str) -> Option<i64> {
    let whole = match text.split_once('.') {
        Some((whole, fraction)) => {
            if !fraction.bytes().all(|b| b.is_ascii_digit()) || (fraction.is_empty() && whole.is_empty()) {
                return None;
            }
            if matches!(whole, "" | "-" | "+") { "0" } else { whole }
        }
        None => text,
    };
    whole.parse().ok()
}

fn sign(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, bytes),
    }
}

/// A floating-point number, rounded as IEEE 754 wants.
pub(crate) fn float(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    let (negative, digits) = sign(text.as_bytes());
    // Up to 15 digits and a power of ten up to 22 are exact doubles, so one division rounds right.
    if digits.is_empty() || digits.len() > 16 {
        return slow_float(text);
    }
    let (mut value, mut point, mut count) = (0u64, None, 0usize);
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            value = value * 10 + u64::from(digit);
            count += 1;
        } else if *byte == b'.' && point.is_none() {
            point = Some(count);
        } else {
            return slow_float(text);
        }
    }
    if count == 0 || count > 15 {
        return slow_float(text);
    }
    let scale = POWERS.get(count - point.unwrap_or(count))?;
    let value = value as f64 / scale;
    Some(if negative { -value } else { value })
}

fn slow_float(text: &str) -> Option<f64> {
    match text {
        // Rust reads these in any case, Spark too; hexadecimal and suffixes neither takes.
        "" | "." => None,
        _ => text.parse().ok(),
    }
}

/// A truth value.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    let text = text.trim_ascii();
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if ["true", "t", "yes", "y", "1"].into_iter().any(is) {
        Some(true)
    } else if ["false", "f", "no", "n", "0"].into_iter().any(is) {
        Some(false)
    } else {
        None
    }
}

/// Days since the epoch; a time behind the date is left out.
pub(crate) fn date(text: &str) -> Option<i32> {
    let text = text.trim_ascii();
    if let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() {
        let two = |a: u8, b: u8| Some(digit(a)? * 10 + digit(b)?);
        let year = two(*y1, *y2)? * 100 + two(*y3, *y4)?;
        return days(year, two(*m1, *m2)?, two(*d1, *d2)?);
    }
    let day = text.split(['T', ' ']).next()?;
    let mut parts = day.splitn(3, '-');
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month = parts.next().map_or(Some(1), short)?;
    let day = parts.next().map_or(Some(1), short)?;
    days(year, month, day)
}

fn short(text: &str) -> Option<i32> {
    (text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn digit(byte: u8) -> Option<i32> {
    byte.is_ascii_digit().then(|| i32::from(byte - b'0'))
}

/// The days of each month, in years that are not leap years; there is none without a number.
const MONTHS: [i32; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The days from the epoch to a day of the years 0 to 9999.
#[inline]
fn days(year: i32, month: i32, day: i32) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month = u32::try_from(month).ok()?;
    let last = MONTHS.get(month as usize)? + i32::from(leap && month == 2);
    if !(1..=last).contains(&day) || !(0..=9999).contains(&year) {
        return None;
    }
    // Counted from the first of March, so that the leap day ends a year, and from 400 years earlier, so that no number is
    // negative.
    let (y, m) = if month > 2 { (year + 400, month - 3) } else { (year + 399, month + 9) };
    let y = y.unsigned_abs();
    let before = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5;
    Some(before.cast_signed() + day - 865_566)
}

/// Microseconds since the epoch; without a zone the text is UTC.
pub(crate) fn timestamp(text: &str) -> Option<i64> {
    let text = text.trim_ascii();
    if text.len() <= 10 {
        return date(text).map(|days| i64::from(days) * 86_400_000_000);
    }
    // Nanoseconds reach from 1677 to 2262 only.
    string_to_timestamp_nanos(text)
        .map(|nanos| nanos.div_euclid(1000))
        .ok()
        .or_else(|| TimestampMicrosecondType::parse(text))
        .or_else(|| Date32Type::parse(text).map(|days| i64::from(days) * 86_400_000_000))
}

/// A decimal's digits as a whole number, rounded half up; nothing if they are too many.
pub(crate) fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let text = text.trim_ascii();
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => {
            let (mantissa, exponent) = text.split_at_checked(at)?;
            (mantissa, exponent.get(1..)?.parse::<i32>().ok()?)
        }
        None => (text, 0),
    };
    let (negative, digits) = sign(mantissa.as_bytes());
    let (mut value, mut fraction, mut seen, mut point) = (0i128, 0i32, false, false);
    for byte in digits {
        match byte {
            b'.' if !point => point = true,
            b'0'..=b'9' => {
                seen = true;
                value = value.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
                fraction += i32::from(point);
            }
            _ => return None,
        }
    }
    let shift = i32::from(scale).checked_sub(fraction)?.checked_add(exponent)?;
    let power = 10i128.checked_pow(shift.unsigned_abs());
    let value = match (shift >= 0, power) {
        (true, Some(power)) => value.checked_mul(power)?,
        (true, None) => return (value == 0 && seen).then_some(0),
        (false, Some(power)) => (value + power / 2) / power,
        (false, None) => 0,
    };
    let limit = 10i128.checked_pow(u32::from(precision))?;
    (seen && value < limit).then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        for (text, value) in [
            ("12", Some(12)),
            (" -7 ", Some(-7)),
            ("+3", Some(3)),
            ("12.9", Some(12)),
            ("-0.5", Some(0)),
            (".5", Some(0)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("NA", None),
            ("", None),
            (".", None),
            ("1e3", None),
            ("-", None),
        ] {
            assert_eq!(integer(text), value, "{text}");
        }
    }

    #[test]
    fn floats_round_like_the_standard_library() {
        for text in
            ["0.1", "33078.94", "-17.00", "1e10", "123456789012345", "1234567890123456.7", "5.", ".5", "NaN"]
        {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(float(text).unwrap().to_bits(), expected.to_bits(), "{text}");
        }
        for text in ["", ".", "NA", "1.2.3", "-"] {
            assert_eq!(float(text), None, "{text}");
        }
    }

    #[test]
    fn dates_and_times() {
        assert_eq!(date("1970-01-01"), Some(0));
        assert_eq!(date("2013-03-01"), Some(15765));
        assert_eq!(date("1969-12-31"), Some(-1));
        assert_eq!(date("2000-02-29"), Some(11016));
        assert_eq!(date("2013-3-1"), Some(15765));
        assert_eq!(date("2013-03-01 05:00:00"), Some(15765));
        for text in ["1900-02-29", "2013-13-01", "2013-00-01", "NA", "", "13-01-01", "2013-0x-01"] {
            assert_eq!(date(text), None, "{text}");
        }
        assert_eq!(timestamp("1970-01-01T00:00:01Z"), Some(1_000_000));
        assert_eq!(timestamp("1970-01-01 00:00:01.5"), Some(1_500_000));
        assert_eq!(timestamp("1970-01-02"), Some(86_400_000_000));
        assert_eq!(timestamp("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(timestamp("soon"), None);
    }

    #[test]
    fn decimals_round_half_up_and_keep_to_their_digits() {
        assert_eq!(decimal("12.345", 10, 2), Some(1235));
        assert_eq!(decimal("-12.345", 10, 2), Some(-1235));
        assert_eq!(decimal("1e2", 10, 2), Some(10_000));
        assert_eq!(decimal("7", 3, 2), Some(700));
        assert_eq!(decimal("10", 3, 2), None);
        assert_eq!(decimal("NA", 3, 2), None);
        assert_eq!(decimal("0.004", 3, 2), Some(0));
    }

    #[test]
    fn truth() {
        assert_eq!(boolean("TRUE"), Some(true));
        assert_eq!(boolean(" n "), Some(false));
        assert_eq!(boolean("maybe"), None);
    }
}
