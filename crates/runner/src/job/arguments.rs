//! Job arguments of how a visual job runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use mastic_engine::ErrorRows;
use mastic_handoff::{Category, bytes_of};

use crate::failure::Failure;

/// The texts of `--null-values`, between commas: in CSV files they stand for no value.
pub(crate) fn null_values(arguments: &BTreeMap<String, String>) -> Vec<String> {
    let given = arguments.get("--null-values").filter(|text| !text.is_empty());
    given.map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
}

/// Where records go that cannot be read (`--error-rows`), until there are more of them than `--error-threshold` says.
pub(super) fn error_rows(arguments: &BTreeMap<String, String>) -> Result<Option<Arc<ErrorRows>>, Failure> {
    let given = |name: &str| arguments.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let threshold = given("--error-threshold");
    let Some(folder) = given("--error-rows") else {
        return match threshold {
            None => Ok(None),
            Some(_) => Err(wrong(
                "--error-threshold needs --error-rows, the folder for records that cannot be read.",
            )),
        };
    };
    if !folder.starts_with("s3://") {
        return Err(wrong(format!(
            "--error-rows is `{folder}`, which is no folder in S3: s3://bucket/folder/"
        )));
    }
    let most = match threshold {
        None => ErrorRows::USUAL,
        Some(text) => text.parse().ok().filter(|most| *most <= ErrorRows::MOST).ok_or_else(|| {
            let most = ErrorRows::MOST;
            wrong(format!("--error-threshold is `{text}`: it must be a number from 0 to {most}."))
        })?,
    };
    Ok(Some(Arc::new(ErrorRows::new(folder, most))))
}

/// Bytes of disk that the run may have for what does not fit into its memory (`--run-disk`), if that is said.
pub(crate) fn disk(arguments: &BTreeMap<String, String>) -> Result<Option<u64>, Failure> {
    let given = arguments.get("--run-disk").map(|text| bytes_of("--run-disk", text));
    given.transpose().map_err(wrong)
}

fn wrong(text: impl Into<String>) -> Failure {
    Failure::of(Category::InvalidArgument, text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_limit_has_a_unit() {
        let given = |text: &str| disk(&BTreeMap::from([("--run-disk".to_owned(), text.to_owned())]));
        assert_eq!((given("20m"), disk(&BTreeMap::new())), (Ok(Some(20 << 20)), Ok(None)));
        assert!(given("20").unwrap_err().to_string().contains("--run-disk"));
    }

    #[test]
    fn error_rows_need_a_folder() {
        let given = |pairs: &[(&str, &str)]| {
            let arguments = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            error_rows(&arguments.collect())
        };
        assert!(given(&[]).unwrap().is_none());
        assert!(given(&[("--error-rows", "s3://b/e/")]).unwrap().is_some());
        assert!(given(&[("--error-rows", "s3://b/e/"), ("--error-threshold", "0")]).unwrap().is_some());
        for bad in [
            &[("--error-threshold", "5")][..],
            &[("--error-rows", "/tmp/e")],
            &[("--error-rows", "s3://b/e/"), ("--error-threshold", "many")],
            &[("--error-rows", "s3://b/e/"), ("--error-threshold", "100001")],
        ] {
            assert!(given(bad).is_err(), "{bad:?}");
        }
    }
}
