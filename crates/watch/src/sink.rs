//! The lines of runs. They take the road that a role's runner takes on AWS: what is missing is made, each
//! step is allowed or denied as the run's own call, and each is in the audit trail.

use std::collections::BTreeMap;

use async_trait::async_trait;
use mastic_api_watch::logs::types;
use mastic_core::{Fault, Timestamp};
use mastic_kernel::ports::LogSink;
use mastic_kernel::{Access, Call, Ctx};

use crate::place::Place;
use crate::put::{self, LARGEST_BATCH, Line, MOST_EVENTS, Rejected};
use crate::records::OVERHEAD;
use crate::{Watch, access, groups, streams};

/// The bytes of a line at most; what is more is cut off.
const LONGEST_LINE: usize = 256 * 1024;

#[async_trait]
impl LogSink for Watch {
    async fn append(
        &self,
        call: &Call,
        group: &str,
        stream: &str,
        lines: Vec<(Timestamp, String)>,
    ) -> Result<(), Fault> {
        if lines.is_empty() {
            return Ok(());
        }
        self.make_missing(call, group, stream).await?;
        let access = access::stream(call, "PutLogEvents", group, stream)?;
        self.step(call, ("PutLogEvents", access), (group, Some(stream)), async |ctx| {
            for batch in batches(lines) {
                write(&ctx, group, stream, batch).await?;
            }
            Ok(())
        })
        .await
    }
}

impl Watch {
    async fn make_missing(&self, call: &Call, group: &str, stream: &str) -> Result<(), Fault> {
        let place = Place::of(call)?;
        let found = self.background.read(|tx| match place.find_group(tx, group)? {
            None => Ok(None),
            Some(group) => Ok::<_, Fault>(Some(place.find_stream(tx, group.number, stream)?.is_some())),
        })?;
        if found.is_none() {
            let input =
                types::CreateLogGroupRequest { log_group_name: group.to_owned(), ..Default::default() };
            let access = access::create_log_group(call, &input)?;
            let made = self
                .step(call, ("CreateLogGroup", access), (group, None), |ctx| groups::create(ctx, input))
                .await;
            or_there_already(made)?;
        }
        if found != Some(true) {
            let access = access::stream(call, "CreateLogStream", group, stream)?;
            let input = types::CreateLogStreamRequest {
                log_group_name: group.to_owned(),
                log_stream_name: stream.to_owned(),
            };
            let made = self
                .step(call, ("CreateLogStream", access), (group, Some(stream)), |ctx| {
                    streams::create(ctx, input)
                })
                .await;
            or_there_already(made)?;
        }
        Ok(())
    }

    /// One call in the name of `call`'s principal, with an id and an audit record of its own.
    async fn step(
        &self,
        call: &Call,
        (operation, access): (&str, Access),
        (group, stream): (&str, Option<&str>),
        work: impl AsyncFnOnce(Ctx) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let kernel = self.background.kernel();
        let call = Call { request_id: kernel.request_id(), time: self.background.now(), ..call.clone() };
        let (ctx, admitted) = kernel.admit(call, &access);
        let outcome = match admitted {
            Ok(()) => work(ctx.clone()).await,
            Err(fault) => Err(fault),
        };
        let mut input = BTreeMap::from([("logGroupName", group)]);
        input.extend(stream.map(|stream| ("logStreamName", stream)));
        let input = serde_json::to_string(&input).ok();
        kernel.audit(&ctx, "logs", operation, input, outcome.as_ref().copied()).await;
        outcome
    }
}

/// Another run may have made it meanwhile.
fn or_there_already(made: Result<(), Fault>) -> Result<(), Fault> {
    match made {
        Err(fault) if fault.code() == "ResourceAlreadyExistsException" => Ok(()),
        made => made,
    }
}

async fn write(ctx: &Ctx, group: &str, stream: &str, lines: Vec<Line>) -> Result<(), Fault> {
    let (place, now) = (Place::of(ctx.call())?, ctx.now());
    let (group, stream) = (group.to_owned(), stream.to_owned());
    let (group_name, stream_name) = (group.clone(), stream.clone());
    let (_, rejected) =
        ctx.write_plain(move |tx| put::append(tx, &place, &group, &stream, now, lines)).await?;
    if rejected != Rejected::default() {
        tracing::warn!(group_name, stream_name, ?rejected, "lines were out of time and were left out");
    }
    Ok(())
}

/// The lines in the order of time, as batches that `PutLogEvents` would take.
fn batches(lines: Vec<(Timestamp, String)>) -> Vec<Vec<Line>> {
    let mut lines: Vec<Line> =
        lines.into_iter().map(|(time, text)| Line { time: time.millis(), message: fitted(text) }).collect();
    lines.sort_by_key(|line| line.time);
    let (mut batches, mut batch, mut size) = (Vec::new(), Vec::new(), 0);
    for line in lines {
        let more = line.message.len() + OVERHEAD;
        if batch.len() == MOST_EVENTS || size + more > LARGEST_BATCH {
            batches.push(std::mem::take(&mut batch));
            size = 0;
        }
        size += more;
        batch.push(line);
    }
    batches.push(batch);
    batches
}

/// An event has a text, and one of bounded length: an empty line becomes a space.
fn fitted(mut text: String) -> String {
    if text.is_empty() {
        return " ".to_owned();
    }
    text.truncate(text.floor_char_boundary(LONGEST_LINE));
    text
}
