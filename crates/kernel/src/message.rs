use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mastic_core::{Entropy, Vault};
use serde::{Deserialize, Serialize};

use crate::Caller;

/// What the vault seals it for.
const CONTEXT: &str = "authorization-message";

/// What an encoded authorization message holds ("DecodeAuthorizationMessage", AWS STS API reference). The answer to a
/// denied call carries it sealed; who may decode it learns why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationMessage {
    /// The account whose principal was denied; none for calls without an account.
    pub account: Option<String>,
    /// The decision's id.
    pub decision: String,
    /// AWS's JSON.
    pub message: String,
}

impl AuthorizationMessage {
    /// The message of a denial.
    pub(crate) fn new(caller: &Caller, decision: &str, message: &str) -> Self {
        let account = caller.account.as_ref().map(ToString::to_string);
        Self { account, decision: decision.to_owned(), message: message.to_owned() }
    }

    /// The text that travels.
    pub(crate) fn seal(&self, vault: &Vault, entropy: &dyn Entropy) -> String {
        // Three strings always have a JSON form.
        let plain = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(vault.seal(entropy, CONTEXT, &plain))
    }

    /// Opens what travelled; nothing if this server did not seal it.
    #[must_use]
    pub fn open(vault: &Vault, encoded: &str) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(encoded.trim()).ok()?;
        let plain = vault.open(CONTEXT, &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

#[cfg(test)]
mod tests {
    use mastic_core::SeededEntropy;

    use super::*;

    #[test]
    fn only_the_server_that_sealed_opens() {
        let entropy = SeededEntropy::new(1);
        let (ours, theirs) = (Vault::random(&entropy), Vault::random(&entropy));
        let message = AuthorizationMessage::new(&Caller::anonymous(), "r.1", "{}");
        let encoded = message.seal(&ours, &entropy);
        assert_eq!(AuthorizationMessage::open(&ours, &encoded), Some(message));
        assert_eq!(AuthorizationMessage::open(&theirs, &encoded), None);
        assert_eq!(AuthorizationMessage::open(&ours, "no message"), None);
        assert_eq!(AuthorizationMessage::open(&ours, ""), None);
    }
}
