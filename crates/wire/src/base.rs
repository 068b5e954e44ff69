//! What both protocols share: base64 and values kept once per name.

use std::collections::HashSet;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use mastic_shape::{Name, Value};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// How deep values may nest; deeper input is refused before it can exhaust the stack.
pub(crate) const DEEPEST: usize = 100;

/// The entries with each name's last value only, as AWS's parsers have it. Two readers of one value
/// (policy and handler) must never see different entries under one name.
pub(crate) fn keep_last(mut entries: Vec<(Name, Value)>) -> Vec<(Name, Value)> {
    let mut seen = HashSet::with_capacity(entries.len());
    let last: Vec<bool> = entries.iter().rev().map(|(name, _)| seen.insert(name.as_ref())).collect();
    if seen.len() < last.len() {
        let mut keep = last.into_iter().rev();
        entries.retain(|_| keep.next().unwrap_or(true));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_name_stays() {
        let entry = |name: &'static str, n| (Name::Borrowed(name), Value::Int(n));
        assert_eq!(
            keep_last(vec![entry("a", 1), entry("b", 2), entry("a", 3)]),
            [entry("b", 2), entry("a", 3)]
        );
        assert_eq!(keep_last(vec![entry("a", 1)]), [entry("a", 1)]);
    }
}
