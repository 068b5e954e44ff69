use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use mastic_core::{Secret, Timestamp};

use crate::canonical::{ALGORITHM, string_to_sign};
use crate::key::SigningKey;
use crate::uri::encode;
use crate::{RequestParts, Scope, sha256};

/// An access key with its secret and, for temporary credentials, its session token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key id, `AKIA...` or `ASIA...`.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret<String>,
    /// The session token of temporary credentials.
    pub session_token: Option<Secret<String>>,
}

/// What a signature says of the body.
#[derive(Debug, Clone, Copy)]
pub enum Payloads<'a> {
    /// The whole body.
    Body(&'a [u8]),
    /// A value of `x-amz-content-sha256` other than a hash, for example `UNSIGNED-PAYLOAD`.
    Mode(&'a str),
}

/// Signs requests for one service of one region.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// Who signs.
    pub credentials: &'a Credentials,
    /// The region of the credential scope.
    pub region: &'a str,
    /// The service's signing name, for example `glue`.
    pub service: &'a str,
    /// The moment of signing.
    pub at: Timestamp,
}

/// Headers that proxies and HTTP libraries change on the way.
const UNSIGNED: [&str; 7] = [
    "authorization",
    "connection",
    "expect",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
    "accept-encoding",
];

impl Signer<'_> {
    fn scope(&self) -> Scope {
        let date: String = self.at.basic().chars().take(8).collect();
        Scope { date, region: self.region.to_owned(), service: self.service.to_owned() }
    }

    fn signature(&self, scope: &Scope, request: &RequestParts<'_>, signed: &str, hash: &str) -> String {
        let canonical = request.canonical(signed, hash, scope.is_s3());
        SigningKey::derive(&self.credentials.secret_access_key, scope).sign(&string_to_sign(
            &self.at.basic(),
            scope,
            &canonical,
        ))
    }

    /// Adds `X-Amz-Date`, the session token, for S3 `x-amz-content-sha256`, and `Authorization` to the
    /// headers, which must hold `Host`. Path and query are percent-encoded as they are sent. Gives the
    /// signature, the seed of chunk signatures.
    ///
    /// # Errors
    /// Credentials that do not fit into a header.
    pub fn sign(
        &self,
        method: &str,
        path: &str,
        query: &str,
        headers: &mut HeaderMap,
        payload: Payloads<'_>,
    ) -> Result<String, http::header::InvalidHeaderValue> {
        let scope = self.scope();
        let hash = match payload {
            Payloads::Body(bytes) => hex::encode(sha256(bytes)),
            Payloads::Mode(mode) => mode.to_owned(),
        };
        headers.insert(HeaderName::from_static("x-amz-date"), HeaderValue::from_str(&self.at.basic())?);
        if let Some(token) = &self.credentials.session_token {
            let mut value = HeaderValue::from_str(token.reveal())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static("x-amz-security-token"), value);
        }
        if scope.is_s3() || matches!(payload, Payloads::Mode(_)) {
            headers.insert(HeaderName::from_static("x-amz-content-sha256"), HeaderValue::from_str(&hash)?);
        }
        let signed = signed_names(headers);
        let request = RequestParts { method, path, query, headers };
        let signature = self.signature(&scope, &request, &signed, &hash);
        let value = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
            self.credentials.access_key_id, signed
        );
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&value)?);
        Ok(signature)
    }

    /// The query string (`query` first, then the signature's parameters) that lets its holder make this
    /// request for `expires`, at most seven days. All of `headers`, `Host` among them, are signed.
    #[must_use]
    pub fn presign(
        &self,
        method: &str,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        expires: Duration,
    ) -> String {
        let scope = self.scope();
        let signed = signed_names(headers);
        let mut out = query.to_owned();
        let mut add = |name: &str, value: &str| {
            if !out.is_empty() {
                out.push('&');
            }
            out.push_str(name);
            out.push('=');
            out.push_str(&encode(value, true));
        };
        add("X-Amz-Algorithm", ALGORITHM);
        add("X-Amz-Credential", &format!("{}/{scope}", self.credentials.access_key_id));
        add("X-Amz-Date", &self.at.basic());
        add("X-Amz-Expires", &expires.as_secs().to_string());
        add("X-Amz-SignedHeaders", &signed);
        if let Some(token) = &self.credentials.session_token {
            add("X-Amz-Security-Token", token.reveal());
        }
        let hash = if scope.is_s3() { "UNSIGNED-PAYLOAD".to_owned() } else { hex::encode(sha256(b"")) };
        let request = RequestParts { method, path, query: &out, headers };
        let signature = self.signature(&scope, &request, &signed, &hash);
        format!("{out}&X-Amz-Signature={signature}")
    }
}

fn signed_names(headers: &HeaderMap) -> String {
    let names = headers.keys().map(HeaderName::as_str).filter(|name| !UNSIGNED.contains(name));
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.join(";")
}
