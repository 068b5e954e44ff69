use mastic_core::Fault;

/// How a family of services names and words its signature errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// awsJson and restJson: codes end in `Exception`, HTTP 400.
    Json,
    /// awsQuery: HTTP 403.
    Query,
    /// S3 and its REST XML errors.
    S3,
}

/// Why a request is not authentic.
///
/// [`SigError::fault`] words it as AWS does ("Common Errors" of each service's API reference, and "Error
/// responses" of the Amazon S3 API reference).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigError {
    /// A part of the authentication data is missing or malformed; the text says which.
    #[error("{0}")]
    Incomplete(String),
    /// The query form lacks a parameter or holds a bad one; the text says which.
    #[error("{0}")]
    BadQuery(String),
    /// Both an `Authorization` header and a signed query were sent.
    #[error("only one authentication mechanism is allowed")]
    TwoForms,
    /// The operation allows no anonymous call, and the request carries no signature.
    #[error("the request is not signed")]
    MissingToken,
    /// The access key, or the session token that goes with it, is not known.
    #[error("the access key is not known")]
    UnknownKey,
    /// The access key is known, but the session token does not belong to it.
    #[error("the session token is not the key's")]
    InvalidToken,
    /// The session that the credentials belong to is over.
    #[error("the session is over")]
    ExpiredToken,
    /// The credential scope names another date, service, region or terminator; the text says which.
    #[error("{0}")]
    Scope(String),
    /// A header that must be signed is not: its name.
    #[error("the header `{0}` is not signed")]
    NotSigned(String),
    /// The signature is another than the one calculated.
    #[error("the signature does not match")]
    Mismatch {
        /// The canonical request as the server sees it.
        canonical: String,
        /// The string to sign over it.
        string_to_sign: String,
    },
    /// `x-amz-content-sha256` is not the hash of the body.
    #[error("the payload's hash does not match")]
    PayloadHash,
    /// `x-amz-content-sha256` is neither a hash nor a known payload mode.
    #[error("the payload mode is not valid")]
    PayloadMode,
    /// The time stamp is too far in the past or the future; the text is AWS's.
    #[error("{0}")]
    Skew(String),
    /// A presigned request came after its time.
    #[error("the presigned request has expired")]
    Expired,
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. ";

impl SigError {
    /// The error as a caller of that family of services sees it.
    #[must_use]
    pub fn fault(&self, family: Family) -> Fault {
        let (code, status, message) = match family {
            Family::S3 => self.s3(),
            Family::Json => {
                let (code, _, message) = self.query();
                let code = match code {
                    "SignatureDoesNotMatch" => "InvalidSignatureException",
                    "IncompleteSignature" => "IncompleteSignatureException",
                    "MissingAuthenticationToken" => "MissingAuthenticationTokenException",
                    "InvalidClientTokenId" => "UnrecognizedClientException",
                    "ExpiredToken" => "ExpiredTokenException",
                    other => other,
                };
                (code, 400, message)
            }
            Family::Query => self.query(),
        };
        Fault::sender(code, message).with_status(status)
    }

