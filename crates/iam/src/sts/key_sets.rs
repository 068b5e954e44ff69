//! The keys of issuers, fetched when they are needed and kept for a while.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mastic_core::{Fault, Timestamp};
use mastic_kernel::Ctx;
use parking_lot::Mutex;

use super::jwt::{Jwt, KeySet};

/// How long keys are taken as they were.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// How soon an unknown key lets them be asked for again: anybody can send tokens that name one.
const AGAIN: Duration = Duration::from_secs(10);

/// Issuers remembered at most.
const MOST: usize = 1000;

/// Keys by issuer, with the moment at which they came.
#[derive(Default)]
pub(crate) struct KeySets(Mutex<HashMap<String, (Timestamp, Arc<KeySet>)>>);

impl KeySets {
    /// The issuer's keys, of which one could have signed the token, if it has any such.
    pub(super) async fn for_token(
        &self,
        ctx: &Ctx,
        issuer: &str,
        thumbprints: &[String],
        token: &Jwt,
    ) -> Result<Arc<KeySet>, Fault> {
        let now = ctx.now();
        let kept = self.0.lock().get(issuer).cloned();
        if let Some((came, keys)) = &kept {
            let age = if keys.has_key_for(token) { FRESH } else { AGAIN };
            if now < came.plus(age) {
                return Ok(Arc::clone(keys));
            }
        }
        let fetched = ctx.kernel().issuers()?.keys(issuer, thumbprints).await;
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
        sets.insert(issuer.to_owned(), (now, Arc::clone(&keys)));
        Ok(keys)
    }
}
