//! The types of texts that may be numbers.

use mastic_hive::HiveType;

/// `bigint`, `double` or `string`; `void` for nothing. Dates and truth values are text.
pub(crate) fn cell_type(cell: &[u8]) -> HiveType {
    if cell.is_empty() {
        return HiveType::Void;
    }
    let number = |c: &u8| c.is_ascii_digit() || matches!(c, b'+' | b'-' | b'.' | b'e' | b'E');
    if !cell.iter().all(number) {
        return HiveType::String;
    }
    let text = std::str::from_utf8(cell).unwrap_or_default();
    let digits = text.trim_start_matches(['+', '-']);
    if text.parse::<i64>().is_ok() {
        HiveType::BigInt
    } else if !digits.bytes().all(|c| c.is_ascii_digit()) && text.parse::<f64>().is_ok_and(f64::is_finite) {
        HiveType::Double
    } else {
        HiveType::String
    }
}

/// The same with `int` for what fits.
pub(crate) fn text_type(text: &[u8]) -> HiveType {
    match cell_type(text) {
        HiveType::BigInt => integer_type(std::str::from_utf8(text).ok().and_then(|text| text.parse().ok())),
        other => other,
    }
}

/// `int` or `bigint`.
pub(crate) fn integer_type(number: Option<i64>) -> HiveType {
    match number.map(i32::try_from) {
        Some(Ok(_)) => HiveType::Int,
        _ => HiveType::BigInt,
    }
}
