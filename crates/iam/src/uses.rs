//! When keys and roles were last used: kept in memory, written now and then. A use must not cost
//! the call that it notes a write.

use std::collections::HashMap;

use mastic_core::{Fault, Region, Timestamp};
use mastic_kernel::Background;
use parking_lot::RwLock;

use crate::records::{KEYS_USED, LastUsed, ROLES_USED};

/// Uses since the start, and which of them are not yet written.
#[derive(Default)]
pub(crate) struct Uses {
    keys: RwLock<HashMap<String, Noted>>,
    roles: RwLock<HashMap<String, Noted>>,
}

#[derive(Clone)]
struct Noted {
    used: LastUsed,
    written: bool,
}

/// AWS shows seconds, so within one nothing is noted twice.
fn note(uses: &RwLock<HashMap<String, Noted>>, id: &str, service: &str, region: &Region, time: Timestamp) {
    let fresh = |noted: &Noted| {
        noted.used.time.secs() == time.secs()
            && noted.used.service == service
            && noted.used.region == region.as_str()
    };
    if uses.read().get(id).is_some_and(fresh) {
        return;
    }
    let used = LastUsed { time, service: service.to_owned(), region: region.to_string() };
    uses.write().insert(id.to_owned(), Noted { used, written: false });
}

impl Uses {
    pub(crate) fn note_key(&self, id: &str, service: &str, region: &Region, time: Timestamp) {
        note(&self.keys, id, service, region, time);
    }

    pub(crate) fn note_role(&self, id: &str, service: &str, region: &Region, time: Timestamp) {
        note(&self.roles, id, service, region, time);
    }

    pub(crate) fn key(&self, id: &str) -> Option<LastUsed> {
        self.keys.read().get(id).map(|noted| noted.used.clone())
    }

    pub(crate) fn role(&self, id: &str) -> Option<LastUsed> {
        self.roles.read().get(id).map(|noted| noted.used.clone())
    }

    /// Writes what is not yet written.
    pub(crate) async fn flush(&self, background: &Background) -> Result<(), Fault> {
        let keys = unwritten(&self.keys);
        let roles = unwritten(&self.roles);
        if keys.is_empty() && roles.is_empty() {
            return Ok(());
        }
        background
            .write(move |tx| {
                for (id, used) in &keys {
                    KEYS_USED.put(tx, id, used)?;
                }
                for (id, used) in &roles {
                    ROLES_USED.put(tx, id, used)?;
                }
                Ok(())
            })
            .await
    }
}

/// Takes what is to be written; a write that fails loses a time of last use, nothing more.
fn unwritten(uses: &RwLock<HashMap<String, Noted>>) -> Vec<(String, LastUsed)> {
    let mut uses = uses.write();
    let waiting = uses.iter_mut().filter(|(_, noted)| !noted.written);
    waiting
        .map(|(id, noted)| {
            noted.written = true;
            (id.clone(), noted.used.clone())
        })
        .collect()
}
