//! What is stored, and where.

use std::collections::BTreeMap;

use mastic_api_watch::logs::types::LogGroupClass;
use mastic_core::{AccountId, Entropy, Fault, Region, Timestamp};
use mastic_store::{Keyspace, ReadTx, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use crate::faults;
use crate::place::Place;

/// Account, region and name.
pub(crate) const GROUPS: Keyspace<(AccountId, Region, String), Group> = Keyspace::new("logs.group");

/// Account, region, the group's number and the stream's name.
pub(crate) const STREAMS: Keyspace<(AccountId, Region, u64, String), Stream> = Keyspace::new("logs.stream");

/// The streams in the order of their last event: account, region, the group's number, that event's time
/// (0 where there is none) and the stream's name.
pub(crate) const RECENT: Keyspace<(AccountId, Region, u64, i64, String), Mark> = Keyspace::new("logs.recent");

/// Account, region, the group's number, the stream's number, the event's time in milliseconds, and its
/// sequence number, which grows within the stream.
pub(crate) const EVENTS: Keyspace<(AccountId, Region, u64, u64, i64, u64), Event> =
    Keyspace::new("logs.event");

/// What is to be cleared: account, region, the number of a group, and that of one of its streams or
/// none for all of it.
pub(crate) const UNLINKED: Keyspace<(AccountId, Region, u64, Option<u64>), Mark> =
    Keyspace::new("logs.unlinked");

/// What AWS counts for an event besides its message, in bytes.
pub(crate) const OVERHEAD: usize = 26;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) number: u64,
    pub(crate) created: Timestamp,
    /// Days.
    pub(crate) retention: Option<i32>,
    pub(crate) class: LogGroupClass,
    pub(crate) tags: BTreeMap<String, String>,
    /// Bytes of its events.
    pub(crate) stored: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub(crate) number: u64,
    pub(crate) created: Timestamp,
    /// The time of its earliest event, in milliseconds.
    pub(crate) first: Option<i64>,
    /// The time of its latest event, in milliseconds.
    pub(crate) last: Option<i64>,
    /// When events last came in.
    pub(crate) ingested: Option<Timestamp>,
    /// The sequence number given last.
    pub(crate) sequence: u64,
    /// Bytes of its events.
    pub(crate) stored: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) message: String,
    /// When it came in, in milliseconds.
    pub(crate) ingested: i64,
}

/// The key says all.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Mark {}

impl Record for Group {
    const VERSION: u16 = 1;
}

impl Record for Stream {
    const VERSION: u16 = 1;
}

impl Record for Event {
    const VERSION: u16 = 1;
}

impl Record for Mark {
    const VERSION: u16 = 1;
}

impl Group {
    /// The earliest time, in milliseconds, of an event that is not past the retention.
    pub(crate) fn horizon(&self, now: Timestamp) -> i64 {
        self.retention.map_or(0, |days| now.millis() - i64::from(days) * 86_400_000)
    }
}

impl Stream {
    /// The time under which [`RECENT`] has it.
    pub(crate) fn recency(&self) -> i64 {
        self.last.unwrap_or(0)
    }

    /// AWS gives 56 digits and ignores what comes back.
    pub(crate) fn sequence_token(&self) -> String {
        format!("{:056}", self.sequence)
    }
}

impl Event {
    /// What AWS counts for it.
    pub(crate) fn size(&self) -> usize {
        self.message.len() + OVERHEAD
    }
}

impl Place {
    pub(crate) fn find_group(&self, tx: &ReadTx<'_>, name: &str) -> Result<Option<Group>, StoreError> {
        GROUPS.get(tx, &(&self.account, &self.region, name))
    }

    pub(crate) fn group(&self, tx: &ReadTx<'_>, name: &str) -> Result<Group, Fault> {
        self.find_group(tx, name)?.ok_or_else(faults::group_missing)
    }

    pub(crate) fn put_group(
        &self,
        tx: &mut WriteTx<'_>,
        name: &str,
        group: &Group,
    ) -> Result<(), StoreError> {
        GROUPS.put(tx, &(&self.account, &self.region, name), group)
    }

    pub(crate) fn find_stream(
        &self,
        tx: &ReadTx<'_>,
        group: u64,
        name: &str,
    ) -> Result<Option<Stream>, StoreError> {
        STREAMS.get(tx, &(&self.account, &self.region, group, name))
    }

    pub(crate) fn stream(&self, tx: &ReadTx<'_>, group: u64, name: &str) -> Result<Stream, Fault> {
        self.find_stream(tx, group, name)?.ok_or_else(faults::stream_missing)
    }

    /// Stores a stream whose last event was at `before`, or that is new.
    pub(crate) fn put_stream(
        &self,
        tx: &mut WriteTx<'_>,
        group: u64,
        name: &str,
        before: Option<i64>,
        stream: &Stream,
    ) -> Result<(), StoreError> {
        let (account, region, now) = (&self.account, &self.region, stream.recency());
        if before != Some(now) {
            if let Some(before) = before {
                RECENT.delete(tx, &(account, region, group, before, name))?;
            }
            RECENT.put(tx, &(account, region, group, now, name), &Mark {})?;
        }
        STREAMS.put(tx, &(account, region, group, name), stream)
    }
}

/// A number for a new group or stream; 64 random bits do not meet again.
pub(crate) fn number(entropy: &dyn Entropy) -> u64 {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    u64::from_be_bytes(bytes)
}
