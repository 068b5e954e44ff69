//! Guarding against guesses: after some failures each further attempt has to wait, twice as long each time.
//! What is counted is stored, so that a restart does not forgive it.

use std::time::Duration;

use mastic_core::Timestamp;
use mastic_store::{Keyspace, ReadTx, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

/// How long the first wait is.
const SHORTEST: Duration = Duration::from_secs(8);

/// How long the longest wait is, where nothing else is said.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// After which time without failure all is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);

/// Forgotten rows that go with each new one: guesses cannot fill the store.
const SWEPT_WITH_EACH: usize = 8;

/// Failures in a row, under what was guessed at or who guessed.
const GUESSES: Keyspace<String, Guesses> = Keyspace::new("iam.guess");
/// When they were last added to, for the sweep.
const LAST: Keyspace<(Timestamp, String), Mark> = Keyspace::new("iam.guess_last");

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Guesses {
    failed: u32,
    last: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct Mark {}

impl Record for Guesses {
    const VERSION: u16 = 1;
}

impl Record for Mark {
    const VERSION: u16 = 1;
}

/// What is guarded, and how many failures it takes before attempts have to wait.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    key: String,
    free: u32,
    longest: Duration,
}

impl Guard {
    pub(crate) fn new(key: String, free: u32) -> Self {
        Self { key, free, longest: LONGEST }
    }

    /// With another longest wait.
    pub(crate) fn waiting(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Whether an attempt has to be refused unseen.
    pub(crate) fn closed(&self, tx: &ReadTx<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let Some(guesses) = GUESSES.get(tx, self.key.as_str())? else { return Ok(false) };
        let over = guesses.failed.saturating_sub(self.free);
        if over == 0 || now.since(guesses.last) >= FORGOTTEN {
            return Ok(false);
        }
        let wait = (SHORTEST * (1_u32 << (over - 1).min(16))).min(self.longest);
        Ok(now < guesses.last.plus(wait))
    }

    /// Notes a failure.
    pub(crate) fn failed(&self, tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let old = GUESSES.get(tx, self.key.as_str())?;
        if let Some(old) = &old {
            LAST.delete(tx, &(old.last, self.key.as_str()))?;
        }
        let failed = old.filter(|old| now.since(old.last) < FORGOTTEN).map_or(0, |old| old.failed);
        let guesses = Guesses { failed: failed.saturating_add(1), last: now };
        GUESSES.put(tx, self.key.as_str(), &guesses)?;
        LAST.put(tx, &(now, self.key.as_str()), &Mark {})?;
        let stale = LAST.all().before(&(now.minus(FORGOTTEN), ""));
        let stale: Vec<(Timestamp, String)> = LAST
            .scan(tx, stale)
            .take(SWEPT_WITH_EACH)
            .map(|row| row.map(|(key, _)| key))
            .collect::<Result<_, _>>()?;
        for (last, key) in stale {
            LAST.delete(tx, &(last, key.as_str()))?;
            GUESSES.delete(tx, key.as_str())?;
        }
        Ok(())
    }

    /// Forgets all failures.
    pub(crate) fn passed(&self, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
        if let Some(old) = GUESSES.get(tx, self.key.as_str())? {
            LAST.delete(tx, &(old.last, self.key.as_str()))?;
            GUESSES.delete(tx, self.key.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mastic_store::Store;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_790_000_000 + seconds)
    }

    #[test]
    fn waits_double_and_end() {
        let store = Store::memory().unwrap();
        let guard = Guard::new("user/a".into(), 2);
        let closed = |seconds| store.read(|tx| guard.closed(tx, at(seconds))).unwrap();
        let fail = |seconds| {
            let guard = guard.clone();
            store.write_blocking(move |tx| guard.failed(tx, at(seconds))).unwrap();
        };
        fail(0);
        fail(0);
        assert!(!closed(0));
        fail(0);
        assert!(closed(7) && !closed(8));
        fail(8);
        assert!(closed(8 + 15) && !closed(8 + 16));
        for _ in 0..40 {
            fail(30);
        }
        assert!(closed(30 + 899) && !closed(30 + 900));
        assert!(!closed(30 + 86_400));
        fail(30 + 86_400);
        assert!(!closed(30 + 86_400));
        let other = guard.clone();
        store.write_blocking(move |tx| other.passed(tx)).unwrap();
        assert_eq!(store.read(|tx| LAST.count(tx, LAST.all())).unwrap(), 0);
    }

    #[test]
    fn old_failures_leave_the_store() {
        let store = Store::memory().unwrap();
        for name in 0..5 {
            let guard = Guard::new(format!("user/{name}"), 2);
            store.write_blocking(move |tx| guard.failed(tx, at(0))).unwrap();
        }
        store.write_blocking(|tx| Guard::new("user/x".into(), 2).failed(tx, at(90_000))).unwrap();
        assert_eq!(store.read(|tx| GUESSES.count(tx, GUESSES.all())).unwrap(), 1);
    }
}
