//! When principals last tried each action: kept in memory and written now and then, as [`crate::uses`] does.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use mastic_core::{Fault, Region, Timestamp};
use mastic_kernel::Background;
use mastic_store::{Keyspace, ReadTx, StoreError, WriteTx};
use parking_lot::RwLock;

use crate::gone;
use crate::records::LastUsed;

/// By the principal's unique id and the action.
const ACCESSED: Keyspace<(String, String), LastUsed> = Keyspace::new("iam.accessed");

/// Tries that are not written yet, by principal and action.
#[derive(Default)]
pub(crate) struct Accesses(RwLock<HashMap<String, HashMap<String, LastUsed>>>);

impl Accesses {
    /// Notes a try. AWS shows seconds, so within one nothing is noted twice.
    pub(crate) fn note(&self, principal: &str, action: &str, region: &Region, time: Timestamp) {
        let fresh = |used: &LastUsed| used.time.secs() == time.secs();
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
        actions.insert(action.to_owned(), used);
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
            found.extend(actions.iter().map(|(action, used)| (action.clone(), used.clone())));
        }
        Ok(found)
    }

    /// Writes what is noted, except of principals that are gone; after a write that fails it is still noted.
    pub(crate) async fn flush(&self, background: &Background) -> Result<(), Fault> {
        let waiting = Arc::new(self.0.read().clone());
        if waiting.is_empty() {
            return Ok(());
        }
        let rows = Arc::clone(&waiting);
        let put = move |tx: &mut WriteTx<'_>| {
            for (principal, actions) in rows.iter() {
                if gone::is(tx, principal)? {
                    continue;
                }
                for (action, used) in actions {
                    ACCESSED.put(tx, &(principal, action), used)?;
                }
            }
            Ok::<_, Fault>(())
        };
        background.write(put).await?;
        self.0.write().retain(|principal, actions| {
            let written = waiting.get(principal);
            actions.retain(|action, used| written.and_then(|written| written.get(action)) != Some(used));
            !actions.is_empty()
        });
        Ok(())
    }
}

/// Removes what is written of a principal.
pub(crate) fn clear(tx: &mut WriteTx<'_>, principal: &str) -> Result<(), StoreError> {
    ACCESSED.clear(tx, ACCESSED.prefix((principal,))).map(drop)
}

#[cfg(test)]
mod tests {
    use mastic_core::{ManualClock, SeededEntropy};
    use mastic_kernel::{Kernel, Seams};
    use mastic_store::Store;

    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn background() -> Background {
        let clock = Arc::new(ManualClock::at(START));
        let seams = Seams { clock, entropy: Arc::new(SeededEntropy::new(7)) };
        Kernel::new(Store::memory().unwrap(), seams).background("iam")
    }

    fn note(accesses: &Accesses, principal: &str, second: i64) {
        let time = Timestamp::from_secs(START.secs() + second);
        accesses.note(principal, "glue:GetTable", &"eu-west-1".parse().unwrap(), time);
    }

    #[tokio::test]
    async fn what_is_written_leaves_the_memory() {
        let (accesses, background) = (Accesses::default(), background());
        note(&accesses, "AIDA1", 0);
        accesses.flush(&background).await.unwrap();
        assert!(accesses.0.read().is_empty());
        note(&accesses, "AIDA1", 1);
        let tried = background.read(|tx| accesses.of(tx, "AIDA1")).unwrap();
        assert_eq!(tried["glue:GetTable"].time.secs(), START.secs() + 1);
        accesses.flush(&background).await.unwrap();
        let rows = background.read(|tx| ACCESSED.count(tx, ACCESSED.all())).unwrap();
        assert_eq!((rows, accesses.0.read().len()), (1, 0));
    }

    #[tokio::test]
    async fn nothing_is_written_of_who_is_gone() {
        let (accesses, background) = (Accesses::default(), background());
        note(&accesses, "AROA1", 0);
        accesses.flush(&background).await.unwrap();
        note(&accesses, "AROA1", 1);
        background.write(|tx| Ok::<_, Fault>(gone::note(tx, "AROA1", START)?)).await.unwrap();
        note(&accesses, "AROA1", 2);
        accesses.flush(&background).await.unwrap();
        let rows = background.read(|tx| ACCESSED.count(tx, ACCESSED.all())).unwrap();
        assert_eq!((rows, accesses.0.read().len()), (0, 0));
    }
}
