//! Policy documents on their way in and out.

use mastic_core::Fault;
use mastic_policy::{Document, DocumentKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::faults::{limit, malformed};

/// RFC 3986's unreserved characters stay, as AWS leaves them.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Checks a document for its use.
pub(crate) fn check(json: &str, kind: DocumentKind) -> Result<(), Fault> {
    Document::parse_as(json, kind).map(drop).map_err(malformed)
}

/// Checks a document that is to be a managed policy ("IAM and AWS STS quotas").
pub(crate) fn check_managed(json: &str) -> Result<(), Fault> {
    check(json, DocumentKind::Managed)?;
    if size(json) > 6144 { Err(limit("Cannot exceed quota for PolicySize: 6144")) } else { Ok(()) }
}

/// Checks a trust policy.
pub(crate) fn check_trust(json: &str) -> Result<(), Fault> {
    check(json, DocumentKind::Trust)?;
    if size(json) > 2048 { Err(limit("Cannot exceed quota for ACLSizePerRole: 2048")) } else { Ok(()) }
}

/// How many characters count towards quotas: white space does not.
pub(crate) fn size(json: &str) -> usize {
    json.chars().filter(|c| !c.is_whitespace()).count()
}

/// A document as answers carry it.
pub(crate) fn encoded(json: &str) -> String {
    utf8_percent_encode(json, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_url_encoded() {
        assert_eq!(encoded(r#"{"a": "b-c_d.e~*"}"#), "%7B%22a%22%3A%20%22b-c_d.e~%2A%22%7D");
        assert_eq!(size("{ \"a\"\n:1}"), 7);
    }
}
