//! Which findings a filter or an archive rule means ("IAM Access Analyzer filter keys").

use std::cmp::Reverse;
use std::collections::BTreeMap;

use mastic_api_iam::accessanalyzer::types::{Criterion, ExternalAccessDetails, OrderBy, SortCriteria};
use mastic_core::Fault;
use serde::{Deserialize, Serialize};

use crate::faults::validation;
use crate::records::FindingRecord;

/// Keys that name an attribute of every finding.
const KEYS: &[&str] = &[
    "id",
    "resource",
    "resourceType",
    "resourceOwnerAccount",
    "findingType",
    "isPublic",
    "status",
    "error",
    "action",
    "createdAt",
    "updatedAt",
    "analyzedAt",
];

fn known(key: &str) -> bool {
    KEYS.contains(&key) || key.starts_with("principal.") || key.starts_with("condition.")
}

/// Whether a filter can be answered.
///
/// # Errors
/// For a key that findings do not have, or a criterion that asks nothing.
pub(crate) fn check(filter: &BTreeMap<String, Criterion>) -> Result<(), Fault> {
    for (key, criterion) in filter {
        if !known(key) {
            return Err(validation(format!("The filter key {key} is not supported.")));
        }
        let Criterion { eq, neq, contains, exists } = criterion;
        if eq.is_none() && neq.is_none() && contains.is_none() && exists.is_none() {
            return Err(validation(format!("The criterion for {key} is empty.")));
        }
    }
    Ok(())
}

/// Whether a finding meets every criterion.
pub(crate) fn meets(filter: &BTreeMap<String, Criterion>, id: &str, record: &FindingRecord) -> bool {
    filter.iter().all(|(key, criterion)| {
        let values = values(key, id, record);
        let Criterion { eq, neq, contains, exists } = criterion;
        let any = |wanted: &[String], fits: fn(&str, &str) -> bool| {
            values.iter().any(|value| wanted.iter().any(|wanted| fits(value, wanted)))
        };
        eq.as_ref().is_none_or(|wanted| any(wanted, |value, wanted| value == wanted))
            && neq.as_ref().is_none_or(|wanted| !any(wanted, |value, wanted| value == wanted))
            && contains.as_ref().is_none_or(|wanted| any(wanted, |value, wanted| value.contains(wanted)))
            && exists.is_none_or(|exists| exists != values.is_empty())
    })
}

fn external(record: &FindingRecord) -> Option<&ExternalAccessDetails> {
    record.details.iter().find_map(|details| details.external_access_details.as_ref())
}

fn values(key: &str, id: &str, record: &FindingRecord) -> Vec<String> {
    let one = |text: &str| vec![text.to_owned()];
    let of = |map: Option<&BTreeMap<String, String>>, name: &str| -> Vec<String> {
        map.and_then(|map| map.get(name)).cloned().into_iter().collect()
    };
    let external = external(record);
    match key {
        "id" => one(id),
        "resource" => one(&record.resource),
        "resourceType" => one(record.resource_type.as_str()),
        "resourceOwnerAccount" => one(&record.owner),
        "findingType" => one(record.kind.as_str()),
        "status" => one(record.status.as_str()),
        "createdAt" => one(&record.created.iso8601()),
        "updatedAt" => one(&record.updated.iso8601()),
        "analyzedAt" => one(&record.analyzed.iso8601()),
        "isPublic" => external
            .and_then(|details| details.is_public)
            .map(|public| public.to_string())
            .into_iter()
            .collect(),
        "action" => external.and_then(|details| details.action.clone()).unwrap_or_default(),
        _ => match (key.strip_prefix("principal."), key.strip_prefix("condition.")) {
            (Some(name), _) => of(external.and_then(|details| details.principal.as_ref()), name),
            (_, Some(name)) => of(external.map(|details| &details.condition), name),
            _ => Vec::new(),
        },
    }
}

/// Where a finding stands in a sorted list: by the values of an attribute and its id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Place {
    Ascending(Vec<String>, String),
    Descending(Reverse<(Vec<String>, String)>),
}

/// Puts findings in order; without a wish, the newest change comes first.
///
/// # Errors
/// For an attribute that findings do not have.
pub(crate) fn sorted(
    rows: Vec<(String, FindingRecord)>,
    sort: Option<&SortCriteria>,
) -> Result<BTreeMap<Place, (String, FindingRecord)>, Fault> {
    let name = sort.and_then(|sort| sort.attribute_name.as_deref()).unwrap_or("updatedAt");
    let Some(key) = KEYS.iter().find(|key| key.eq_ignore_ascii_case(name)) else {
        return Err(validation(format!("The sort attribute {name} is not supported.")));
    };
    let descending = sort.is_none_or(|sort| sort.order_by == Some(OrderBy::Desc));
    let placed = rows.into_iter().map(|(id, record)| {
        let values = values(key, &id, &record);
        let place = if descending {
            Place::Descending(Reverse((values, id.clone())))
        } else {
            Place::Ascending(values, id.clone())
        };
        (place, (id, record))
    });
    Ok(placed.collect())
}