    fn query(&self) -> (&'static str, u16, String) {
        let mismatch = |text: String| ("SignatureDoesNotMatch", 403, text);
        match self {
            Self::Incomplete(text) | Self::BadQuery(text) => ("IncompleteSignature", 400, text.clone()),
            Self::TwoForms => (
                "IncompleteSignature",
                400,
                "Only one authentication mechanism is allowed: the Authorization header or the X-Amz-Algorithm query parameter.".into(),
            ),
            Self::MissingToken => ("MissingAuthenticationToken", 403, "Missing Authentication Token".into()),
            Self::UnknownKey | Self::InvalidToken => {
                ("InvalidClientTokenId", 403, "The security token included in the request is invalid.".into())
            }
            Self::ExpiredToken => {
                ("ExpiredToken", 403, "The security token included in the request is expired".into())
            }
            Self::Scope(text) | Self::Skew(text) => mismatch(text.clone()),
            Self::NotSigned(name) if name == "host" => mismatch(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".into(),
            ),
            Self::NotSigned(name) => {
                mismatch(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."))
            }
            Self::Mismatch { canonical, string_to_sign } => mismatch(format!(
                "{MISMATCH}Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n\
                 The Canonical String for this request should have been\n'{canonical}'\n\n\
                 The String-to-Sign should have been\n'{string_to_sign}'\n"
            )),
            Self::PayloadHash => mismatch(HASH.into()),
            Self::PayloadMode => mismatch(MODE.into()),
            Self::Expired => ("RequestExpired", 400, "Request has expired.".into()),
        }
    }

    fn s3(&self) -> (&'static str, u16, String) {
        match self {
            Self::Incomplete(text) | Self::Scope(text) => {
                ("AuthorizationHeaderMalformed", 400, format!("The authorization header is malformed; {text}"))
            }
            Self::BadQuery(text) => ("AuthorizationQueryParametersError", 400, text.clone()),
            Self::TwoForms => (
                "InvalidArgument",
                400,
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified".into(),
            ),
            Self::MissingToken => ("AccessDenied", 403, "Access Denied".into()),
            Self::UnknownKey => (
                "InvalidAccessKeyId",
                403,
                "The AWS Access Key Id you provided does not exist in our records.".into(),
            ),
            Self::InvalidToken => {
                ("InvalidToken", 400, "The provided token is malformed or otherwise invalid.".into())
            }
            Self::ExpiredToken => ("ExpiredToken", 400, "The provided token has expired.".into()),
            Self::NotSigned(_) => (
                "AccessDenied",
                403,
                "There were headers present in the request which were not signed".into(),
            ),
            Self::Mismatch { .. } => {
                ("SignatureDoesNotMatch", 403, format!("{MISMATCH}Check your key and signing method."))
            }
            Self::PayloadHash => ("XAmzContentSHA256Mismatch", 400, HASH.into()),
            Self::PayloadMode => ("InvalidArgument", 400, MODE.into()),
            Self::Skew(_) => (
                "RequestTimeTooSkewed",
                403,
                "The difference between the request time and the current time is too large.".into(),
            ),
            Self::Expired => ("AccessDenied", 403, "Request has expired".into()),
        }
    }
}

const HASH: &str = "The provided 'x-amz-content-sha256' header does not match what was computed.";
const MODE: &str = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_has_its_codes() {
        let told = |error: &SigError, family| {
            let fault = error.fault(family);
            (fault.code().to_owned(), fault.status())
        };
        let row = |error: SigError| {
            [told(&error, Family::Json), told(&error, Family::Query), told(&error, Family::S3)]
                .map(|(code, status)| format!("{code} {status}"))
        };
        assert_eq!(
            row(SigError::UnknownKey),
            ["UnrecognizedClientException 400", "InvalidClientTokenId 403", "InvalidAccessKeyId 403"]
        );
        assert_eq!(
            row(SigError::ExpiredToken),
            ["ExpiredTokenException 400", "ExpiredToken 403", "ExpiredToken 400"]
        );
        assert_eq!(
            row(SigError::MissingToken),
            ["MissingAuthenticationTokenException 400", "MissingAuthenticationToken 403", "AccessDenied 403"]
        );
        assert_eq!(
            row(SigError::Skew(String::new())),
            ["InvalidSignatureException 400", "SignatureDoesNotMatch 403", "RequestTimeTooSkewed 403"]
        );
        assert_eq!(row(SigError::Expired), ["RequestExpired 400", "RequestExpired 400", "AccessDenied 403"]);
    }

    #[test]
    fn a_mismatch_tells_what_should_have_been_signed() {
        let error = SigError::Mismatch { canonical: "POST\n/".into(), string_to_sign: "AWS4".into() };
        let message = error.fault(Family::Query).message().to_owned();
        assert!(
            message.ends_with("should have been\n'POST\n/'\n\nThe String-to-Sign should have been\n'AWS4'\n")
        );
        assert!(!error.fault(Family::S3).message().contains("POST"));
    }
}
