//! LookupEvents ("LookupEvents" in the AWS CloudTrail API Reference, "Viewing event history").

use std::time::Duration;

use mastic_api_watch::cloudtrail::types as t;
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::{AuditRecord, Ctx, Lookup, Term};

use crate::event::{event, event_id, hash, request_of};
use crate::service::Trail;

/// How far back event history reaches.
const HISTORY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Events of a page, unless fewer are asked for.
const PAGE: i32 = 50;

/// What is looked for.
struct Question {
    term: Term,
    /// The request of an event that is asked for by its id.
    request: Option<String>,
}

pub(crate) async fn lookup_events(
    trail: &Trail,
    ctx: Ctx,
    input: t::LookupEventsRequest,
) -> Result<t::LookupEventsResponse, Fault> {
    if input.event_category.is_some() {
        let text = "Insights events are not recorded: leave EventCategory out to look management events up.";
        return Err(Fault::sender("InvalidEventCategoryException", text));
    }
    let account = ctx.account()?.clone();
    let question =
        question(&account, ctx.region().as_str(), input.lookup_attributes.as_deref().unwrap_or(&[]))?;
    let (start, end) = (input.start_time, input.end_time);
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        let text = "The start time must be before the end time.";
        return Err(Fault::sender("InvalidTimeRangeException", text));
    }
    let asked = hash(&format!("{account} {:?} {:?} {start:?} {end:?}", question.term, question.request));
    let before = input.next_token.as_deref().map(|token| position(token, asked)).transpose()?;
    let oldest = ctx.now().minus(HISTORY);
    let (mut from, mut to) = (start.map_or(oldest, |start| start.max(oldest)), end.unwrap_or(ctx.now()));
    if let Some(at) = question.request.as_ref().and_then(|id| mastic_core::RequestId::parse(id).at()) {
        from = from.max(at);
        to = to.min(at);
    }
    let wanted = usize::try_from(input.max_results.unwrap_or(PAGE)).unwrap_or(1).clamp(1, 50);
    let limit = if question.request.is_some() { usize::MAX } else { wanted + 1 };
    let lookup = Lookup { term: question.term, from, to: end_of_millisecond(to), before, limit };
    let mut records = if from > to { Vec::new() } else { ctx.kernel().audit_lookup(&lookup).await? };
    if let Some(request) = &question.request {
        records.retain(|record| record.request_id == *request);
    }
    let more = records.len() > wanted;
    records.truncate(wanted);
    let next_token = records.last().filter(|_| more).map(|last| token(last, asked));
    let events = records.iter().filter_map(|record| event(trail.services(), record, &account)).collect();
    Ok(t::LookupEventsResponse { events: Some(events), next_token })
}

/// A moment that is asked for in milliseconds or seconds means all of it.
fn end_of_millisecond(at: Timestamp) -> Timestamp {
    at.plus(Duration::from_micros(999))
}

fn question(account: &AccountId, region: &str, attributes: &[t::LookupAttribute]) -> Result<Question, Fault> {
    let invalid = |text: &str| Fault::sender("InvalidLookupAttributesException", text);
    let term = |attribute, value: &str| Term {
        account: account.clone(),
        region: region.to_owned(),
        attribute,
        value: value.to_owned(),
    };
    let attribute = match attributes {
        [] => return Ok(Question { term: term("", ""), request: None }),
        [one] => one,
        _ => return Err(invalid("You can specify only one lookup attribute.")),
    };
    let value = attribute.attribute_value.as_str();
    let key = match &attribute.attribute_key {
        Some(t::LookupAttributeKey::EventId) => {
            let request = request_of(value, account).as_str().to_owned();
            if event_id(&request, account) == request {
                return Err(invalid("The event ID is not valid."));
            }
            return Ok(Question { term: term("", ""), request: Some(request) });
        }
        Some(t::LookupAttributeKey::ReadOnly) if !matches!(value, "true" | "false") => {
            return Err(invalid("The value of ReadOnly must be true or false."));
        }
        Some(t::LookupAttributeKey::ReadOnly) => "ReadOnly",
        Some(t::LookupAttributeKey::EventName) => "EventName",
        Some(t::LookupAttributeKey::Username) => "Username",
        Some(t::LookupAttributeKey::ResourceType) => "ResourceType",
        Some(t::LookupAttributeKey::ResourceName) => "ResourceName",
        Some(t::LookupAttributeKey::EventSource) => "EventSource",
        Some(t::LookupAttributeKey::AccessKeyId) => "AccessKeyId",
        None => return Err(invalid("The lookup attribute has no key.")),
    };
    Ok(Question { term: term(key, value), request: None })
}

/// A page token: what was asked for, and the request after which the next page begins.
fn token(last: &AuditRecord, asked: u64) -> String {
    hex::encode(format!("{asked:016x}{}", last.request_id))
}

fn position(token: &str, asked: u64) -> Result<String, Fault> {
    let bytes = hex::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let request = bytes.as_deref().and_then(|text| text.strip_prefix(&format!("{asked:016x}")));
    request.filter(|id| id.len() == 36).map(str::to_owned).ok_or_else(|| {
        let text = "The token is not valid, or it was given for a call with other parameters.";
        Fault::sender("InvalidNextTokenException", text)
    })
}
