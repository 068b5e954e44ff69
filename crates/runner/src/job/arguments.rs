//! Job arguments that a visual job pays heed to, or must not be given.

use std::collections::BTreeMap;

use crate::failure::Failure;

/// Refuses arguments that ask for what a visual job does not do. All others either say how Spark is set up, which
/// means nothing here, or are the author's own.
pub(super) fn check(arguments: &BTreeMap<String, String>) -> Result<(), Failure> {
    match arguments.get("--job-bookmark-option").map(String::as_str) {
        None | Some("" | "job-bookmark-disable") => {}
        Some(option) => {
            let text = format!(
                "Job bookmarks are not supported yet: --job-bookmark-option is `{option}`, and must be \
                 job-bookmark-disable or absent."
            );
            return Err(Failure::new(text));
        }
    }
    match arguments.get("--continuation-option").map(String::as_str) {
        None | Some("" | "continuation-ignore") => Ok(()),
        Some(option) => Err(Failure::new(format!(
            "Job bookmarks are not supported yet: --continuation-option is `{option}`."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(name: &str, value: &str) -> Result<(), Failure> {
        check(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn bookmarks_are_refused_by_name() {
        assert_eq!(checked("--job-bookmark-option", "job-bookmark-disable"), Ok(()));
        assert_eq!(checked("--TempDir", "s3://b/tmp/"), Ok(()));
        let text = checked("--job-bookmark-option", "job-bookmark-enable").unwrap_err().to_string();
        assert!(text.contains("not supported yet") && text.contains("`job-bookmark-enable`"), "{text}");
        assert!(checked("--continuation-option", "continuation-enabled").is_err());
    }
}
