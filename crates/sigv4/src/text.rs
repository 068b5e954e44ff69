use std::borrow::Cow;

/// The text of a header's value: outer white space off, inner runs of spaces one.
pub(crate) fn squeeze(value: &str) -> Cow<'_, str> {
    let tight = !value.contains("  ") && !value.contains('\t');
    if tight {
        return value.trim_matches(' ').into();
    }
    let mut out = String::with_capacity(value.len());
    for word in value.split([' ', '\t']).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out.into()
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    let mut out = Vec::with_capacity(bytes.len() * 2);
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn hexadecimal() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(super::hex(&bytes), hex::encode(&bytes));
    }

    #[test]
    fn runs_of_spaces_become_one() {
        assert_eq!(super::squeeze("  a   b\tc "), "a b c");
        assert_eq!(super::squeeze(" a b "), "a b");
        assert_eq!(super::squeeze(""), "");
    }
}
