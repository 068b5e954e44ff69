//! Tags of users, roles and policies ("Tags for AWS Identity and Access Management resources").

use std::collections::BTreeMap;

use mastic_api_iam::iam::types::Tag;
use mastic_core::Fault;

use crate::faults::{invalid_input, limit};

/// Tags that a resource may have.
const MOST: usize = 50;

/// Reads the tags of a request. Keys differ in more than case, and AWS keeps its own prefix.
pub(crate) fn read(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, Fault> {
    let mut read = BTreeMap::new();
    for tag in tags {
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid_input("Tag keys beginning with aws: are reserved for AWS use."));
        }
        if same(&read, &tag.key).is_some() {
            return Err(invalid_input(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        read.insert(tag.key, tag.value);
    }
    within_quota(&read)?;
    Ok(read)
}

/// Adds tags, each in place of one of its key.
pub(crate) fn merge(
    into: &mut BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
) -> Result<(), Fault> {
    for (key, value) in tags {
        if let Some(old) = same(into, &key) {
            into.remove(&old);
        }
        into.insert(key, value);
    }
    within_quota(into)
}

/// Takes tags away; those that are not there do not matter.
pub(crate) fn remove(from: &mut BTreeMap<String, String>, keys: &[String]) {
    for key in keys {
        if let Some(old) = same(from, key) {
            from.remove(&old);
        }
    }
}

/// Tags as answers carry them.
pub(crate) fn shown(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

/// The same, left out where there are none.
pub(crate) fn shown_if_any(tags: &BTreeMap<String, String>) -> Option<Vec<Tag>> {
    (!tags.is_empty()).then(|| shown(tags))
}

fn same(tags: &BTreeMap<String, String>, key: &str) -> Option<String> {
    tags.keys().find(|old| old.eq_ignore_ascii_case(key)).cloned()
}

fn within_quota(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    if tags.len() > MOST {
        return Err(limit(format!("The number of tags has reached the maximum limit: {MOST}.")));
    }
    Ok(())
}
