//! When keys and roles were last used: kept in memory, written now and then. A use must not cost
//! the call that it notes a write.

use std::collections::HashMap;
use std::sync::Arc;

use mastic_core::{Fault, Region, Timestamp};
use mastic_kernel::Background;
use parking_lot::RwLock;

use crate::gone;
use crate::records::{KEYS, KEYS_USED, LastUsed, ROLES_USED};

/// Uses that are not written yet, by id.
#[derive(Default)]
struct Noted(RwLock<HashMap<String, LastUsed>>);

impl Noted {
    /// AWS shows seconds, so within one nothing is noted twice.
    fn note(&self, id: &str, service: &str, region: &Region, time: Timestamp) {
        let fresh = |used: &LastUsed| {
            used.time.secs() == time.secs() && used.service == service && used.region == region.as_str()
        };
        if self.0.read().get(id).is_some_and(fresh) {
            return;
        }
        let used = LastUsed { time, service: service.to_owned(), region: region.to_string() };
        self.0.write().insert(id.to_owned(), used);
    }

    fn of(&self, id: &str) -> Option<LastUsed> {
        self.0.read().get(id).cloned()
    }

    fn all(&self) -> Arc<HashMap<String, LastUsed>> {
        Arc::new(self.0.read().clone())
    }

    fn forget(&self, written: &HashMap<String, LastUsed>) {
        self.0.write().retain(|id, used| written.get(id) != Some(used));
    }
}

/// Uses of keys and of roles.
#[derive(Default)]
pub(crate) struct Uses {
    keys: Noted,
    roles: Noted,
}

impl Uses {
    pub(crate) fn note_key(&self, id: &str, service: &str, region: &Region, time: Timestamp) {
        self.keys.note(id, service, region, time);
    }

    pub(crate) fn note_role(&self, id: &str, service: &str, region: &Region, time: Timestamp) {
        self.roles.note(id, service, region, time);
    }

    pub(crate) fn key(&self, id: &str) -> Option<LastUsed> {
        self.keys.of(id)
    }

    pub(crate) fn role(&self, id: &str) -> Option<LastUsed> {
        self.roles.of(id)
    }

    /// Writes what is noted, except of what is gone; after a write that fails it is still noted.
    pub(crate) async fn flush(&self, background: &Background) -> Result<(), Fault> {
        let (keys, roles) = (self.keys.all(), self.roles.all());
        if keys.is_empty() && roles.is_empty() {
            return Ok(());
        }
        let rows = (Arc::clone(&keys), Arc::clone(&roles));
        background
            .write(move |tx| {
                for (id, used) in rows.0.iter() {
                    if KEYS.contains(tx, id)? {
                        KEYS_USED.put(tx, id, used)?;
                    }
                }
                for (id, used) in rows.1.iter() {
                    if !gone::is(tx, id)? {
                        ROLES_USED.put(tx, id, used)?;
                    }
                }
                Ok::<_, Fault>(())
            })
            .await?;
        self.keys.forget(&keys);
        self.roles.forget(&roles);
        Ok(())
    }
}
