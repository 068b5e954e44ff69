//! How the values of a partition key sort: texts that lie in the order of the values they stand for.

use std::borrow::Cow;
use std::ops::Bound::{self, Excluded, Included, Unbounded};

use super::ranges::Ranges;
use super::value::{KeyType, Number, Value};
use crate::path::DEFAULT_PARTITION;

/// Null, in the order of a type.
const NULL: &str = "\u{1}";
/// Before a value that does not fit its type: such values come before all that do.
const UNFIT: char = '\u{2}';
/// Where the values that fit begin.
const FIT: &str = "\u{3}";
/// Between a number and the way it was written, where that is not the number's own.
const WRITTEN: char = '\u{1}';
/// Behind everything of one number.
const BEHIND: char = '\u{2}';

/// In which order the values of one partition key lie, for the scans that expressions make.
///
/// ```
/// # use mastic_hive::ValueOrder;
/// let order = ValueOrder::of("int");
/// assert!(order.encode("-12") < order.encode("9") && order.encode("9") < order.encode("010"));
/// assert_eq!(order.decode(order.encode("010").into_owned()), "010");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueOrder(pub(super) KeyType);

impl Default for ValueOrder {
    /// The order of texts.
    fn default() -> Self {
        Self(KeyType::Text)
    }
}

impl ValueOrder {
    /// The order of a key's type; values of a type that expressions do not compare lie as texts.
    #[must_use]
    pub fn of(type_text: &str) -> Self {
        Self(KeyType::parse(type_text).unwrap_or(KeyType::Text))
    }

    /// Whether a value, or null, is of the type.
    ///
    /// # Errors
    /// AWS's text for a value that is not.
    pub fn check(self, value: &str) -> Result<(), String> {
        if value == DEFAULT_PARTITION { Ok(()) } else { self.0.cast(value).map(drop) }
    }

    /// Whether keys of this type can be compared at all.
    #[must_use]
    pub fn exists(type_text: &str) -> bool {
        KeyType::parse(type_text).is_some()
    }

    /// The text that sorts as `value` does. Different values have different ones, even where they
    /// are equal by their type (`1` and `01`).
    #[must_use]
    pub fn encode(self, value: &str) -> Cow<'_, str> {
        if self.0 == KeyType::Text {
            return Cow::Borrowed(value);
        }
        if value == DEFAULT_PARTITION {
            return Cow::Borrowed(NULL);
        }
        match self.0.cast(value) {
            Err(_) => Cow::Owned(format!("{UNFIT}{value}")),
            Ok(Value::Integer(number)) if number.to_string() == value => Cow::Owned(integer(number)),
            Ok(Value::Integer(number)) => Cow::Owned(format!("{}{WRITTEN}{value}", integer(number))),
            Ok(Value::Decimal(number)) => Cow::Owned(format!("{}{WRITTEN}{value}", decimal(&number))),
            // Dates and timestamps have the order of their texts.
            Ok(Value::Text(_) | Value::Date(_) | Value::Timestamp(_)) => Cow::Borrowed(value),
        }
    }

    /// The value that [`ValueOrder::encode`] made this text of.
    #[must_use]
    pub fn decode(self, sorted: String) -> String {
        if self.0 == KeyType::Text {
            return sorted;
        }
        if sorted == NULL {
            return DEFAULT_PARTITION.to_owned();
        }
        if let Some(unfit) = sorted.strip_prefix(UNFIT) {
            return unfit.to_owned();
        }
        match (sorted.split_once(WRITTEN), self.0) {
            (Some((_, written)), _) => written.to_owned(),
            (None, KeyType::Integer) => written(&sorted),
            (None, _) => sorted,
        }
    }

    /// What may be a value at all: null is none, and comparing does not find it.
    pub(super) fn values(self) -> Ranges {
        match self.0 {
            KeyType::Text => Ranges::all(),
            _ => Ranges::between(Included(FIT.to_owned()), Unbounded),
        }
    }

    /// Null.
    pub(super) fn null(self) -> Ranges {
        Ranges::point(if self.0 == KeyType::Text { DEFAULT_PARTITION } else { NULL })
    }

    /// What does not fit the type.
    pub(super) fn unfit(self) -> Ranges {
        match self.0 {
            KeyType::Text => Ranges::none(),
            _ => Ranges::between(Included(UNFIT.to_string()), Excluded(FIT.to_owned())),
        }
    }
}

