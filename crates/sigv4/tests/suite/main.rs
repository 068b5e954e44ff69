//! The crate from outside: AWS's documented examples, botocore's signatures, and properties.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod botocore;
mod chunks;
mod documented;
mod faults;
mod properties;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use mastic_core::{Secret, Timestamp};
use mastic_sigv4::Credentials;

pub(crate) fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    map
}

pub(crate) fn credentials(id: &str, secret: &str) -> Credentials {
    Credentials {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(secret.to_owned()),
        session_token: None,
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}
