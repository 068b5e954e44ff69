//! Log streams (Working with log groups and log streams).

use mastic_api_watch::logs::types::{self, OrderBy};
use mastic_core::{Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::place::{GroupRef, Place};
use crate::records::{Mark, RECENT, STREAMS, Stream, UNLINKED, number};
use crate::{expiry, faults, position};

/// Streams on a page, unless the caller wants fewer.
const PAGE: i32 = 50;

pub(crate) async fn create(ctx: Ctx, input: types::CreateLogStreamRequest) -> Result<(), Fault> {
    let place = Place::of(ctx.call())?;
    let stream = Stream::new(number(ctx.entropy()), ctx.now());
    ctx.write_plain(move |tx| {
        let group = place.group(tx, &input.log_group_name)?;
        if place.find_stream(tx, group.number, &input.log_stream_name)?.is_some() {
            return Err(faults::stream_exists());
        }
        Ok(place.put_stream(tx, group.number, &input.log_stream_name, None, &stream)?)
    })
    .await
}

impl Stream {
    fn new(number: u64, created: Timestamp) -> Self {
        Self { number, created, first: None, last: None, ingested: None, sequence: 0, stored: 0 }
    }
}

pub(crate) async fn delete(ctx: Ctx, input: types::DeleteLogStreamRequest) -> Result<(), Fault> {
    let place = Place::of(ctx.call())?;
    let unlinked = ctx.write_plain({
        let place = place.clone();
        move |tx| unlink(tx, &place, &input.log_group_name, &input.log_stream_name)
    });
    let (group, stream) = unlinked.await?;
    loop {
        let place = place.clone();
        if ctx.write_plain(move |tx| expiry::clear_some(tx, &place, group, Some(stream))).await? {
            return Ok(());
        }
    }
}

fn unlink(tx: &mut WriteTx<'_>, place: &Place, group_name: &str, name: &str) -> Result<(u64, u64), Fault> {
    let mut group = place.group(tx, group_name)?;
    let stream = place.stream(tx, group.number, name)?;
    let Place { account, region } = place;
    STREAMS.delete(tx, &(account, region, group.number, name))?;
    RECENT.delete(tx, &(account, region, group.number, stream.recency(), name))?;
    UNLINKED.put(tx, &(account, region, group.number, Some(stream.number)), &Mark {})?;
    group.stored = group.stored.saturating_sub(stream.stored);
    place.put_group(tx, group_name, &group)?;
    Ok((group.number, stream.number))
}

pub(crate) async fn describe(
    ctx: Ctx,
    input: types::DescribeLogStreamsRequest,
) -> Result<types::DescribeLogStreamsResponse, Fault> {
    let GroupRef { place, name: group_name } =
        GroupRef::of(ctx.call(), input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    let by_time = input.order_by == Some(OrderBy::LastEventTime);
    if by_time && input.log_stream_name_prefix.is_some() {
        return Err(faults::invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let limit = usize::try_from(input.limit.unwrap_or(PAGE)).unwrap_or_default();
    let mut found = ctx.read(|tx| {
        let group = place.group(tx, &group_name)?.number;
        match by_time {
            true => by_last_event(tx, &place, group, &input, limit + 1),
            false => by_name(tx, &place, group, &input, limit + 1),
        }
    })?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_token = match found.last() {
        Some((name, stream)) if more => Some(position::write(&(stream.recency(), name))?),
        _ => None,
    };
    let log_streams = found.into_iter().map(|(name, stream)| shown(&place, &group_name, name, &stream));
    Ok(types::DescribeLogStreamsResponse { log_streams: Some(log_streams.collect()), next_token })
}

type Found = Result<Vec<(String, Stream)>, Fault>;

fn by_name(
    tx: &ReadTx<'_>,
    place: &Place,
    group: u64,
    input: &types::DescribeLogStreamsRequest,
    most: usize,
) -> Found {
    let Place { account, region } = place;
    let prefix = input.log_stream_name_prefix.as_deref().unwrap_or_default();
    let mut range = STREAMS.prefix_text((account, region, group), prefix);
    let descending = input.descending == Some(true);
    if let Some(token) = &input.next_token {
        let (_, name): (i64, String) = position::read(token)?;
        let last = (account, region, group, name);
        range = if descending { range.before(&last) } else { range.after(&last) };
    }
    let rows = if descending { STREAMS.scan_reverse(tx, range) } else { STREAMS.scan(tx, range) };
    let named = rows.take(most).map(|row| row.map(|((_, _, _, name), stream)| (name, stream)));
    Ok(named.collect::<Result<_, StoreError>>()?)
}

fn by_last_event(
    tx: &ReadTx<'_>,
    place: &Place,
    group: u64,
    input: &types::DescribeLogStreamsRequest,
    most: usize,
) -> Found {
    let Place { account, region } = place;
    let mut range = RECENT.prefix((account, region, group));
    let descending = input.descending == Some(true);
    if let Some(token) = &input.next_token {
        let (time, name): (i64, String) = position::read(token)?;
        let last = (account, region, group, time, name);
        range = if descending { range.before(&last) } else { range.after(&last) };
    }
    let rows = if descending { RECENT.scan_reverse(tx, range) } else { RECENT.scan(tx, range) };
    rows.take(most)
        .map(|row| {
            let ((_, _, _, _, name), Mark {}) = row?;
            let stream = place.stream(tx, group, &name)?;
            Ok((name, stream))
        })
        .collect()
}

fn shown(place: &Place, group: &str, name: String, stream: &Stream) -> types::LogStream {
    types::LogStream {
        arn: Some(place.stream_arn(group, &name)),
        log_stream_name: Some(name),
        creation_time: Some(stream.created.millis()),
        first_event_timestamp: stream.first,
        last_event_timestamp: stream.last,
        last_ingestion_time: stream.ingested.map(Timestamp::millis),
        upload_sequence_token: Some(stream.sequence_token()),
        // AWS has reported zero here since 2019; a group's own number is kept.
        stored_bytes: Some(0),
    }
}
