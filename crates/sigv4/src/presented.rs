use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use mastic_core::{Secret, Timestamp};

use crate::canonical::ALGORITHM;
use crate::uri::query_pairs;
use crate::{RequestParts, SigError, sha256};

/// What a signature is good for: one day, region and service. Shown as `date/region/service/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The day, `YYYYMMDD` in UTC.
    pub date: String,
    /// The region.
    pub region: String,
    /// The service's signing name, for example `glue`.
    pub service: String,
}

impl Scope {
    /// Whether S3's rules for paths, payloads and clocks apply.
    #[must_use]
    pub fn is_s3(&self) -> bool {
        matches!(self.service.as_str(), "s3" | "s3express" | "s3-object-lambda" | "s3-outposts")
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

/// What the request says of its body in `x-amz-content-sha256`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Nothing: the signature covers the hash of the body.
    Undeclared,
    /// The body's SHA-256, in lower-case hexadecimal.
    Hash(String),
    /// `UNSIGNED-PAYLOAD`: the signature does not cover the body.
    Unsigned,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`: signed chunks, with signed trailers after them or not.
    SignedChunks {
        /// Whether trailers follow.
        trailer: bool,
    },
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`: unsigned chunks and trailers.
    UnsignedChunks,
}

impl Payload {
    fn parse(text: &str) -> Result<Self, SigError> {
        match text {
            "UNSIGNED-PAYLOAD" => Ok(Self::Unsigned),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Ok(Self::SignedChunks { trailer: false }),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Ok(Self::SignedChunks { trailer: true }),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Ok(Self::UnsignedChunks),
            hash if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Ok(Self::Hash(hash.to_owned()))
            }
            _ => Err(SigError::PayloadMode),
        }
    }

    /// Whether the body comes in the `aws-chunked` encoding.
    #[must_use]
    pub fn is_chunked(&self) -> bool {
        matches!(self, Self::SignedChunks { .. } | Self::UnsignedChunks)
    }
}

/// Where the signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query string (presigned).
    Query {
        /// How long it is good for from its time stamp; without it the clock's tolerance decides.
        expires: Option<Duration>,
    },
}

/// The authentication data of a signed request, parsed but not yet checked.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The access key that signed.
    pub access_key_id: String,
    /// What the signature is good for.
    pub scope: Scope,
    /// The names of the signed headers: lower case, sorted, with `;` between them.
    pub signed_headers: String,
    /// The signature, in hexadecimal.
    pub signature: String,
    /// When the request was signed.
    pub timestamp: Timestamp,
    /// The session token, for temporary credentials.
    pub session_token: Option<Secret<String>>,
    /// What the request says of its body.
    pub payload: Payload,
    /// Where the signature stands.
    pub form: Form,
}

const WEEK: u64 = 7 * 24 * 3600;

impl Presented {
    /// Reads a request's authentication data; `None` where it carries none (anonymous).
    ///
    /// # Errors
    /// Data that is there but incomplete, malformed or of an unknown algorithm.
    pub fn parse(request: &RequestParts<'_>) -> Result<Option<Self>, SigError> {
        let mut headers = request.headers.get_all(http::header::AUTHORIZATION).iter();
        let header = headers.next();
        // A proxy before this server may have looked at the other one.
        if headers.next().is_some() {
            return Err(SigError::TwoForms);
        }
        let signed_query = request.query.contains("X-Amz-");
        let query: HashMap<String, String> = if signed_query {
            query_pairs(request.query)
                .filter_map(|(name, value)| {
                    Some((String::from_utf8(name).ok()?, String::from_utf8(value).ok()?))
                })
                .collect()
        } else {
            HashMap::new()
        };
        let in_query = query.contains_key("X-Amz-Algorithm") || query.contains_key("X-Amz-Signature");
        match (header, in_query) {
            (Some(_), true) => Err(SigError::TwoForms),
            (Some(value), false) => {
                let value = value.to_str().map_err(|_| {
                    SigError::Incomplete("Authorization header holds characters that are not ASCII.".into())
                })?;
                Self::from_header(request, value).map(Some)
            }
            (None, true) => Self::from_query(request, &query).map(Some),
            (None, false) => Ok(None),
        }
    }

    /// Whether the scope is for this service and, where one is demanded, this region.
    ///
    /// # Errors
    /// [`SigError::Scope`] with AWS's text.
    pub fn require_scope(&self, service: &str, region: Option<&str>) -> Result<(), SigError> {
        if self.scope.service != service {
            return Err(SigError::Scope(format!(
                "Credential should be scoped to correct service: '{service}'. "
            )));
        }
        match region {
            Some(wanted) if wanted != self.scope.region => Err(SigError::Scope(format!(
                "Credential should be scoped to a valid region, not '{}'. ",
                self.scope.region
            ))),
            _ => Ok(()),
        }
    }

