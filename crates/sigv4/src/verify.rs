use std::time::Duration;

use aws_lc_rs::digest;
use mastic_core::{Secret, Timestamp};

use crate::canonical::string_to_sign;
use crate::key::KeyCache;
use crate::text::hex;
use crate::{ChunkSeed, Form, Payload, Presented, RequestParts, SigError};

/// The SHA-256 of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// Checks signatures; keeps the keys it derived for the callers seen lately.
#[derive(Debug, Default)]
pub struct Verifier {
    keys: KeyCache,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Verifier {
    /// A verifier with an empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the request was signed, at about `now`, by the holder of `secret`.
    ///
    /// `body` is the SHA-256 of the whole body as it came. `None` says that it is read later: then the
    /// caller compares it with [`Presented::payload`] itself, or decodes the chunks with
    /// [`Verifier::chunk_seed`].
    ///
    /// # Errors
    /// What is wrong; see [`SigError`].
    pub fn verify(
        &self,
        presented: &Presented,
        request: &RequestParts<'_>,
        body: Option<&[u8; 32]>,
        secret: &Secret<String>,
        now: Timestamp,
    ) -> Result<(), SigError> {
        all_signed(presented, request)?;
        let stamp = presented.timestamp.basic();
        in_time(presented, &stamp, now)?;
        let computed = body.map(|hash| hex(hash));
        let payload = match (&presented.payload, &computed) {
            (Payload::Hash(hash), _) => hash,
            (Payload::Undeclared, Some(hash)) => hash,
            (Payload::Undeclared, None) => return Err(SigError::PayloadMode),
            (Payload::Unsigned, _) => "UNSIGNED-PAYLOAD",
            (Payload::SignedChunks { trailer: false }, _) => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            (Payload::SignedChunks { trailer: true }, _) => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            (Payload::UnsignedChunks, _) => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        };
        let canonical = request.canonical(&presented.signed_headers, payload, presented.scope.is_s3());
        let to_sign = string_to_sign(&stamp, &presented.scope, &canonical);
        if !self.keys.key(secret, &presented.scope).matches(&to_sign, &presented.signature) {
            return Err(SigError::Mismatch { canonical, string_to_sign: to_sign });
        }
        match (&presented.payload, computed) {
            (Payload::Hash(declared), Some(hash)) if !declared.eq_ignore_ascii_case(&hash) => {
                Err(SigError::PayloadHash)
            }
            _ => Ok(()),
        }
    }

    /// The start of the chain of chunk signatures of a verified request.
    #[must_use]
    pub fn chunk_seed(&self, presented: &Presented, secret: &Secret<String>) -> ChunkSeed {
        ChunkSeed {
            key: self.keys.key(secret, &presented.scope),
            timestamp: presented.timestamp,
            scope: presented.scope.clone(),
            signature: presented.signature.clone(),
            trailer: presented.payload == Payload::SignedChunks { trailer: true },
        }
    }
}

/// `host` and every `x-amz-*` header sent must be signed ("Create a signed AWS API request").
fn all_signed(presented: &Presented, request: &RequestParts<'_>) -> Result<(), SigError> {
    let signed = |name: &str| presented.signed_headers.split(';').any(|header| header == name);
    if !signed("host") {
        return Err(SigError::NotSigned("host".into()));
    }
    match request.headers.keys().find(|name| name.as_str().starts_with("x-amz-") && !signed(name.as_str())) {
        Some(name) => Err(SigError::NotSigned(name.as_str().to_owned())),
        None => Ok(()),
    }
}

fn in_time(presented: &Presented, stamp: &str, now: Timestamp) -> Result<(), SigError> {
    let at = presented.timestamp;
    let date = &presented.scope.date;
    if !stamp.starts_with(date.as_str()) || date.len() != 8 {
        return Err(SigError::Scope(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
             '{date}' != '{}', from '{stamp}'.",
            stamp.get(..8).unwrap_or_default()
        )));
    }
    // "Amazon S3 API reference, Error responses": RequestTimeTooSkewed after 15 minutes; others say 5.
    let minutes: u32 = if presented.scope.is_s3() { 15 } else { 5 };
    let skew = MINUTE * minutes;
    if at > now.plus(skew) {
        let text = format!(
            "Signature not yet current: {stamp} is still later than {} ({} + {minutes} min.)",
            now.plus(skew).basic(),
            now.basic()
        );
        return Err(SigError::Skew(text));
    }
    match presented.form {
        Form::Query { expires: Some(span) } if now > at.plus(span) => Err(SigError::Expired),
        Form::Query { expires: Some(_) } => Ok(()),
        _ if at < now.minus(skew) => Err(SigError::Skew(format!(
            "Signature expired: {stamp} is now earlier than {} ({} - {minutes} min.)",
            now.minus(skew).basic(),
            now.basic()
        ))),
        _ => Ok(()),
    }
}
