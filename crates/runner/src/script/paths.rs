//! Whether there is anything at a path: Sail reads nothing where nothing is, Spark says so.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::session::Session;

use super::files::place;

/// Paths of a read.
#[derive(Deserialize)]
struct Paths {
    paths: Vec<String>,
}

/// The first of the paths at which nothing is. What the role may not list is left to the read to tell.
pub(super) async fn missing(session: &Session, input: Value) -> Result<Value, Failure> {
    let Paths { paths } = serde_json::from_value(input).map_err(|error| Failure::new(error.to_string()))?;
    for path in paths {
        if let Some((bucket, key)) = parts(&path)
            && is_empty(session, bucket, key).await == Some(true)
        {
            return Ok(json!({ "missing": path }));
        }
    }
    Ok(json!({ "missing": null }))
}

/// Bucket and key of what a plain path names; patterns match as they are read.
fn parts(path: &str) -> Option<(&str, &str)> {
    place(path).filter(|(_, key)| !key.contains(['*', '?', '[', '{']))
}

async fn is_empty(session: &Session, bucket: &str, key: &str) -> Option<bool> {
    let s3 = session.client.s3();
    let folder = if key.is_empty() || key.ends_with('/') { key.to_owned() } else { format!("{key}/") };
    let (page, _) = s3.list_page(bucket, &folder, None, None, Some(1)).await.ok()?;
    if !page.objects.is_empty() {
        return Some(false);
    }
    // A path may name one object, too.
    Some(key.is_empty() || key.ends_with('/') || s3.head_object(bucket, key).await.is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_not_looked_for() {
        assert_eq!(parts("s3a://b/x/y"), Some(("b", "x/y")));
        assert_eq!(parts("s3://b"), Some(("b", "")));
        assert_eq!(parts("s3://b/x/*.csv"), None);
        assert_eq!(parts("file:///x"), None);
    }
}
