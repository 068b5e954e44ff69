//! How search compares texts: token by token ("SearchTables" in the AWS Glue Web API Reference).

/// Whether a filter's value is one of the text's tokens, or all of it.
pub(crate) fn has_token(text: &str, wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    let text = text.to_lowercase();
    text == wanted || tokens(&text).any(|token| token == wanted)
}

/// The pieces between punctuation and white space; `_` holds words together.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::has_token;

    #[test]
    fn a_token_is_found_whole_or_not_at_all() {
        for text in ["customer-link", "xx-link-yy", "LINK", "a:link#b", "a link."] {
            assert!(has_token(text, "link"), "{text}");
        }
        assert!(!has_token("xxlinkyy", "link"));
        assert!(has_token("customer-link", "Customer-Link"));
    }
}
