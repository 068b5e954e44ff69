//! Presigned URLs of signature version 2, which boto3 still makes by default for the oldest regions
//! ("Signing and authenticating REST requests (AWS signature version 2)"). Nothing else is taken of that version.
//!
//! It leaves parameters unsigned that it does not know; a URL with such a parameter is refused.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use mastic_core::Timestamp;
use mastic_sigv4::SigError;

use crate::query;

/// Parameters that are part of the resource signed.
const SIGNED: &[&str] = &[
    "partNumber",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "tagging",
    "uploadId",
    "uploads",
    "versionId",
];

/// The authentication data of such a URL.
pub(crate) struct LegacyUrl {
    pub(crate) access_key_id: String,
    pub(crate) session_token: Option<String>,
    pub(crate) expires: Timestamp,
    signature: String,
    /// What stands in the query string in place of headers.
    headers: BTreeMap<String, String>,
    /// Parameters that are part of the resource.
    resource: BTreeMap<String, String>,
}

impl LegacyUrl {
    /// Reads a request's data; `None` where it is not of this form.
    ///
    /// # Errors
    /// Data that is there but incomplete, or a parameter that the signature would not cover.
    pub(crate) fn parse(request: &Parts) -> Result<Option<Self>, SigError> {
        let parameters = query::parameters(request.uri.query());
        let Some(access_key_id) = query::value(&parameters, "AWSAccessKeyId") else {
            return Ok(None);
        };
        let wanted = |name: &str| {
            let text =
                "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";
            query::value(&parameters, name).ok_or_else(|| SigError::BadQuery(text.to_owned()))
        };
        let expires = wanted("Expires")?
            .parse()
            .map_err(|_| SigError::BadQuery("Invalid date (should be seconds since epoch)".to_owned()))?;
        let mut url = Self {
            access_key_id: access_key_id.to_owned(),
            session_token: query::value(&parameters, "x-amz-security-token").map(str::to_owned),
            expires: Timestamp::from_secs(expires),
            signature: wanted("Signature")?.to_owned(),
            headers: BTreeMap::new(),
            resource: BTreeMap::new(),
        };
        for (name, value) in parameters {
            let place = match name.as_str() {
                "AWSAccessKeyId" | "Signature" | "Expires" => continue,
                name if SIGNED.contains(&name) => &mut url.resource,
                name if name.starts_with("x-amz-") || matches!(name, "content-type" | "content-md5") => {
                    &mut url.headers
                }
                _ => {
                    let text = format!(
                        "The parameter {name} is not covered by the signature. Please use AWS4-HMAC-SHA256."
                    );
                    return Err(SigError::BadQuery(text));
                }
            };
            if place.insert(name, value).is_some() {
                return Err(SigError::BadQuery("A parameter is given twice.".to_owned()));
            }
        }
        Ok(Some(url))
    }

    /// Whether the holder of `secret` made the URL. `bucket` is that of a virtual host.
    ///
    /// # Errors
    /// [`SigError::Expired`], [`SigError::Mismatch`].
    pub(crate) fn verify(
        &self,
        request: &Parts,
        bucket: Option<&str>,
        secret: &str,
        now: Timestamp,
    ) -> Result<(), SigError> {
        if now > self.expires {
            return Err(SigError::Expired);
        }
        let string_to_sign = self.string_to_sign(request, bucket);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let signature = STANDARD.decode(&self.signature).unwrap_or_default();
        hmac::verify(&key, string_to_sign.as_bytes(), &signature)
            .map_err(|_| SigError::Mismatch { canonical: String::new(), string_to_sign })
    }

    fn string_to_sign(&self, request: &Parts, bucket: Option<&str>) -> String {
        let mut headers = amz_headers(&request.headers);
        headers.extend(self.headers.clone());
        let value = |name: &str| {
            let sent = request.headers.get(name).and_then(|value| value.to_str().ok());
            sent.or_else(|| self.headers.get(name).map(String::as_str)).unwrap_or_default()
        };
        let mut text = format!(
            "{}\n{}\n{}\n{}\n",
            request.method,
            value("content-md5"),
            value("content-type"),
            self.expires.secs()
        );
        for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("x-amz-")) {
            text.push_str(&format!("{name}:{value}\n"));
        }
        if let Some(bucket) = bucket {
            text.push_str(&format!("/{bucket}"));
        }
        text.push_str(request.uri.path());
        for (index, (name, value)) in self.resource.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(name);
            if !value.is_empty() {
                text.push_str(&format!("={value}"));
            }
        }
        text
    }

    /// Takes the authentication data out of the request: it is settled, and s3s need not look at it again. What
    /// stood in the query string in place of headers becomes headers.
    pub(crate) fn settle(&self, request: &mut Parts) {
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                request.headers.entry(name).or_insert(value);
            }
        }
        let kept: Vec<String> = self
            .resource
            .iter()
            .map(|(name, value)| format!("{name}={}", mastic_sigv4::encode(value, true)))
            .collect();
        let target = match kept.as_slice() {
            [] => request.uri.path().to_owned(),
            kept => format!("{}?{}", request.uri.path(), kept.join("&")),
        };
        if let Ok(uri) = target.parse::<Uri>() {
            request.uri = uri;
        }
    }
}

fn amz_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("x-amz-")) {
        let value = String::from_utf8_lossy(value.as_bytes());
        let joined = found.entry(name.as_str().to_owned()).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(value.trim());
    }
    found
}
