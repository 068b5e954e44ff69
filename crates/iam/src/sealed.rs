//! Secrets as the store holds them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mastic_core::{Fault, Secret};
use mastic_kernel::Kernel;
use serde::{Deserialize, Serialize};

use crate::records::{KEYS, SESSIONS};

/// A secret that only the master key opens, and only in the place that it was sealed for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Sealed(String);

impl Sealed {
    pub(crate) fn new(kernel: &Kernel, place: &str, secret: &Secret<String>) -> Self {
        let sealed = kernel.vault().seal(kernel.entropy(), place, secret.reveal().as_bytes());
        Self(STANDARD.encode(sealed))
    }

    pub(crate) fn open(&self, kernel: &Kernel, place: &str) -> Result<Secret<String>, Fault> {
        let plain = STANDARD.decode(&self.0).ok().and_then(|sealed| kernel.vault().open(place, &sealed).ok());
        plain.and_then(|plain| String::from_utf8(plain).ok()).map(Secret::new).ok_or_else(|| {
            Fault::internal(format!(
                "{place} cannot be opened: the master key does not fit this data directory, or the record was altered"
            ))
        })
    }
}

/// Where the secret of a long-term access key lies.
pub(crate) fn key_secret(id: &str) -> String {
    format!("{}/{id}/secret", KEYS.name())
}

/// Where the secret of a temporary access key lies.
pub(crate) fn session_secret(id: &str) -> String {
    format!("{}/{id}/secret", SESSIONS.name())
}

/// Where the session token of a temporary access key lies.
pub(crate) fn session_token(id: &str) -> String {
    format!("{}/{id}/token", SESSIONS.name())
}
