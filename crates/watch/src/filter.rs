//! `FilterLogEvents`: the events of many streams, merged in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use mastic_api_watch::logs::types::{self, FilteredLogEvent};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, Scan, StoreError};

use crate::pattern::Pattern;
use crate::place::{GroupRef, Place};
use crate::put::{LARGEST_BATCH, MOST_EVENTS};
use crate::records::{EVENTS, Event, STREAMS, Stream};
use crate::{faults, position};

/// Events that one page looks at, at most: a page that found nothing in them is empty and has a token.
const LOOKED_AT: usize = 20_000;

/// The place of an event in the order of a listing: its time, its sequence number, and its stream's
/// number for the case that the former are equal.
type Spot = (i64, u64, u64);

pub(crate) async fn filter(
    ctx: Ctx,
    input: types::FilterLogEventsRequest,
) -> Result<types::FilterLogEventsResponse, Fault> {
    let GroupRef { place, name } =
        GroupRef::of(ctx.call(), input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    if input.log_stream_names.is_some() && input.log_stream_name_prefix.is_some() {
        return Err(faults::invalid(
            "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.",
        ));
    }
    let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or_default())?;
    let after = input.next_token.as_deref().map(position::read::<Spot>).transpose()?;
    let most = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MOST_EVENTS);
    ctx.read(|tx| {
        let group = place.group(tx, &name)?;
        let window = Window {
            start: group.horizon(ctx.now()).max(input.start_time.unwrap_or(0)),
            end: input.end_time.unwrap_or(i64::MAX),
            after,
        };
        let streams = streams(tx, &place, group.number, &input)?;
        let merge = Merge::of(tx, &place, group.number, &streams, window);
        page(merge, &pattern, most)
    })
}

fn page(
    mut merge: Merge<'_>,
    pattern: &Pattern,
    most: usize,
) -> Result<types::FilterLogEventsResponse, Fault> {
    let (mut events, mut size, mut looked_at, mut last) = (Vec::new(), 0, 0, None);
    while let Some((spot, name, event)) = merge.peek()? {
        let matches = pattern.matches(&event.message);
        let full =
            matches && (events.len() == most || (size + event.size() > LARGEST_BATCH && !events.is_empty()));
        if full || looked_at == LOOKED_AT {
            let next_token = last.as_ref().map(position::write::<Spot>).transpose()?;
            return Ok(answer(events, next_token));
        }
        if matches {
            size += event.size();
            events.push(shown(spot, name, event));
        }
        looked_at += 1;
        last = Some(spot);
        merge.advance()?;
    }
    Ok(answer(events, None))
}

fn answer(events: Vec<FilteredLogEvent>, next_token: Option<String>) -> types::FilterLogEventsResponse {
    // AWS has left `searchedLogStreams` empty since 2020.
    types::FilterLogEventsResponse {
        events: Some(events),
        searched_log_streams: Some(Vec::new()),
        next_token,
    }
}

/// An event's id has 56 digits.
fn shown((time, sequence, stream): Spot, name: &str, event: &Event) -> FilteredLogEvent {
    FilteredLogEvent {
        log_stream_name: Some(name.to_owned()),
        timestamp: Some(time),
        message: Some(event.message.clone()),
        ingestion_time: Some(event.ingested),
        event_id: Some(format!("{time:018}{sequence:018}{stream:020}")),
    }
}

fn streams(
    tx: &ReadTx<'_>,
    place: &Place,
    group: u64,
    input: &types::FilterLogEventsRequest,
) -> Result<Vec<(String, Stream)>, Fault> {
    if let Some(names) = &input.log_stream_names {
        let mut names = names.clone();
        names.sort();
        names.dedup();
        return names
            .into_iter()
            .map(|name| {
                let stream = place.stream(tx, group, &name)?;
                Ok((name, stream))
            })
            .collect();
    }
    let prefix = input.log_stream_name_prefix.as_deref().unwrap_or_default();
    let range = STREAMS.prefix_text((&place.account, &place.region, group), prefix);
    let rows = STREAMS.scan(tx, range).map(|row| row.map(|((_, _, _, name), stream)| (name, stream)));
    Ok(rows.collect::<Result<_, StoreError>>()?)
}

