//! Hive's partition folders: `key=value/key=value`, with `%XX` for what a path cannot hold.

use std::fmt::Write;

/// What Hive writes in place of a null partition value.
pub const DEFAULT_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// Whether Hive escapes this byte in a partition folder's name.
fn is_escaped(byte: u8) -> bool {
    byte.is_ascii_control()
        || matches!(
            byte,
            b'"' | b'#' | b'%' | b'\'' | b'*' | b'/' | b':' | b'=' | b'?' | b'\\' | b'{' | b'[' | b']' | b'^'
        )
}

/// A value as it stands in a folder's name; an empty one is [`DEFAULT_PARTITION`].
#[must_use]
pub fn encode_partition_value(value: &str) -> String {
    if value.is_empty() { DEFAULT_PARTITION.to_owned() } else { escape(value) }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(c) {
            // Writing to a string cannot fail.
            Ok(byte) if byte.is_ascii() && is_escaped(byte) => {
                let _ = write!(escaped, "%{byte:02X}");
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The value that a folder's name stands for. A `%` that no two hex digits follow is itself, and
/// so is the whole text when what is escaped is not UTF-8.
#[must_use]
pub fn decode_partition_value(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        match (first, after) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(hex_digit(*high) << 4 | hex_digit(*low));
                rest = tail;
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

/// The folders of a partition, `key=value/key=value`, without a slash at either end.
#[must_use]
pub fn partition_path<'a>(keys_and_values: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let segments: Vec<String> = keys_and_values
        .into_iter()
        .map(|(key, value)| format!("{}={}", escape(key), encode_partition_value(value)))
        .collect();
    segments.join("/")
}

/// One folder's name as key and value; nothing when it is not `key=value` with a key.
#[must_use]
pub fn parse_partition_segment(segment: &str) -> Option<(String, String)> {
    let (key, value) = segment.split_once('=')?;
    (!key.is_empty()).then(|| (decode_partition_value(key), decode_partition_value(value)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode_partition_value, encode_partition_value, parse_partition_segment, partition_path};

    #[test]
    fn paths_as_hive_writes_them() {
        let path = partition_path([("day", "2024-01-01 10:00"), ("city", "a/b=c"), ("n", "")]);
        assert_eq!(path, "day=2024-01-01 10%3A00/city=a%2Fb%3Dc/n=__HIVE_DEFAULT_PARTITION__");
        assert_eq!(parse_partition_segment("city=a%2fb%3Dc"), Some(("city".to_owned(), "a/b=c".to_owned())));
        assert_eq!(parse_partition_segment("=x"), None);
        assert_eq!(parse_partition_segment("x"), None);
        assert_eq!(parse_partition_segment("x="), Some(("x".to_owned(), String::new())));
        assert_eq!(decode_partition_value("100%"), "100%");
        assert_eq!(decode_partition_value("%zz%4"), "%zz%4");
        assert_eq!(decode_partition_value("%ff"), "%ff");
    }

    proptest! {
        #[test]
        fn values_survive_the_path(value in ".+") {
            let encoded = encode_partition_value(&value);
            prop_assert!(!encoded.contains('/'));
            prop_assert_eq!(decode_partition_value(&encoded), value);
        }
    }
}
