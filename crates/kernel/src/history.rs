//! The index of event history: in which seconds somebody's trail has records of an attribute's value.
//!
//! A row stands for all records of one second, not for one record: busy seconds, in which the same callers call the
//! same operations, cost next to nothing, and a lookup reads only the records of seconds that hold what it wants.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use mastic_core::{AccountId, RequestId, Timestamp};
use mastic_store::{Keyspace, ReadTx, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use crate::AuditRecord;
use crate::audit::{RETENTION, TRAIL, trail_of};
use crate::ports::EventIndex;

const DAY: i64 = 24 * 60 * 60;

/// Key: viewer, region, day, `ATTRIBUTE=VALUE`, second, and the account whose trail has the records.
const INDEX: Keyspace<(String, String, u64, String, u64, String), Indexed> = Keyspace::new("audit.index");

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Indexed {}

impl Record for Indexed {
    const VERSION: u16 = 1;
}

/// A place in event history where a record is to be found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Term {
    /// The account whose history it is.
    pub account: AccountId,
    /// The region whose history it is.
    pub region: String,
    /// An attribute that lookups name; empty for lookups without any.
    pub attribute: &'static str,
    /// Its value.
    pub value: String,
}

/// A question to event history.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// What the records must be found under.
    pub term: Term,
    /// No record is older.
    pub from: Timestamp,
    /// No record is younger.
    pub to: Timestamp,
    /// Only records before that of this request, for the next page.
    pub before: Option<String>,
    /// How many records are wanted at most.
    pub limit: usize,
}

type Row = (Term, u64, String);

/// Writes the index; remembers what it wrote for the latest second.
pub(crate) struct Indexer {
    port: Arc<OnceLock<Arc<dyn EventIndex>>>,
    latest: u64,
    written: HashSet<Row>,
}

impl Indexer {
    pub(crate) fn new(port: Arc<OnceLock<Arc<dyn EventIndex>>>) -> Self {
        Self { port, latest: 0, written: HashSet::new() }
    }

    /// The rows that these records need and that are not there yet.
    pub(crate) fn rows(&mut self, records: &[Box<AuditRecord>]) -> Vec<Row> {
        let Some(port) = self.port.get() else { return Vec::new() };
        let mut rows = Vec::new();
        for record in records {
            let second = second(record.received());
            if second > self.latest {
                self.latest = second;
                self.written.clear();
            }
            let home = trail_of(record.caller.account.as_ref());
            for term in port.terms(record) {
                let row = (term, second, home.to_owned());
                if second < self.latest || self.written.insert(row.clone()) {
                    rows.push(row);
                }
            }
        }
        rows
    }

    /// What was to be written is not there.
    pub(crate) fn failed(&mut self) {
        self.written.clear();
    }
}

pub(crate) fn write(tx: &mut WriteTx<'_>, rows: &[Row]) -> Result<(), StoreError> {
    for (term, second, home) in rows {
        let key = (
            term.account.as_str(),
            term.region.as_str(),
            *second / DAY.unsigned_abs(),
            text(term),
            *second,
            home.as_str(),
        );
        INDEX.put(tx, &key, &Indexed {})?;
    }
    Ok(())
}

/// The newest records that answer a question, the newest first.
pub(crate) fn find(
    tx: &ReadTx<'_>,
    index: &dyn EventIndex,
    lookup: &Lookup,
) -> Result<Vec<AuditRecord>, StoreError> {
    let (term, text) = (&lookup.term, text(&lookup.term));
    let mut found = Vec::new();
    let (first, last) = (second(lookup.from), second(lookup.to));
    let days = (first / DAY.unsigned_abs())..=(last / DAY.unsigned_abs());
    for day in days.rev() {
        let place = (term.account.as_str(), term.region.as_str(), day, text.as_str());
        let range = INDEX.prefix(place).before(&(place.0, place.1, day, place.3, last.saturating_add(1), ""));
        let mut open: Vec<(u64, String)> = Vec::new();
        for row in INDEX.scan_reverse(tx, range) {
            let ((.., second, home), _) = row?;
            if second < first {
                break;
            }
            if open.last().is_some_and(|(last, _)| *last != second) {
                of_second(tx, index, lookup, &std::mem::take(&mut open), &mut found)?;
                if found.len() >= lookup.limit {
                    break;
                }
            }
            open.push((second, home));
        }
        if found.len() < lookup.limit {
            of_second(tx, index, lookup, &open, &mut found)?;
        }
        if found.len() >= lookup.limit {
            break;
        }
    }
    found.truncate(lookup.limit);
    Ok(found)
}

/// The records of one second in the trails of these accounts.
fn of_second(
    tx: &ReadTx<'_>,
    index: &dyn EventIndex,
    lookup: &Lookup,
    open: &[(u64, String)],
    found: &mut Vec<AuditRecord>,
) -> Result<(), StoreError> {
    let mut of_second = Vec::new();
    for (second, home) in open {
        let start = |second: u64| RequestId::earliest_at(Timestamp::from_secs(second.cast_signed()));
        let (from, to) = (start(*second), start(*second + 1));
        let mut range = TRAIL
            .prefix((home.as_str(),))
            .from(&(home.as_str(), from.as_str()))
            .before(&(home.as_str(), to.as_str()));
        if let Some(before) = &lookup.before {
            range = range.before(&(home.as_str(), before.as_str()));
        }
        for row in TRAIL.scan_reverse(tx, range) {
            let (_, record) = row?;
            let at = record.received();
            let in_time = at >= lookup.from && at <= lookup.to;
            if in_time && index.terms(&record).contains(&lookup.term) {
                of_second.push(record);
            }
        }
    }
    if open.len() > 1 {
        of_second.sort_by(|a, b| b.request_id.cmp(&a.request_id));
    }
    found.append(&mut of_second);
    Ok(())
}

/// Drops what is older than event history reaches back.
pub(crate) fn prune(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let oldest = second(now.minus(RETENTION)) / DAY.unsigned_abs();
    let mut range = INDEX.all();
    while let Some(row) = INDEX.scan(tx, range.clone()).next() {
        let ((account, region, ..), _) = row?;
        let place = (account.as_str(), region.as_str());
        INDEX.clear(tx, INDEX.prefix(place).before(&(place.0, place.1, oldest, "", 0, "")))?;
        range = range.past(place);
    }
    Ok(())
}

fn second(at: Timestamp) -> u64 {
    u64::try_from(at.secs()).unwrap_or(0)
}

fn text(term: &Term) -> String {
    format!("{}={}", term.attribute, term.value)
}