    fn from_header(request: &RequestParts<'_>, value: &str) -> Result<Self, SigError> {
        let (algorithm, rest) = value.trim().split_once([' ', '\t']).unwrap_or((value.trim(), ""));
        if algorithm != ALGORITHM {
            return Err(SigError::Incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'.")));
        }
        let mut fields = ["Credential", "Signature", "SignedHeaders"].map(|name| (name, None));
        for field in rest.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|f| !f.is_empty()) {
            let (name, text) = field.split_once('=').ok_or_else(|| {
                SigError::Incomplete(format!(
                    "'{field}' not a valid key=value pair (missing equal-sign) in Authorization header{}",
                    hashed(value)
                ))
            })?;
            let known = fields.iter_mut().find(|(known, _)| *known == name);
            if known.is_some_and(|(_, earlier)| earlier.replace(text).is_some()) {
                return Err(SigError::Incomplete(format!(
                    "Authorization header has '{name}' parameter twice.{}",
                    hashed(value)
                )));
            }
        }
        let field = |wanted: &str| {
            let found = fields.iter().find(|(name, _)| *name == wanted).and_then(|(_, text)| *text);
            found.filter(|text: &&str| !text.is_empty())
        };
        let date = request.header("x-amz-date").or_else(|| request.header("date"));
        let (Some(credential), Some(signature), Some(signed), Some(date)) =
            (field("Credential"), field("Signature"), field("SignedHeaders"), date)
        else {
            let mut text: String = ["Credential", "Signature", "SignedHeaders"]
                .iter()
                .filter(|name| field(name).is_none())
                .map(|name| format!("Authorization header requires '{name}' parameter. "))
                .collect();
            if date.is_none() {
                text.push_str(
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
                );
            }
            return Err(SigError::Incomplete(format!("{}{}", text.trim_end(), hashed(value))));
        };
        let (access_key_id, scope) = credential_of(credential, SigError::Incomplete)?;
        Ok(Self {
            access_key_id,
            scope,
            signed_headers: signed_headers(signed),
            signature: signature.to_owned(),
            timestamp: moment(date).ok_or_else(|| SigError::Incomplete(bad_date(date)))?,
            session_token: request.header("x-amz-security-token").map(|t| Secret::new(t.to_owned())),
            payload: match request.header("x-amz-content-sha256") {
                Some(text) => Payload::parse(text)?,
                None => Payload::Undeclared,
            },
            form: Form::Header,
        })
    }

    fn from_query(request: &RequestParts<'_>, query: &HashMap<String, String>) -> Result<Self, SigError> {
        let missing = |name: &str| {
            SigError::BadQuery(format!(
                "AWS query-string parameters must include '{name}'. Re-examine the query-string parameters."
            ))
        };
        let field = |name: &str| {
            query.get(name).map(String::as_str).filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
        };
        let algorithm = field("X-Amz-Algorithm")?;
        if algorithm != ALGORITHM {
            return Err(SigError::BadQuery(format!("X-Amz-Algorithm only supports \"{ALGORITHM}\"")));
        }
        let (access_key_id, scope) = credential_of(field("X-Amz-Credential")?, SigError::BadQuery)?;
        let expires = match query.get("X-Amz-Expires") {
            Some(text) => Some(lifetime(text)?),
            None if scope.is_s3() => return Err(missing("X-Amz-Expires")),
            None => None,
        };
        let date = field("X-Amz-Date")?;
        let declared =
            query.get("X-Amz-Content-Sha256").map(String::as_str).or(request.header("x-amz-content-sha256"));
        Ok(Self {
            access_key_id,
            signed_headers: signed_headers(field("X-Amz-SignedHeaders")?),
            signature: field("X-Amz-Signature")?.to_owned(),
            timestamp: moment(date).ok_or_else(|| SigError::BadQuery(bad_date(date)))?,
            session_token: query
                .get("X-Amz-Security-Token")
                .map(String::as_str)
                .or(request.header("x-amz-security-token"))
                .map(|token| Secret::new(token.to_owned())),
            payload: match declared {
                Some(text) => Payload::parse(text)?,
                None if scope.is_s3() => Payload::Unsigned,
                None => Payload::Undeclared,
            },
            scope,
            form: Form::Query { expires },
        })
    }
}

fn lifetime(text: &str) -> Result<Duration, SigError> {
    let seconds: i64 =
        text.parse().map_err(|_| SigError::BadQuery("X-Amz-Expires should be a number".into()))?;
    let seconds = u64::try_from(seconds)
        .map_err(|_| SigError::BadQuery("X-Amz-Expires must be non-negative".into()))?;
    if seconds > WEEK {
        return Err(SigError::BadQuery(format!(
            "X-Amz-Expires must be less than a week (in seconds); that is {WEEK}"
        )));
    }
    Ok(Duration::from_secs(seconds))
}

/// AWS's tail of texts about the header: its hash, so that the error does not repeat the header itself.
fn hashed(authorization: &str) -> String {
    format!(" (hashed with SHA-256) Authorization={}", hex::encode(sha256(authorization.as_bytes())))
}

fn signed_headers(text: &str) -> String {
    let names = || text.split(';');
    // As every client sends them.
    if !text.bytes().any(|b| b.is_ascii_uppercase()) && names().zip(names().skip(1)).all(|(a, b)| a < b) {
        return text.trim_matches(';').to_owned();
    }
    let mut names: Vec<String> =
        names().filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}

fn credential_of(text: &str, error: fn(String) -> SigError) -> Result<(String, Scope), SigError> {
    let mut parts = text.split('/');
    let five = [(); 5].map(|()| parts.next());
    let ([Some(key), Some(date), Some(region), Some(service), Some(term)], None) = (five, parts.next())
    else {
        return Err(error(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{text}'"
        )));
    };
    if term != "aws4_request" {
        return Err(SigError::Scope(
            "Credential should be scoped with a valid terminator: 'aws4_request'.".into(),
        ));
    }
    let scope = Scope { date: date.to_owned(), region: region.to_owned(), service: service.to_owned() };
    Ok((key.to_owned(), scope))
}

fn bad_date(text: &str) -> String {
    format!(
        "Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
    )
}

/// A time stamp in SigV4's basic form, or as the `Date` header has it (RFC 9110 "Date/Time Formats").
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() == 16 && text.ends_with('Z') && text.as_bytes().get(8) == Some(&b'T') {
        return Timestamp::parse(text);
    }
    let parts: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = parts.as_slice() else { return None };
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.iter().position(|name| name == month)? + 1;
    Timestamp::parse(&format!("{year}-{month:02}-{day}T{time}Z"))
}
