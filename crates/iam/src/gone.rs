//! Users and roles that were deleted. Sessions of theirs may call for a while, always in vain, and what was noted of their
//! last calls may not be written yet: none of it may come back.

use std::time::Duration;

use mastic_core::Timestamp;
use mastic_store::{Keyspace, ReadTx, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use crate::accesses;
use crate::records::ROLES_USED;

/// After this no session is left: the longest last 36 hours (`GetSessionToken`).
const REMEMBERED: Duration = Duration::from_secs(48 * 60 * 60);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Gone {
    at: Timestamp,
}

impl Record for Gone {
    const VERSION: u16 = 1;
}

/// By unique id.
const GONE: Keyspace<String, Gone> = Keyspace::new("iam.gone");

/// Notes that a user or role is deleted, and removes what is known of its use.
pub(crate) fn note(tx: &mut WriteTx<'_>, id: &str, at: Timestamp) -> Result<(), StoreError> {
    accesses::clear(tx, id)?;
    ROLES_USED.delete(tx, id)?;
    GONE.put(tx, id, &Gone { at })
}

/// Whether the user or role of this id was deleted lately.
pub(crate) fn is(tx: &ReadTx<'_>, id: &str) -> Result<bool, StoreError> {
    GONE.contains(tx, id)
}

/// Forgets those of whom no session can be left.
pub(crate) fn sweep(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    GONE.clear_where(tx, GONE.all(), |gone| gone.at < now.minus(REMEMBERED))
}

#[cfg(test)]
mod tests {
    use mastic_store::Store;

    use super::*;

    #[test]
    fn they_are_remembered_as_long_as_sessions_may_last() {
        let store = Store::memory().unwrap();
        let start = Timestamp::from_secs(1_790_000_000);
        store.write_blocking(move |tx| note(tx, "AROA1", start)).unwrap();
        for (hours, remembered) in [(47, true), (49, false)] {
            let now = start.plus(Duration::from_secs(hours * 3600));
            store.write_blocking(move |tx| sweep(tx, now)).unwrap();
            assert_eq!(store.read(|tx| is(tx, "AROA1")).unwrap(), remembered);
        }
    }
}
