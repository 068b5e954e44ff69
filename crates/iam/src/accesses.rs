//! When principals last tried each action: kept in memory and written now and then, as [`crate::uses`] does.

use std::collections::{BTreeMap, HashMap};

use mastic_core::{Fault, Region, Timestamp};
use mastic_kernel::Background;
use mastic_store::{Keyspace, ReadTx, StoreError, WriteTx};
use parking_lot::RwLock;

use crate::records::LastUsed;

/// By the principal's unique id and the action.
const ACCESSED: Keyspace<(String, String), LastUsed> = Keyspace::new("iam.accessed");

/// Tries since the start, by principal and action, and whether they are written.
#[derive(Default)]
pub(crate) struct Accesses(RwLock<HashMap<String, HashMap<String, Noted>>>);

struct Noted {
    used: LastUsed,
    written: bool,
}

impl Accesses {
    /// Notes a try. AWS shows seconds, so within one nothing is noted twice.
    pub(crate) fn note(&self, principal: &str, action: &str, region: &Region, time: Timestamp) {
        let fresh = |noted: &Noted| noted.used.time.secs() == time.secs();
        if self.0.read().get(principal).and_then(|actions| actions.get(action)).is_some_and(fresh) {
            return;
        }
        let service = action.split(':').next().unwrap_or_default().to_owned();
        let used = LastUsed { time, service, region: region.to_string() };
        let mut all = self.0.write();
        let actions = match all.get_mut(principal) {
            Some(actions) => actions,
            None => all.entry(principal.to_owned()).or_default(),
        };
        actions.insert(action.to_owned(), Noted { used, written: false });
    }

    /// The last try of each action.
    pub(crate) fn of(
        &self,
        tx: &ReadTx<'_>,
        principal: &str,
    ) -> Result<BTreeMap<String, LastUsed>, StoreError> {
        let mut found = BTreeMap::new();
        for row in ACCESSED.scan_prefix(tx, (principal,)) {
            let ((_, action), used) = row?;
            found.insert(action, used);
        }
        if let Some(actions) = self.0.read().get(principal) {
            found.extend(actions.iter().map(|(action, noted)| (action.clone(), noted.used.clone())));
        }
        Ok(found)
    }

    /// Writes what is not yet written; a write that fails loses times of last use, nothing more.
    pub(crate) async fn flush(&self, background: &Background) -> Result<(), Fault> {
        let waiting = self.unwritten();
        if waiting.is_empty() {
            return Ok(());
        }
        let put = move |tx: &mut WriteTx<'_>| {
            waiting.iter().try_for_each(|(key, used)| ACCESSED.put(tx, key, used)).map_err(Fault::from)
        };
        background.write(put).await
    }

    fn unwritten(&self) -> Vec<((String, String), LastUsed)> {
        let mut waiting = Vec::new();
        for (principal, actions) in self.0.write().iter_mut() {
            for (action, noted) in actions.iter_mut().filter(|(_, noted)| !noted.written) {
                noted.written = true;
                waiting.push(((principal.clone(), action.clone()), noted.used.clone()));
            }
        }
        waiting
    }
}

/// Forgets a principal that is gone.
pub(crate) fn forget(tx: &mut WriteTx<'_>, principal: &str) -> Result<(), StoreError> {
    let keys: Vec<(String, String)> = ACCESSED
        .scan_prefix(tx, (principal,))
        .map(|row| row.map(|(key, _)| key))
        .collect::<Result<_, _>>()?;
    keys.iter().try_for_each(|key| ACCESSED.delete(tx, key).map(drop))
}
