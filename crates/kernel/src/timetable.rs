//! What is due at which time: crawlers, triggers and whatever else has a schedule, each started exactly once for each time
//! at which it is due.
//!
//! An entry is written in the transaction that defines the schedule. What is due is started in the very transaction
//! that moves its entry to the next time, so that neither a crash nor a restart can start it twice or lose it.
//! Times that passed while no server was up count as one: what missed any of them is started once,
//! when the server is back.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mastic_core::{Fault, Timestamp};
use mastic_schedule::Cron;
use mastic_store::{Keyspace, Record, StoreError, WriteTx};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use crate::Background;

/// Schedules are due on whole minutes.
const MINUTE: Duration = Duration::from_secs(60);

/// What has a schedule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scheduled {
    /// What it is: `crawler`, `trigger`; it finds who starts it.
    pub kind: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The name among its kind.
    pub name: String,
}

impl Scheduled {
    /// From its parts.
    #[must_use]
    pub fn new(kind: &str, account: &str, region: &str, name: &str) -> Self {
        let (kind, account) = (kind.to_owned(), account.to_owned());
        Self { kind, account, region: region.to_owned(), name: name.to_owned() }
    }

    fn place(&self) -> PlaceKey {
        let Self { kind, account, region, name } = self.clone();
        (kind, account, region, name)
    }
}

/// What remains to be done once a start is durable.
pub type After = Box<dyn FnOnce() + Send>;

/// Starts one kind of what is scheduled.
pub trait Starter: Send + Sync {
    /// Notes, in the transaction, that the work of `scheduled` begins, which was due at `due`; the rest is done afterwards.
    /// It answers `None` where there is nothing to start: because the work is under way already, for example.
    ///
    /// # Errors
    /// If the store fails. The time stays due then, and is tried again.
    fn start(
        &self,
        tx: &mut WriteTx<'_>,
        scheduled: &Scheduled,
        due: Timestamp,
    ) -> Result<Option<After>, Fault>;
}

#[derive(Debug, Serialize, Deserialize)]
struct Due {
    cron: String,
}

impl Record for Due {
    const VERSION: u16 = 1;
}

#[derive(Debug, Serialize, Deserialize)]
struct Place {
    due: i64,
}

impl Record for Place {
    const VERSION: u16 = 1;
}

type PlaceKey = (String, String, String, String);

/// In order of time: microseconds, then what.
const DUE: Keyspace<(i64, String, String, String, String), Due> = Keyspace::new("kernel.due");

/// When each is due.
const PLACES: Keyspace<PlaceKey, Place> = Keyspace::new("kernel.due-place");

/// Puts something into the timetable, or changes its schedule: the first time is the first after `now`. Where it has the
/// very schedule already, its next time stays, also one that has just come and is about to be served.
///
/// # Errors
/// If the store cannot be written.
pub fn set(
    tx: &mut WriteTx<'_>,
    scheduled: &Scheduled,
    cron: &Cron,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Scheduled { kind, account, region, name } = scheduled.clone();
    if let Some(Place { due }) = PLACES.get(tx, &scheduled.place())?
        && let Some(row) = DUE.get(tx, &(due, kind, account, region, name))?
        && row.cron == cron.to_string()
    {
        return Ok(());
    }
    enter(tx, scheduled, cron, now)
}

/// Gives something its first time after `now`, whatever it had.
fn enter(tx: &mut WriteTx<'_>, scheduled: &Scheduled, cron: &Cron, now: Timestamp) -> Result<(), StoreError> {
    clear(tx, scheduled)?;
    let Some(due) = cron.next_after(now) else { return Ok(()) };
    let Scheduled { kind, account, region, name } = scheduled.clone();
    DUE.put(tx, &(due.micros(), kind, account, region, name), &Due { cron: cron.to_string() })?;
    PLACES.put(tx, &scheduled.place(), &Place { due: due.micros() })
}

/// Takes something out of the timetable.
///
/// # Errors
/// If the store cannot be written.
pub fn clear(tx: &mut WriteTx<'_>, scheduled: &Scheduled) -> Result<(), StoreError> {
    let place = scheduled.place();
    if let Some(Place { due }) = PLACES.get(tx, &place)? {
        let (kind, account, region, name) = place.clone();
        DUE.delete(tx, &(due, kind, account, region, name))?;
        PLACES.delete(tx, &place)?;
    }
    Ok(())
}

/// Runs the timetable.
pub struct Timetable {
    background: Background,
    starters: RwLock<HashMap<&'static str, Arc<dyn Starter>>>,
}

impl Timetable {
    /// Over the kernel's store; nothing starts before [`Timetable::run`].
    #[must_use]
    pub fn new(background: Background) -> Arc<Self> {
        Arc::new(Self { background, starters: RwLock::default() })
    }

    /// Tells who starts what is of a kind.
    pub fn connect(&self, kind: &'static str, starter: Arc<dyn Starter>) {
        self.starters.write().insert(kind, starter);
    }

    /// Starts what is due now, each once, and moves it to its next time; how many there were. What could not be
    /// started stays due.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn tick(&self) -> Result<usize, Fault> {
        let now = self.background.now();
        let due = self.background.read(|tx| {
            let rows = DUE.scan(tx, DUE.all()).take_while(|row| match row {
                Ok(((due, ..), _)) => *due <= now.micros(),
                Err(_) => true,
            });
            rows.map(|row| Ok(row?.0)).collect::<Result<Vec<_>, Fault>>()
        })?;
        for key in &due {
            if let Err(fault) = self.start(key.clone(), now).await {
                tracing::error!(
                    kind = key.1,
                    name = key.4,
                    cause = fault.cause(),
                    "a start failed, and is tried again"
                );
            }
        }
        Ok(due.len())
    }

    async fn start(&self, key: (i64, String, String, String, String), now: Timestamp) -> Result<(), Fault> {
        let starter = self.starters.read().get(key.1.as_str()).cloned();
        let after = self
            .background
            .write(move |tx| {
                // It may have been changed meanwhile.
                let Some(row) = DUE.get(tx, &key)? else { return Ok::<_, Fault>(None) };
                let (due, kind, account, region, name) = key;
                let scheduled = Scheduled { kind, account, region, name };
                match row.cron.parse::<Cron>() {
                    Ok(cron) => enter(tx, &scheduled, &cron, now)?,
                    Err(_) => clear(tx, &scheduled)?,
                }
                match starter {
                    Some(starter) => starter.start(tx, &scheduled, Timestamp::from_micros(due)),
                    None => Ok(None),
                }
            })
            .await?;
        if let Some(after) = after {
            after();
        }
        Ok(())
    }

    /// Starts what is due, now and at every minute.
    pub async fn run(&self) {
        loop {
            if let Err(fault) = self.tick().await {
                tracing::error!(cause = fault.cause(), "the timetable could not be read or written");
            }
            let now = self.background.now();
            let passed = now.since(Timestamp::from_secs(now.secs().div_euclid(60) * 60));
            tokio::time::sleep(MINUTE.saturating_sub(passed)).await;
        }
    }
}

#[cfg(test)]
mod tests;
