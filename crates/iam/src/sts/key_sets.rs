//! The keys of issuers, fetched when they are needed and kept for a while.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mastic_core::{Fault, Timestamp};
use mastic_kernel::Kernel;
use parking_lot::Mutex;

use super::jwt::{Jwt, KeySet};

/// How long keys are taken as they were.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// How soon an unknown key lets them be asked for again: anybody can send tokens that name one.
const AGAIN: Duration = Duration::from_secs(10);

/// Issuers remembered at most.
const MOST: usize = 1000;

/// An issuer, and the thumbprints of which one may prove its server: what one account's provider trusts must not become
/// true for another's.
type Source = (String, Vec<String>);

/// Keys with the moment at which they came.
#[derive(Default)]
pub(crate) struct KeySets(Mutex<HashMap<Source, (Timestamp, Arc<KeySet>)>>);

impl KeySets {
    /// The issuer's keys, of which one could have signed the token, if it has any such.
    pub(super) async fn for_token(
        &self,
        kernel: &Kernel,
        issuer: &str,
        thumbprints: &[String],
        token: &Jwt,
    ) -> Result<Arc<KeySet>, Fault> {
        let now = kernel.clock().now();
        let place = (issuer.to_owned(), thumbprints.to_vec());
        let kept = self.0.lock().get(&place).cloned();
        if let Some((came, keys)) = &kept {
            let age = if keys.has_key_for(token) { FRESH } else { AGAIN };
            if now < came.plus(age) {
                return Ok(Arc::clone(keys));
            }
        }
        let fetched = kernel.issuers()?.keys(issuer, thumbprints).await;
        let keys = fetched.and_then(|json| KeySet::parse(&json)).map_err(|why| {
            Fault::sender(
                "IDPCommunicationError",
                format!("The identity provider {issuer} cannot be asked for its keys: {why}"),
            )
        })?;
        let keys = Arc::new(keys);
        let mut sets = self.0.lock();
        if sets.len() >= MOST {
            sets.clear();
        }
        sets.insert(place, (now, Arc::clone(&keys)));
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use mastic_core::{Clock, ManualClock, SeededEntropy};
    use mastic_kernel::Seams;
    use mastic_kernel::ports::Issuers;
    use mastic_store::Store;

    use super::*;

    /// Counts the questions; tells a key that is named after the thumbprint.
    #[derive(Default)]
    struct Asked(Mutex<usize>);

    #[async_trait]
    impl Issuers for Asked {
        async fn keys(&self, _: &str, thumbprints: &[String]) -> Result<String, String> {
            *self.0.lock() += 1;
            Ok(format!(r#"{{"keys":[{{"kty":"EC","kid":"{}"}}]}}"#, thumbprints.concat()))
        }
    }

    #[tokio::test]
    async fn keys_are_kept_for_those_who_trust_alike() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_790_000_000)));
        let seams =
            Seams { clock: clock.clone() as Arc<dyn Clock>, entropy: Arc::new(SeededEntropy::new(7)) };
        let kernel = Kernel::new(Store::memory().unwrap(), seams);
        let asked = Arc::new(Asked::default());
        kernel.connect_issuers(asked.clone());
        let sets = KeySets::default();
        // {"alg":"ES256","kid":"aa"} and {}.
        let token = Jwt::parse("eyJhbGciOiJFUzI1NiIsImtpZCI6ImFhIn0.e30.").unwrap();
        let ask = async |print: &str| {
            let print = [print.to_owned()];
            let keys = sets.for_token(&kernel, "https://idp.example.com", &print, &token).await.unwrap();
            (keys.has_key_for(&token), *asked.0.lock())
        };
        assert_eq!(ask("aa").await, (true, 1));
        assert_eq!(ask("aa").await, (true, 1));
        // What came from a server with another certificate is no one else's.
        assert_eq!(ask("bb").await, (false, 2));
        assert_eq!(ask("bb").await, (false, 2));
        clock.advance(AGAIN);
        assert_eq!(ask("bb").await, (false, 3));
        assert_eq!(ask("aa").await, (true, 3));
        clock.advance(FRESH);
        assert_eq!(ask("aa").await, (true, 4));
    }
}
