//! Listing objects: a walk over the index that jumps over what a common prefix stands for.

use mastic_core::Fault;
use mastic_kernel::Ctx;

use crate::records::{NULL_VERSION, OBJECTS, ObjectRecord};
use crate::service::require_bucket;
use crate::{Objects, fault};

/// The most entries of one page.
const MOST: usize = 1000;

/// What to list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListObjects {
    /// The bucket.
    pub bucket: String,
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys are rolled up to their first occurrence of this behind the prefix.
    pub delimiter: Option<String>,
    /// Only what comes after this key or common prefix.
    pub after: Option<String>,
    /// The page's size, 1000 at most.
    pub most: Option<i32>,
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPage {
    /// Keys and objects, in order.
    pub objects: Vec<(String, ObjectRecord)>,
    /// Common prefixes, in order.
    pub prefixes: Vec<String>,
    /// The key or common prefix behind which the next page begins.
    pub next: Option<String>,
    /// The page's size.
    pub most: usize,
}

impl ListObjects {
    /// What `key` is rolled up to, if it is.
    fn rollup(&self, key: &str) -> Option<String> {
        rollup(key, &self.prefix, self.delimiter.as_deref())
    }
}

/// What `key` is rolled up to behind `prefix`, if it is.
pub(crate) fn rollup(key: &str, prefix: &str, delimiter: Option<&str>) -> Option<String> {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let (head, _) = key.strip_prefix(prefix)?.split_once(delimiter)?;
    Some(format!("{prefix}{head}{delimiter}"))
}

/// A page's size as S3 takes it.
pub(crate) fn page_size(most: Option<i32>, name: &str) -> Result<usize, Fault> {
    match most {
        None => Ok(MOST),
        Some(most) => usize::try_from(most).map(|most| most.min(MOST)).map_err(|_| {
            fault::invalid_argument(format!("Argument {name} must be an integer between 0 and 2147483647"))
        }),
    }
}

impl Objects {
    /// `ListObjects`, `ListObjectsV2` and, as there are no versions, `ListObjectVersions`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `InvalidArgument`.
    pub fn list(&self, ctx: &Ctx, list: &ListObjects) -> Result<ListPage, Fault> {
        let most = page_size(list.most, "max-keys")?;
        let bucket = list.bucket.as_str();
        ctx.read(|tx| {
            require_bucket(tx, bucket)?;
            let mut page = ListPage { objects: Vec::new(), prefixes: Vec::new(), next: None, most };
            if most == 0 {
                return Ok(page);
            }
            let mut range = OBJECTS.prefix_text((bucket,), &list.prefix);
            if let Some(after) = &list.after {
                range = match list.rollup(after) {
                    Some(prefix) => range.past_text((bucket,), &prefix),
                    None => range.past((bucket, after.as_str())),
                };
            }
            let mut last = None;
            loop {
                let mut jump = None;
                for row in OBJECTS.scan(tx, range.clone()) {
                    let ((_, key, version), object) = row?;
                    if version != NULL_VERSION {
                        continue;
                    }
                    if page.objects.len() + page.prefixes.len() == most {
                        page.next = last;
                        return Ok(page);
                    }
                    if let Some(prefix) = list.rollup(&key) {
                        last = Some(prefix.clone());
                        page.prefixes.push(prefix.clone());
                        jump = Some(prefix);
                        break;
                    }
                    last = Some(key.clone());
                    page.objects.push((key, object));
                }
                match jump {
                    Some(prefix) => range = range.past_text((bucket,), &prefix),
                    None => return Ok(page),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_roll_up() {
        assert_eq!(rollup("a/b/c", "", Some("/")), Some("a/".into()));
        assert_eq!(rollup("a/b/c", "a/", Some("/")), Some("a/b/".into()));
        assert_eq!(rollup("a/b", "a/", Some("/")), None);
        assert_eq!(rollup("a/b", "", None), None);
        assert_eq!(rollup("a--b", "", Some("--")), Some("a--".into()));
    }
}
