//! Tag sets ("Categorizing your objects using tags", "Using cost allocation S3 bucket tags").

use std::collections::HashSet;

use mastic_core::Fault;

use crate::fault;
use crate::records::Tag;

/// How many tags an object may have.
pub(crate) const OBJECT_TAGS: usize = 10;
/// How many tags a bucket may have.
pub(crate) const BUCKET_TAGS: usize = 50;

/// Checks a set against S3's rules.
pub(crate) fn check(tags: &[Tag], most: usize) -> Result<(), Fault> {
    if tags.len() > most {
        return Err(fault::too_many_tags(most));
    }
    let mut keys = HashSet::new();
    for Tag { key, value } in tags {
        if key.is_empty() || key.chars().count() > 128 || !legal(key) {
            return Err(fault::invalid_tag("The TagKey you have provided is invalid"));
        }
        if value.chars().count() > 256 || !legal(value) {
            return Err(fault::invalid_tag("The TagValue you have provided is invalid"));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(fault::invalid_tag("System tags cannot be added/updated by requester"));
        }
        if !keys.insert(key) {
            return Err(fault::invalid_tag("Cannot provide multiple Tags with the same key"));
        }
    }
    Ok(())
}

fn legal(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "+-=._:/@".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_that_s3_refuses() {
        let tag = |key: &str, value: &str| Tag { key: key.into(), value: value.into() };
        assert!(check(&[tag("team", "data & co")], 10).is_err());
        assert!(check(&[tag("team", "data/öl")], 10).is_ok());
        assert!(check(&[tag("", "x")], 10).is_err());
        assert!(check(&[tag("aws:x", "x")], 10).is_err());
        assert!(check(&[tag("a", "1"), tag("a", "2")], 10).is_err());
        assert_eq!(check(&[tag("a", "1"), tag("b", "2")], 1).unwrap_err().code(), "BadRequest");
    }
}
