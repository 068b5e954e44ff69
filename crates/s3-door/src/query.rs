use percent_encoding::percent_decode_str;

/// The decoded parameters of a query string, in their order.
pub(crate) fn parameters(query: Option<&str>) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// The first value of a parameter.
pub(crate) fn value<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded() {
        let found = parameters(Some("acl&prefix=a%2Fb+c&x="));
        assert_eq!(value(&found, "prefix"), Some("a/b c"));
        assert_eq!(value(&found, "acl"), Some(""));
        assert_eq!(value(&found, "y"), None);
        assert!(parameters(None).is_empty());
    }
}
