//! A record as CloudTrail writes it ("CloudTrail record contents").

use mastic_api_watch::cloudtrail::types as t;
use mastic_core::{AccountId, RequestId};
use mastic_kernel::{AuditRecord, Outcome, Term};
use mastic_shape::{Protocol, Service};
use serde_json::{Value, json};

use crate::identity::{user_identity, user_name};
use crate::kind::{Kind, kind};
use crate::parameters::element;
use crate::resource::{Resource, resources};

/// The version of CloudTrail's record format.
const VERSION: &str = "1.11";

/// The accounts in whose history a record is: the caller's, and of a call that was let in those of the resources.
pub(crate) fn viewers(record: &AuditRecord) -> Vec<AccountId> {
    let mut viewers: Vec<AccountId> = record.caller.account.iter().cloned().collect();
    if !record.decisions.is_empty() && record.decisions.iter().all(|decision| decision.allowed) {
        for decision in &record.decisions {
            let of_arn = || decision.need.resource.split(':').nth(4)?.parse().ok();
            let owner = decision.need.owner.clone().or_else(of_arn);
            viewers.extend(owner.filter(|owner| !viewers.contains(owner)));
        }
    }
    viewers
}

/// Where a record is found.
pub(crate) fn terms(services: &[&'static Service], record: &AuditRecord) -> Vec<Term> {
    let viewers = viewers(record);
    let Some(kind) = kind(services, record).filter(|_| !viewers.is_empty()) else { return Vec::new() };
    let mut attributes: Vec<(&'static str, String)> = vec![
        ("", String::new()),
        ("EventName", kind.name.clone()),
        ("EventSource", kind.source.clone()),
        ("ReadOnly", kind.read_only.to_string()),
    ];
    let mut own: Vec<(&'static str, String)> = Vec::new();
    own.extend(user_name(&record.caller).map(|name| ("Username", name.to_owned())));
    own.extend(record.caller.access_key_id.clone().map(|key| ("AccessKeyId", key)));
    for resource in resources(record) {
        for value in [Some(resource.name), resource.arn].into_iter().flatten() {
            attributes.push(("ResourceName", value));
        }
        let typed = ("ResourceType", resource.kind);
        if !attributes.contains(&typed) {
            attributes.push(typed);
        }
    }
    let mut found = Vec::with_capacity(attributes.len() * viewers.len());
    for account in viewers {
        // Other accounts learn of the caller its account and unique id only.
        let foreign = record.caller.account.as_ref().is_some_and(|caller| *caller != account);
        let own = own.iter().filter(|_| !foreign);
        found.extend(attributes.iter().chain(own).map(|(attribute, value)| Term {
            account: account.clone(),
            region: kind.region.clone(),
            attribute,
            value: value.clone(),
        }));
    }
    found
}

/// The event as `viewer` sees it; none for what is not in event history.
pub(crate) fn event(
    services: &[&'static Service],
    record: &AuditRecord,
    viewer: &AccountId,
) -> Option<t::Event> {
    let kind = kind(services, record)?;
    let resources = resources(record);
    let id = event_id(&record.request_id, viewer);
    let text = written(record, viewer, &id, &kind, &resources).to_string();
    let foreign = record.caller.account.as_ref().is_some_and(|account| account != viewer);
    let shown = resources.into_iter().map(|resource| t::Resource {
        resource_type: Some(resource.kind),
        resource_name: Some(resource.name),
    });
    Some(t::Event {
        event_id: Some(id),
        event_name: Some(kind.name),
        read_only: Some(kind.read_only.to_string()),
        access_key_id: record.caller.access_key_id.clone().filter(|_| !foreign),
        event_time: Some(record.time),
        event_source: Some(kind.source),
        username: user_name(&record.caller).filter(|_| !foreign).map(str::to_owned),
        resources: Some(shown.collect()),
        cloud_trail_event: Some(text),
    })
}

fn written(record: &AuditRecord, viewer: &AccountId, id: &str, kind: &Kind, resources: &[Resource]) -> Value {
    let shapes = kind.operation.and_then(|operation| operation.shapes);
    let mut event = json!({
        "eventVersion": VERSION,
        "userIdentity": user_identity(record, viewer),
        "eventTime": record.time.iso8601(),
        "eventSource": kind.source,
        "eventName": kind.name,
        "awsRegion": kind.region,
        "sourceIPAddress": record.source_ip,
        "userAgent": record.user_agent,
        "requestParameters": element(record.input.as_deref(), shapes.map(|(input, _)| input)),
        "responseElements": element(record.output.as_deref(), shapes.map(|(_, output)| output)),
        "requestID": record.request_id,
        "eventID": id,
        "readOnly": kind.read_only,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": viewer.as_str(),
        "eventCategory": "Management",
    });
    let Some(fields) = event.as_object_mut() else { return event };
    let mut add = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    if let Outcome::Failed { code, message } = &record.outcome {
        // Query services name denials otherwise than the kernel does.
        let query = kind.service.is_none_or(|service| service.protocol == Protocol::AwsQuery);
        let code = if query && code == "AccessDeniedException" { "AccessDenied" } else { code };
        add("errorCode", code.into());
        add("errorMessage", message.as_str().into());
    }
    let with_arn = resources.iter().filter_map(|resource| {
        Some(json!({"accountId": resource.account, "type": resource.kind, "ARN": resource.arn.as_ref()?}))
    });
    let with_arn: Vec<Value> = with_arn.collect();
    if !with_arn.is_empty() {
        add("resources", with_arn.into());
    }
    if let Some(service) = kind.service {
        add("apiVersion", service.version.into());
    }
    if viewers(record).len() > 1 {
        add("sharedEventID", masked(&record.request_id, SHARED).into());
    }
    event
}

/// Distinguishes the id that the events of one call share from their own.
const SHARED: &str = "shared";

/// The event's id in a viewer's history, made of the request's so that one leads to the other.
pub(crate) fn event_id(request_id: &str, viewer: &AccountId) -> String {
    masked(request_id, viewer.as_str())
}

/// The request of an event.
pub(crate) fn request_of(event_id: &str, viewer: &AccountId) -> RequestId {
    RequestId::parse(&masked(event_id, viewer.as_str()))
}

/// The id with its last twelve digits changed in a way that `salt` tells; the same again takes it back.
fn masked(id: &str, salt: &str) -> String {
    let Some((head, tail)) = id.rsplit_once('-') else { return id.to_owned() };
    match u64::from_str_radix(tail, 16) {
        Ok(bits) if tail.len() == 12 => format!("{head}-{:012x}", bits ^ (hash(salt) >> 16)),
        _ => id.to_owned(),
    }
}

/// A number that differs for different texts (FNV-1a); nothing secret rests on it.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
