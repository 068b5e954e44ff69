//! Passwords at rest: Argon2id, and nothing else that could tell them.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use mastic_core::{Entropy, Fault, Secret};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// The work of one hash: KiB of memory, passes, lanes (OWASP, "Password Storage Cheat Sheet").
const WORK: Work = Work { memory: 19_456, passes: 2, lanes: 1 };

/// Hashes computed at a time: guesses of strangers must take neither all memory nor all cores.
static GATE: Semaphore = Semaphore::const_new(4);

const SALT: usize = 16;
const HASH: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    memory: u32,
    passes: u32,
    lanes: u32,
}

/// A password that can be recognized but not read. It names the work that went into it, so that more can be
/// asked of the next ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hashed {
    work: Work,
    salt: String,
    hash: String,
}

fn derive(password: &str, salt: &[u8], work: Work) -> Result<Vec<u8>, Fault> {
    let params = Params::new(work.memory, work.passes, work.lanes, Some(HASH)).map_err(Fault::internal)?;
    let mut hash = vec![0; HASH];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut hash)
        .map_err(Fault::internal)?;
    Ok(hash)
}

impl Hashed {
    /// A password that nobody has: comparing with it takes as long as with a real one.
    pub(crate) fn nobody() -> Self {
        let salt = STANDARD_NO_PAD.encode([0; SALT]);
        Self { work: WORK, salt, hash: String::new() }
    }

    fn is(&self, password: &str) -> Result<bool, Fault> {
        let bytes = |text: &str| STANDARD_NO_PAD.decode(text).map_err(Fault::internal);
        let found = derive(password, &bytes(&self.salt)?, self.work)?;
        Ok(verify_slices_are_equal(&found, &bytes(&self.hash)?).is_ok())
    }
}

/// Runs the work on a thread that may be busy.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let _place = GATE.acquire().await.map_err(Fault::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?
}

/// What is stored of a password.
pub(crate) async fn hash(password: Secret<String>, entropy: &dyn Entropy) -> Result<Hashed, Fault> {
    let mut salt = [0; SALT];
    entropy.fill(&mut salt);
    apart(move || {
        let hash = derive(password.reveal(), &salt, WORK)?;
        Ok(Hashed { work: WORK, salt: STANDARD_NO_PAD.encode(salt), hash: STANDARD_NO_PAD.encode(hash) })
    })
    .await
}

/// Whether it is this password.
pub(crate) async fn is(password: Secret<String>, hashed: Hashed) -> Result<bool, Fault> {
    apart(move || hashed.is(password.reveal())).await
}

/// Whether it is one of these passwords.
pub(crate) async fn is_any(password: Secret<String>, hashed: Vec<Hashed>) -> Result<bool, Fault> {
    apart(move || {
        for old in &hashed {
            if old.is(password.reveal())? {
                return Ok(true);
            }
        }
        Ok(false)
    })
    .await
}

#[cfg(test)]
mod tests {
    use mastic_core::SeededEntropy;

    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn the_derivation_is_argon2id() {
        // Test vector of the reference implementation (version 0x13, m=256, t=2, p=1).
        let work = Work { memory: 256, passes: 2, lanes: 1 };
        let hash = derive("password", b"somesalt", work).unwrap();
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
    }

    #[tokio::test]
    async fn a_password_is_recognized_and_not_shown() {
        let entropy = SeededEntropy::new(1);
        let hashed = hash(secret("right horse"), &entropy).await.unwrap();
        assert!(is(secret("right horse"), hashed.clone()).await.unwrap());
        assert!(!is(secret("wrong horse"), hashed.clone()).await.unwrap());
        assert!(!is(secret("right horse"), Hashed::nobody()).await.unwrap());
        assert!(is_any(secret("right horse"), vec![Hashed::nobody(), hashed.clone()]).await.unwrap());
        assert!(!format!("{hashed:?}").contains("horse"));
        assert_ne!(hash(secret("right horse"), &entropy).await.unwrap(), hashed);
    }
}
