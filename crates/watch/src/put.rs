//! `PutLogEvents` and what a batch must satisfy (PutLogEvents).

use mastic_api_watch::logs::types::{self, EntityRejectionErrorType, RejectedEntityInfo};
use mastic_core::{Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_store::WriteTx;

use crate::faults;
use crate::place::Place;
use crate::records::{EVENTS, Event, OVERHEAD};

/// The bytes of a batch at most, with the overhead of each event.
pub(crate) const LARGEST_BATCH: usize = 1_048_576;

/// The events of a batch at most.
pub(crate) const MOST_EVENTS: usize = 10_000;

const HOUR: i64 = 3_600_000;
const LONGEST_SPAN: i64 = 24 * HOUR;
const OLDEST: i64 = 14 * 24 * HOUR;
const NEWEST: i64 = 2 * HOUR;

/// A line to be written: its time in milliseconds, and its text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) time: i64,
    pub(crate) message: String,
}

/// Which events of a batch are out of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rejected {
    /// The index of the first that is too new.
    pub(crate) too_new: Option<usize>,
    /// The index after the last that is too old.
    pub(crate) too_old: Option<usize>,
    /// The index after the last that is past the group's retention.
    pub(crate) expired: Option<usize>,
}

pub(crate) async fn put(
    ctx: Ctx,
    input: types::PutLogEventsRequest,
) -> Result<types::PutLogEventsResponse, Fault> {
    let (place, now) = (Place::of(ctx.call())?, ctx.now());
    let lines: Vec<_> = input
        .log_events
        .into_iter()
        .map(|event| Line { time: event.timestamp, message: event.message })
        .collect();
    check(&lines, now)?;
    let (group, stream) = (input.log_group_name, input.log_stream_name);
    let (token, rejected) =
        ctx.write_plain(move |tx| append(tx, &place, &group, &stream, now, lines)).await?;
    let index = |index: Option<usize>| index.and_then(|index| i32::try_from(index).ok());
    Ok(types::PutLogEventsResponse {
        next_sequence_token: Some(token),
        rejected_log_events_info: (rejected != Rejected::default()).then(|| types::RejectedLogEventsInfo {
            too_new_log_event_start_index: index(rejected.too_new),
            too_old_log_event_end_index: index(rejected.too_old),
            expired_log_event_end_index: index(rejected.expired),
        }),
        // Events are not tied to entities here, and the answer has a place to say so.
        rejected_entity_info: input.entity.map(|_| RejectedEntityInfo {
            error_type: Some(EntityRejectionErrorType::UnsupportedLogGroupType),
        }),
    })
}

fn check(lines: &[Line], now: Timestamp) -> Result<(), Fault> {
    let size: usize = lines.iter().map(|line| line.message.len() + OVERHEAD).sum();
    if size > LARGEST_BATCH {
        return Err(faults::invalid(format!(
            "Upload too large: {size} bytes exceeds limit of {LARGEST_BATCH}"
        )));
    }
    if !lines.is_sorted_by_key(|line| line.time) {
        return Err(faults::invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    let mut valid = lines.iter().filter(|line| in_time(line, now)).map(|line| line.time);
    let first = valid.next();
    let last = valid.next_back().or(first);
    match first.zip(last) {
        Some((first, last)) if last - first > LONGEST_SPAN => Err(faults::invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        )),
        _ => Ok(()),
    }
}

fn in_time(line: &Line, now: Timestamp) -> bool {
    (now.millis() - OLDEST..=now.millis() + NEWEST).contains(&line.time)
}

/// Appends lines that are in the order of their times; the stream's next sequence token, and what was
/// left out.
pub(crate) fn append(
    tx: &mut WriteTx<'_>,
    place: &Place,
    group_name: &str,
    stream_name: &str,
    now: Timestamp,
    mut lines: Vec<Line>,
) -> Result<(String, Rejected), Fault> {
    let mut group = place.group(tx, group_name)?;
    let mut stream = place.stream(tx, group.number, stream_name)?;
    let horizon = group.horizon(now);
    let old = lines.partition_point(|line| line.time < now.millis() - OLDEST);
    let expired = lines.partition_point(|line| line.time < horizon);
    let new = lines.partition_point(|line| line.time <= now.millis() + NEWEST);
    let rejected = Rejected {
        too_new: (new < lines.len()).then_some(new),
        too_old: (old > 0).then_some(old),
        expired: (expired > 0).then_some(expired),
    };
    lines.truncate(new);
    lines.drain(..old.max(expired).min(lines.len()));
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
        return Ok((stream.sequence_token(), rejected));
    };

    let before = stream.recency();
    stream.first = Some(stream.first.map_or(first.time, |old| old.min(first.time)));
    stream.last = Some(stream.last.map_or(last.time, |old| old.max(last.time)));
    stream.ingested = Some(now);
    // The sequence follows the clock, so that events of one moment in several streams come in the order
    // in which they arrived.
    stream.sequence = stream.sequence.max(u64::try_from(now.micros()).unwrap_or_default());
    let mut size = 0;
    for line in lines {
        stream.sequence += 1;
        let event = Event { message: line.message, ingested: now.millis() };
        size += event.size() as u64;
        let key = (&place.account, &place.region, group.number, stream.number, line.time, stream.sequence);
        EVENTS.put(tx, &key, &event)?;
    }
    stream.stored += size;
    group.stored += size;
    place.put_stream(tx, group.number, stream_name, Some(before), &stream)?;
    place.put_group(tx, group_name, &group)?;
    Ok((stream.sequence_token(), rejected))
}
