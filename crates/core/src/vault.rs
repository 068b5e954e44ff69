use std::fmt;
use std::str::FromStr;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::Entropy;

/// The first byte of a sealed value: a nonce, then AES-256-GCM's text and tag.
const FORMAT: u8 = 1;

/// Bytes of a master key.
const KEY: usize = 32;

/// Why a sealed value does not open, or a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Another key sealed it, it was sealed for another context, or it was altered: nothing can tell which.
    #[error("the sealed value does not open with this key in this place")]
    Closed,
    /// It begins as no sealed value of this version does.
    #[error("the value is sealed in a form that is not known")]
    Format,
    /// The text is not a key.
    #[error("a master key is 64 hexadecimal digits")]
    Key,
}

/// Seals secrets before they are stored (AES-256-GCM) and opens them when they are needed.
///
/// Each value is sealed for a context, the place where it is kept: moved to another record it does not open.
/// Nonces are random, so one key is good for some four billion values.
///
/// ```
/// use mastic_core::{SystemEntropy, Vault, VaultError};
///
/// let entropy = SystemEntropy::new();
/// let vault = Vault::random(&entropy);
/// let sealed = vault.seal(&entropy, "connection/sales", b"password");
/// assert_eq!(vault.open("connection/sales", &sealed)?, b"password");
/// assert_eq!(vault.open("connection/costs", &sealed), Err(VaultError::Closed));
/// # Ok::<(), VaultError>(())
/// ```
pub struct Vault(LessSafeKey);

impl Vault {
    /// The vault of a key.
    #[must_use]
    pub fn new(key: [u8; KEY]) -> Self {
        match UnboundKey::new(&AES_256_GCM, &key) {
            Ok(key) => Self(LessSafeKey::new(key)),
            // Only a wrong length is refused, so this is out of memory.
            Err(_) => std::process::abort(),
        }
    }

    /// The vault of a fresh key that nobody else knows.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut key = [0; KEY];
        entropy.fill(&mut key);
        Self::new(key)
    }

    /// The bytes to store in place of `plain`: 29 more than it has.
    pub fn seal(&self, entropy: &dyn Entropy, context: &str, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut text = plain.to_vec();
        let aad = Aad::from(context);
        if self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text).is_err() {
            // Beyond 64 GiB, or out of memory: going on would store the secret as it is.
            std::process::abort();
        }
        [&[FORMAT], nonce.as_slice(), &text].concat()
    }

    /// What was sealed for this context.
    ///
    /// # Errors
    /// When this key did not seal these bytes for this context.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let [FORMAT, rest @ ..] = sealed else { return Err(VaultError::Format) };
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Format)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.0.open_in_place(nonce, Aad::from(context), &mut text);
        let length = plain.map_err(|_| VaultError::Closed)?.len();
        text.truncate(length);
        Ok(text)
    }
}

/// A key as 64 hexadecimal digits.
impl FromStr for Vault {
    type Err = VaultError;

    fn from_str(text: &str) -> Result<Self, VaultError> {
        let mut key = [0; KEY];
        hex::decode_to_slice(text, &mut key).map_err(|_| VaultError::Key)?;
        Ok(Self::new(key))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault([secret])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    #[test]
    fn what_is_sealed_opens_and_shows_nothing() {
        let (entropy, vault) = (SeededEntropy::new(1), Vault::new([7; 32]));
        for plain in [&b""[..], b"k", &[b's'; 5000]] {
            let sealed = vault.seal(&entropy, "place", plain);
            assert_eq!(sealed.len(), plain.len() + 29);
            assert_eq!(vault.open("place", &sealed).unwrap(), plain);
            assert_eq!(Vault::new([7; 32]).open("place", &sealed).unwrap(), plain);
            assert!(!sealed.windows(5).any(|part| part == b"sssss"));
        }
        assert_ne!(vault.seal(&entropy, "place", b"twice"), vault.seal(&entropy, "place", b"twice"));
    }

    #[test]
    fn another_key_place_or_byte_does_not_open() {
        let (entropy, vault) = (SeededEntropy::new(1), Vault::new([7; 32]));
        let sealed = vault.seal(&entropy, "place", b"secret");
        assert_eq!(Vault::new([8; 32]).open("place", &sealed), Err(VaultError::Closed));
        assert_eq!(Vault::random(&entropy).open("place", &sealed), Err(VaultError::Closed));
        assert_eq!(vault.open("places", &sealed), Err(VaultError::Closed));
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(vault.open("place", &altered).is_err(), "byte {at}");
            assert!(vault.open("place", &sealed[..at]).is_err(), "cut at {at}");
        }
        assert_eq!(vault.open("place", b"secret as it is"), Err(VaultError::Format));
    }

    #[test]
    fn a_key_is_read_from_text_and_hidden() {
        let entropy = SeededEntropy::new(1);
        let sealed = Vault::new([0xab; 32]).seal(&entropy, "place", b"secret");
        assert_eq!("ab".repeat(32).parse::<Vault>().unwrap().open("place", &sealed).unwrap(), b"secret");
        for text in ["", "ab", &"ab".repeat(33), &"xy".repeat(32)] {
            assert_eq!(text.parse::<Vault>().unwrap_err(), VaultError::Key);
        }
        assert_eq!(format!("{:?}", Vault::new([7; 32])), "Vault([secret])");
    }
}
