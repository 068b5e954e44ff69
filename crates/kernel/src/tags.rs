//! Tags of resources, keyed by ARN, for services that share one tagging API (Glue's crawlers and
//! jobs). A resource that can be tagged has an entry from its creation to its deletion, an empty
//! one too: that is how the tagging operations know it exists without asking the service that owns it.
//!
//! Sources: TagResource, UntagResource and GetTags in the AWS Glue Web API Reference.

use std::collections::BTreeMap;

use mastic_core::{Arn, Fault};
use mastic_store::{Keyspace, ReadTx, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

/// Keys and values.
pub type Tags = BTreeMap<String, String>;

/// How many tags a resource can have.
const MOST: usize = 50;

const TAGS: Keyspace<(String, String), TagRecord> = Keyspace::new("kernel.tag");

#[derive(Debug, Serialize, Deserialize)]
struct TagRecord {
    tags: Tags,
}

impl Record for TagRecord {
    const VERSION: u16 = 1;
}

/// The tags of a resource; `None` if there is no such resource.
///
/// # Errors
/// If the store cannot be read.
pub fn get(tx: &ReadTx<'_>, arn: &Arn) -> Result<Option<Tags>, StoreError> {
    Ok(TAGS.get(tx, &(arn.account(), arn.as_str()))?.map(|record| record.tags))
}

/// Gives a resource these tags, and no others.
///
/// # Errors
/// If the store cannot be written.
pub fn put(tx: &mut WriteTx<'_>, arn: &Arn, tags: Tags) -> Result<(), StoreError> {
    TAGS.put(tx, &(arn.account(), arn.as_str()), &TagRecord { tags })
}

/// Forgets a resource that is deleted.
///
/// # Errors
/// If the store cannot be written.
pub fn delete(tx: &mut WriteTx<'_>, arn: &Arn) -> Result<(), StoreError> {
    TAGS.delete(tx, &(arn.account(), arn.as_str())).map(drop)
}

/// Whether a resource may carry these tags.
///
/// # Errors
/// `InvalidInputException` for more than 50 tags or a key in AWS's own namespace.
pub fn check(tags: &Tags) -> Result<(), Fault> {
    let invalid = |text: String| Err(Fault::sender("InvalidInputException", text));
    if tags.len() > MOST {
        return invalid(format!("A resource can have at most {MOST} tags."));
    }
    match tags.keys().find(|key| key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))) {
        Some(key) => invalid(format!("The tag key {key} is reserved: keys cannot start with aws:.")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use mastic_store::Store;

    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn tags_live_as_long_as_their_resource() {
        let store = Store::memory().unwrap();
        let arn = Arn::new("glue", "eu-west-1", "111122223333", "job/nightly");
        store
            .write_blocking({
                let arn = arn.clone();
                move |tx| put(tx, &arn, tags(&[("team", "a")]))
            })
            .unwrap();
        let read = || store.read(|tx| get(tx, &arn)).unwrap();
        assert_eq!(read(), Some(tags(&[("team", "a")])));
        store
            .write_blocking({
                let arn = arn.clone();
                move |tx| delete(tx, &arn)
            })
            .unwrap();
        assert_eq!(read(), None);
    }

    #[test]
    fn limits() {
        assert!(check(&tags(&[("team", "a")])).is_ok());
        assert_eq!(check(&tags(&[("AWS:x", "a")])).unwrap_err().code(), "InvalidInputException");
        let many: Tags = (0..51).map(|n| (n.to_string(), String::new())).collect();
        assert!(check(&many).is_err());
    }
}
