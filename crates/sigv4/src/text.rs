/// The text of a header's value: outer white space off, inner runs of spaces one.
pub(crate) fn squeeze(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for word in value.split([' ', '\t']).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn runs_of_spaces_become_one() {
        assert_eq!(super::squeeze("  a   b\tc "), "a b c");
        assert_eq!(super::squeeze(""), "");
    }
}
