use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;
use mastic_core::Secret;

use crate::Scope;
use crate::text::hex;

/// The key that signs everything of one secret key, day, region and service. Cheap to clone.
#[derive(Clone)]
pub struct SigningKey(Arc<hmac::Key>);

impl SigningKey {
    /// Derives the key: four HMACs from the secret.
    #[must_use]
    pub fn derive(secret: &Secret<String>, scope: &Scope) -> Self {
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{}", secret.reveal()).as_bytes());
        for part in [scope.date.as_str(), &scope.region, &scope.service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        Self(Arc::new(key))
    }

    /// The signature of a string to sign: 64 hexadecimal digits.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        hex(hmac::sign(&self.0, text.as_bytes()).as_ref())
    }

    /// Whether `signature` (hexadecimal) is the one of `text`; takes the same time wherever they differ.
    #[must_use]
    pub fn matches(&self, text: &str, signature: &str) -> bool {
        // Signatures are lower case by AWS's rule; another spelling of the same bytes is not one.
        let lower = !signature.bytes().any(|b| b.is_ascii_uppercase());
        let mut given = [0; 32];
        hex::decode_to_slice(signature, &mut given)
            .is_ok_and(|()| lower && hmac::verify(&self.0, text.as_bytes(), &given).is_ok())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([secret])")
    }
}

/// Derived keys of the callers seen lately, by a hash of what they were derived from.
#[derive(Default)]
pub(crate) struct KeyCache {
    hasher: RandomState,
    keys: RwLock<HashMap<u64, Derived>>,
}

struct Derived {
    secret: Secret<String>,
    scope: Scope,
    key: SigningKey,
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCache([secret])")
    }
}

impl KeyCache {
    const MOST: usize = 1024;

    pub(crate) fn key(&self, secret: &Secret<String>, scope: &Scope) -> SigningKey {
        let place = self.hasher.hash_one((secret.reveal(), &scope.date, &scope.region, &scope.service));
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = keys.get(&place)
            && found.scope == *scope
            && found.secret == *secret
        {
            return found.key.clone();
        }
        drop(keys);
        let key = SigningKey::derive(secret, scope);
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= Self::MOST {
            keys.clear();
        }
        keys.insert(place, Derived { secret: secret.clone(), scope: scope.clone(), key: key.clone() });
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derived_key_is_the_documented_one() {
        // "Examples of how to derive a signing key for Signature Version 4".
        let scope = Scope { date: "20150830".into(), region: "us-east-1".into(), service: "iam".into() };
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned());
        let to_sign = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
                       f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        let signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        let cache = KeyCache::default();
        for _ in 0..2 {
            let key = cache.key(&secret, &scope);
            assert_eq!(key.sign(to_sign), signature);
            assert!(key.matches(to_sign, signature));
            assert!(!key.matches(to_sign, &signature.to_uppercase()));
            assert!(!key.matches(to_sign, ""));
        }
        assert!(!format!("{cache:?}").contains("wJalr"));
    }
}
