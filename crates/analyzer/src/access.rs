//! What each operation needs ("Actions, resources, and condition keys for AWS IAM Access Analyzer").

use std::collections::BTreeMap;

use mastic_core::Fault;
use mastic_kernel::{Access, Call, Need};

use crate::place;

fn action(name: &str) -> String {
    format!("access-analyzer:{name}")
}

/// An operation on no resource in particular.
pub(crate) fn anywhere(name: &str) -> Result<Access, Fault> {
    Ok(Access::one(action(name), "*"))
}

/// An operation on an analyzer by its ARN; one of the second version needs the action of the first.
pub(crate) fn on(name: &str, arn: &str) -> Result<Access, Fault> {
    Ok(Access::one(action(name), arn))
}

/// An operation on the caller's analyzer of this name.
pub(crate) fn on_named(call: &Call, name: &str, analyzer: &str) -> Result<Access, Fault> {
    Ok(Access::one(action(name), place::analyzer(place::account(call)?, &call.region, analyzer)))
}

/// As [`on_named`], with the tags that are given.
pub(crate) fn on_tagged(
    call: &Call,
    name: &str,
    analyzer: &str,
    tags: Option<&BTreeMap<String, String>>,
) -> Result<Access, Fault> {
    let arn = place::analyzer(place::account(call)?, &call.region, analyzer);
    Ok(Access::All(vec![tagged(Need::new(action(name), arn), tags)]))
}

/// An operation on a tagged resource by its ARN.
pub(crate) fn tagging(
    name: &str,
    arn: &str,
    tags: Option<&BTreeMap<String, String>>,
    keys: &[String],
) -> Result<Access, Fault> {
    let need = tagged(Need::new(action(name), arn), tags);
    let need = if keys.is_empty() { need } else { need.with("aws:TagKeys", keys.to_vec()) };
    Ok(Access::All(vec![need]))
}

fn tagged(need: Need, tags: Option<&BTreeMap<String, String>>) -> Need {
    let Some(tags) = tags.filter(|tags| !tags.is_empty()) else { return need };
    let need = need.with("aws:TagKeys", tags.keys());
    tags.iter().fold(need, |need, (key, value)| need.with(format!("aws:RequestTag/{key}"), [value]))
}

/// An operation on an archive rule of the caller's.
pub(crate) fn on_rule(call: &Call, name: &str, analyzer: &str, rule: &str) -> Result<Access, Fault> {
    Ok(Access::one(action(name), place::rule(place::account(call)?, &call.region, analyzer, rule)))
}