/// Which events are looked at; both ends are within.
#[derive(Clone, Copy)]
struct Window {
    start: i64,
    end: i64,
    after: Option<Spot>,
}

/// The streams' events in one order. A stream is opened when the merge comes to its first event, so that
/// of many runs' streams only those of the time asked for cost anything.
struct Merge<'t> {
    tx: &'t ReadTx<'t>,
    place: &'t Place,
    group: u64,
    window: Window,
    queue: BinaryHeap<Reverse<(Spot, usize)>>,
    sources: Vec<Source<'t>>,
}

struct Source<'t> {
    name: &'t str,
    number: u64,
    opened: Option<Opened<'t>>,
}

struct Opened<'t> {
    rows: Scan<'t, (mastic_core::AccountId, mastic_core::Region, u64, u64, i64, u64), Event>,
    head: Option<(Spot, Event)>,
}

impl<'t> Merge<'t> {
    fn of(
        tx: &'t ReadTx<'t>,
        place: &'t Place,
        group: u64,
        streams: &'t [(String, Stream)],
        window: Window,
    ) -> Self {
        let start = window.after.map_or(window.start, |(time, ..)| time.max(window.start));
        let mut merge = Self { tx, place, group, window, queue: BinaryHeap::new(), sources: Vec::new() };
        for (name, stream) in streams {
            let (Some(first), Some(last)) = (stream.first, stream.last) else {
                continue;
            };
            if last >= start && first <= window.end {
                merge.queue.push(Reverse(((first.max(start), 0, stream.number), merge.sources.len())));
                merge.sources.push(Source { name, number: stream.number, opened: None });
            }
        }
        merge
    }

    /// The next event, with its stream's name.
    fn peek(&mut self) -> Result<Option<(Spot, &str, &Event)>, StoreError> {
        while let Some(Reverse((_, index))) = self.queue.peek().copied() {
            let Some(source) = self.sources.get_mut(index) else {
                return Ok(None);
            };
            if source.opened.is_some() {
                break;
            }
            source.opened = Some(Opened::of(self.tx, self.place, self.group, source.number, self.window)?);
            self.requeue(index);
        }
        let Some(Reverse((_, index))) = self.queue.peek() else {
            return Ok(None);
        };
        Ok(self.sources.get(*index).and_then(|source| {
            let (spot, event) = source.opened.as_ref()?.head.as_ref()?;
            Some((*spot, source.name, event))
        }))
    }

    /// Goes past the event that `peek` shows.
    fn advance(&mut self) -> Result<(), StoreError> {
        if let Some(Reverse((_, index))) = self.queue.peek().copied() {
            if let Some(opened) = self.sources.get_mut(index).and_then(|source| source.opened.as_mut()) {
                opened.advance(self.window.end)?;
            }
            self.requeue(index);
        }
        Ok(())
    }

    /// Puts the first of the queue to where its event belongs, or out.
    fn requeue(&mut self, index: usize) {
        self.queue.pop();
        let head = self.sources.get(index).and_then(|source| source.opened.as_ref()?.head.as_ref());
        if let Some((spot, _)) = head {
            self.queue.push(Reverse((*spot, index)));
        }
    }
}

impl<'t> Opened<'t> {
    fn of(
        tx: &'t ReadTx<'t>,
        place: &Place,
        group: u64,
        stream: u64,
        window: Window,
    ) -> Result<Self, StoreError> {
        let Place { account, region } = place;
        let at = |time: i64, sequence: u64| (account, region, group, stream, time, sequence);
        let range = EVENTS.prefix((account, region, group, stream)).from(&at(window.start, 0));
        let range = match window.after {
            Some((time, sequence, last)) if stream <= last => range.after(&at(time, sequence)),
            Some((time, sequence, _)) => range.from(&at(time, sequence)),
            None => range,
        };
        let mut opened = Self { rows: EVENTS.scan(tx, range), head: None };
        opened.advance(window.end)?;
        Ok(opened)
    }

    fn advance(&mut self, end: i64) -> Result<(), StoreError> {
        let row = self.rows.next().transpose()?;
        self.head = row
            .map(|((_, _, _, stream, time, sequence), event)| ((time, sequence, stream), event))
            .filter(|((time, ..), _)| *time <= end);
        Ok(())
    }
}