/// Where all that equals a value begins and ends.
pub(super) fn extent(value: &Value<'_>) -> (String, Bound<String>) {
    match value {
        Value::Text(text) => (text.to_string(), Included(text.to_string())),
        Value::Integer(number) => extent_of(integer(*number)),
        Value::Decimal(number) => extent_of(decimal(number)),
        Value::Date((year, month, day)) => {
            let text = format!("{year:04}-{month:02}-{day:02}");
            (text.clone(), Included(text))
        }
        Value::Timestamp(((year, month, day), hour, minute, second, nanos)) => {
            let longest =
                format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{nanos:09}");
            let shortest = longest.trim_end_matches('0').trim_end_matches('.');
            (shortest.to_owned(), Included(longest))
        }
    }
}

fn extent_of(number: String) -> (String, Bound<String>) {
    let end = format!("{number}{BEHIND}");
    (number, Excluded(end))
}

/// A whole number: how long it is, then its digits; below zero both the other way round.
fn integer(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    // A number of 128 bits has 39 digits at most.
    let length = u8::try_from(digits.len()).unwrap_or(u8::MAX);
    let (head, digits) = if number < 0 {
        (b'@'.saturating_sub(length), complement(&digits))
    } else {
        (b'@'.saturating_add(length), digits)
    };
    format!("{}{digits}", char::from(head))
}

/// The number that [`integer`] wrote.
fn written(sorted: &str) -> String {
    let digits = sorted.get(1..).unwrap_or_default();
    if sorted.starts_with(|head| head < '@') { format!("-{}", complement(digits)) } else { digits.to_owned() }
}

/// A decimal number: its sign, where its point is, its digits; below zero all the other way round.
fn decimal(number: &Number) -> String {
    let (negative, digits, point) = number.parts();
    let point = i128::from(point);
    match (digits.is_empty(), negative) {
        (true, _) => "m".to_owned(),
        (false, false) => format!("p{}{digits}", integer(point)),
        // More digits are a smaller number here: what ends first comes last.
        (false, true) => format!("d{}{}~", integer(-point), complement(digits)),
    }
}

fn complement(digits: &str) -> String {
    digits.bytes().map(|digit| char::from(b'9' - digit.clamp(b'0', b'9') + b'0')).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ValueOrder;
    use crate::path::DEFAULT_PARTITION;

    fn ascends(ty: &str, values: &[&str]) {
        let order = ValueOrder::of(ty);
        let sorted: Vec<_> = values.iter().map(|value| order.encode(value)).collect();
        for pair in sorted.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
        for value in values {
            assert_eq!(order.decode(order.encode(value).into_owned()), *value);
        }
    }

    #[test]
    fn values_lie_in_the_order_of_their_type() {
        ascends("string", &["", "-1", "10", "9", DEFAULT_PARTITION]);
        ascends(
            "bigint",
            &[DEFAULT_PARTITION, "", "x", "-100", "-99", "-10", "-9", "0", "-0", "00", "7", "9", "010", "11"],
        );
        ascends(
            "decimal(10,2)",
            &[
                DEFAULT_PARTITION,
                "x",
                "-3e14",
                "-1.5",
                "-1.05",
                "-1",
                "-0.5",
                "0",
                "0.1",
                "1",
                "2.6",
                "2.60001",
                "1e2",
            ],
        );
        ascends("date", &[DEFAULT_PARTITION, "2024-02-30", "2024-01-31", "2024-02-01"]);
        let moments =
            ["2024-01-01 00:00:00", "2024-01-01 00:00:00.0", "2024-01-01 00:00:00.1", "2024-01-01 00:00:01"];
        ascends("timestamp", &moments);
    }

    proptest! {
        #[test]
        fn every_value_comes_back(ty in "string|int|decimal|date|timestamp", value in "\\PC*|[-+]?[0-9]{1,40}|[0-9.e-]{1,9}|[\u{0}-\u{3}]{0,3}") {
            let order = ValueOrder::of(&ty);
            prop_assert_eq!(order.decode(order.encode(&value).into_owned()), value);
        }

        #[test]
        fn numbers_lie_as_they_compare(a: i128, b: i128, shift in 0u32..120) {
            let (a, b) = (a >> shift, b >> shift);
            for ty in ["int", "decimal"] {
                let order = ValueOrder::of(ty);
                let (left, right) = (order.encode(&a.to_string()).into_owned(), order.encode(&b.to_string()).into_owned());
                prop_assert_eq!(left.cmp(&right), a.cmp(&b));
            }
        }

        #[test]
        fn fractions_lie_as_they_compare(a in -2_000_000i64..2_000_000, b in -2_000_000i64..2_000_000) {
            let text = |n: i64| format!("{}{}.{:04}", if n < 0 { "-" } else { "" }, n.abs() / 10_000, n.abs() % 10_000);
            let order = ValueOrder::of("decimal");
            let (left, right) = (text(a), text(b));
            prop_assert_eq!(order.encode(&left).cmp(&order.encode(&right)), a.cmp(&b));
        }
    }
}
