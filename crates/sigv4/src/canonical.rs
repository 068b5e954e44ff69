use http::header::HeaderMap;

use crate::text::{hex, squeeze};
use crate::uri::{canonical_path, canonical_query};
use crate::{Scope, sha256};

/// The name of the one algorithm there is.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What of a request goes into its signature, as it stands on the wire.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path, still percent-encoded.
    pub path: &'a str,
    /// The query string without `?`, still percent-encoded; empty where there is none.
    pub query: &'a str,
    /// The headers, `Host` among them.
    pub headers: &'a HeaderMap,
}

impl<'a> RequestParts<'a> {
    /// The parts of a parsed request.
    #[must_use]
    pub fn new(method: &'a http::Method, uri: &'a http::Uri, headers: &'a HeaderMap) -> Self {
        Self { method: method.as_str(), path: uri.path(), query: uri.query().unwrap_or(""), headers }
    }

    /// A header's first value as text.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The canonical request over the given headers; `signed` is sorted and lower case, with `;` between names.
    pub(crate) fn canonical(&self, signed: &str, payload_hash: &str, s3: bool) -> String {
        let mut out = String::with_capacity(1024);
        out.push_str(self.method);
        out.push('\n');
        out.push_str(&canonical_path(self.path, s3));
        out.push('\n');
        if !self.query.is_empty() {
            out.push_str(&canonical_query(self.query));
        }
        out.push('\n');
        for name in signed.split(';') {
            out.push_str(name);
            out.push(':');
            for (n, value) in self.headers.get_all(name).iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                match value.to_str() {
                    Ok(text) => out.push_str(&squeeze(text)),
                    Err(_) => out.push_str(&squeeze(&String::from_utf8_lossy(value.as_bytes()))),
                }
            }
            out.push('\n');
        }
        out.push('\n');
        out.push_str(signed);
        out.push('\n');
        out.push_str(payload_hash);
        out
    }
}

/// The string to sign for a canonical request; `stamp` is its `X-Amz-Date`.
pub(crate) fn string_to_sign(stamp: &str, scope: &Scope, canonical: &str) -> String {
    let Scope { date, region, service } = scope;
    let hash = hex(&sha256(canonical.as_bytes()));
    [ALGORITHM, "\n", stamp, "\n", date, "/", region, "/", service, "/aws4_request\n", &hash].concat()
}
