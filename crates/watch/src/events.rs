//! `GetLogEvents`.

use mastic_api_watch::logs::types::{self, OutputLogEvent};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, StoreError};

use crate::place::{GroupRef, Place};
use crate::position::{Cursor, Spot};
use crate::put::{LARGEST_BATCH, MOST_EVENTS};
use crate::records::{EVENTS, Event};

type Row = (Spot, Event);

pub(crate) async fn get(
    ctx: Ctx,
    input: types::GetLogEventsRequest,
) -> Result<types::GetLogEventsResponse, Fault> {
    let GroupRef { place, name: group } =
        GroupRef::of(ctx.call(), input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    let cursor = input.next_token.as_deref().map(Cursor::parse).transpose()?;
    let forward = match cursor {
        Some(cursor) => matches!(cursor, Cursor::Forward(_)),
        None => input.start_from_head == Some(true),
    };
    let (start, rows) = ctx.read(|tx| {
        let group = place.group(tx, &group)?;
        let stream = place.stream(tx, group.number, &input.log_stream_name)?;
        let start = group.horizon(ctx.now()).max(input.start_time.unwrap_or(0));
        let window = Window { start, end: input.end_time, cursor, forward };
        let most = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MOST_EVENTS);
        Ok::<_, Fault>((start, page(tx, &place, (group.number, stream.number), &window, most)?))
    })?;
    let (backward, forward) = around(&rows, cursor, start);
    let events = rows.into_iter().map(|((time, _), event)| OutputLogEvent {
        timestamp: Some(time),
        message: Some(event.message),
        ingestion_time: Some(event.ingested),
    });
    Ok(types::GetLogEventsResponse {
        events: Some(events.collect()),
        next_forward_token: Some(forward.token()),
        next_backward_token: Some(backward.token()),
    })
}

/// Which events of a stream are looked at, and from which end.
struct Window {
    start: i64,
    end: Option<i64>,
    cursor: Option<Cursor>,
    forward: bool,
}

/// The events of a page, in the order of time; at least one, however large, if there is any.
fn page(
    tx: &ReadTx<'_>,
    place: &Place,
    (group, stream): (u64, u64),
    window: &Window,
    most: usize,
) -> Result<Vec<Row>, StoreError> {
    let Place { account, region } = place;
    let at = |(time, sequence): Spot| (account, region, group, stream, time, sequence);
    let mut range = EVENTS.prefix((account, region, group, stream)).from(&at((window.start, 0)));
    if let Some(end) = window.end {
        range = range.before(&at((end, 0)));
    }
    range = match window.cursor {
        Some(Cursor::Forward(spot)) => range.after(&at(spot)),
        Some(Cursor::Backward(spot)) => range.before(&at(spot)),
        None => range,
    };
    let scan = if window.forward { EVENTS.scan(tx, range) } else { EVENTS.scan_reverse(tx, range) };
    let (mut rows, mut size) = (Vec::new(), 0);
    for row in scan.take(most) {
        let ((_, _, _, _, time, sequence), event) = row?;
        size += event.size();
        if size > LARGEST_BATCH && !rows.is_empty() {
            break;
        }
        rows.push(((time, sequence), event));
    }
    if !window.forward {
        rows.reverse();
    }
    Ok(rows)
}

/// The cursors before and after a page. One that comes back from an empty page is the one that led to
/// it: that is how clients know the end.
fn around(rows: &[Row], cursor: Option<Cursor>, start: i64) -> (Cursor, Cursor) {
    match (rows, cursor) {
        ([(only, _)], _) => (Cursor::Backward(*only), Cursor::Forward(*only)),
        ([(first, _), .., (last, _)], _) => (Cursor::Backward(*first), Cursor::Forward(*last)),
        ([], Some(Cursor::Forward((time, sequence)))) => {
            (Cursor::Backward((time, sequence.saturating_add(1))), Cursor::Forward((time, sequence)))
        }
        ([], Some(Cursor::Backward((time, sequence)))) => {
            (Cursor::Backward((time, sequence)), Cursor::Forward((time, sequence.saturating_sub(1))))
        }
        ([], None) => (Cursor::Backward((start, 0)), Cursor::Forward((start, 0))),
    }
}
