use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What SigV4 leaves as it is: letters, digits and `-_.~`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: &AsciiSet = &SEGMENT.remove(b'/');

/// Encodes text as SigV4's `UriEncode` does: everything but letters, digits and `-_.~` becomes `%XX`;
/// `slash` says whether `/` is encoded too.
#[must_use]
pub fn encode(text: &str, slash: bool) -> Cow<'_, str> {
    utf8_percent_encode(text, if slash { SEGMENT } else { PATH }).into()
}

fn encode_bytes<'a>(bytes: &'a [u8], set: &'static AsciiSet) -> Cow<'a, str> {
    percent_encoding::percent_encode(bytes, set).into()
}

/// The canonical URI of a path as it stands on the wire. S3 keys are encoded once and may hold empty
/// and dot segments; other services normalise the path and encode it a second time.
pub(crate) fn canonical_path(raw: &str, s3: bool) -> String {
    if s3 {
        let decoded: Vec<u8> = percent_decode_str(raw).collect();
        let path = encode_bytes(&decoded, PATH);
        return if path.is_empty() { "/".to_owned() } else { path.into_owned() };
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut path = String::with_capacity(raw.len() + 1);
    for segment in &segments {
        path.push('/');
        path.extend(utf8_percent_encode(segment, SEGMENT));
    }
    if path.is_empty() || (raw.ends_with(['/']) && !segments.is_empty()) {
        path.push('/');
    }
    path
}

/// The pairs of a raw query string, decoded; `+` is a space, as browsers and older SDKs send it.
pub(crate) fn query_pairs(raw: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> + '_ {
    let decode = |text: &str| -> Vec<u8> { percent_decode_str(&text.replace('+', " ")).collect() };
    raw.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// The canonical query string: each pair encoded, sorted, and `X-Amz-Signature` left out.
pub(crate) fn canonical_query(raw: &str) -> String {
    let mut pairs: Vec<(String, String)> = query_pairs(raw)
        .filter(|(name, _)| name != b"X-Amz-Signature")
        .map(|(name, value)| {
            (encode_bytes(&name, SEGMENT).into_owned(), encode_bytes(&value, SEGMENT).into_owned())
        })
        .collect();
    pairs.sort_unstable();
    let mut out = String::with_capacity(raw.len());
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&name);
        out.push('=');
        out.push_str(&value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_paths_are_encoded_once_and_kept() {
        assert_eq!(canonical_path("/a//b/../c%20d/(1)", true), "/a//b/../c%20d/%281%29");
        assert_eq!(canonical_path("", true), "/");
    }

    #[test]
    fn other_paths_are_normalised_and_encoded_twice() {
        assert_eq!(canonical_path("/a//b/./../c%20d/", false), "/a/c%2520d/");
        assert_eq!(canonical_path("/..", false), "/");
        assert_eq!(canonical_path("", false), "/");
    }

    #[test]
    fn queries_are_sorted_and_reencoded() {
        assert_eq!(canonical_query("b=2&a=x+y&a=%7e&flag&X-Amz-Signature=00"), "a=x%20y&a=~&b=2&flag=");
    }
}
