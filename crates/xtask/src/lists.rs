//! `lists/not-implemented.txt`: what clients may call and Mastic does not serve. The list may only shrink.
//!
//! It is made from the models, as the operation tables are, not from the API crates: when generated
//! code does not compile, this tool still must. That the rest is served is what `tests/test_coverage.py` shows.
//! S3's operations are those of the table in the S3 door.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Failure, api};

const LIST: &str = "lists/not-implemented.txt";

/// Which operations of S3 are served.
const S3_TABLE: &str = "crates/s3-door/src/table.rs";

pub fn run(root: &Path, models: Option<PathBuf>, update: bool) -> Result<(), Failure> {
    let path = root.join(LIST);
    let mut rows = api::not_implemented(root, models.clone())?;
    let table = fs::read_to_string(root.join(S3_TABLE)).map_err(|e| format!("{S3_TABLE}: {e}"))?;
    let served: BTreeSet<&str> = table.lines().filter_map(served_by_s3).collect();
    let known = api::operations(models, "s3/2006-03-01")?;
    if let Some(unknown) = served.iter().find(|name| !known.iter().any(|n| n == *name)) {
        return Err(format!("{S3_TABLE}: S3 has no operation {unknown}").into());
    }
    rows.extend(known.iter().filter(|name| !served.contains(name.as_str())).map(|name| format!("s3:{name}")));
    rows.sort();
    let text = fs::read_to_string(&path).unwrap_or_default();
    if update {
        let head = text.lines().filter(|line| line.starts_with('#'));
        let lines: Vec<&str> = head.chain(rows.iter().map(String::as_str)).collect();
        return Ok(fs::write(&path, lines.join("\n") + "\n")?);
    }
    let wrong = differences(&listed(&text), &rows.iter().map(String::as_str).collect());
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// The operation of a table's line: `("GetObject", "s3:GetObject", On::Object),`.
fn served_by_s3(line: &str) -> Option<&str> {
    let (name, rest) = line.trim().strip_prefix("(\"")?.split_once('"')?;
    rest.starts_with(", \"s3:").then_some(name)
}

/// The rows of a list: what precedes a `#` in each line.
fn listed(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter_map(|line| line.split('#').next())
        .map(str::trim)
        .filter(|row| !row.is_empty())
        .collect()
}

fn differences(listed: &BTreeSet<&str>, found: &BTreeSet<&str>) -> Vec<String> {
    let done = listed
        .difference(found)
        .map(|row| format!("{LIST}: remove {row}: it is implemented, or no model has it"));
    let new = found.difference(listed).map(|row| format!("{LIST}: {row} is not implemented and not listed"));
    done.chain(new).collect()
}

#[cfg(test)]
mod tests {
    use super::{differences, listed, served_by_s3};

    #[test]
    fn a_row_of_the_s3_table_names_its_operation() {
        assert_eq!(served_by_s3("    (\"GetObject\", \"s3:GetObject\", On::Object),"), Some("GetObject"));
        assert_eq!(served_by_s3("        \"s3:GetObject\" => \"s3:GetObjectVersion\","), None);
    }

    #[test]
    fn a_list_must_be_exact() {
        let list = listed("# why\n\nglue:GetMLTransform\nglue:GetTable # no longer\n");
        let found = ["glue:GetMLTransform", "iam:GetRole"].into();
        let wrong = differences(&list, &found);
        assert_eq!(wrong.len(), 2);
        assert!(wrong[0].contains("remove glue:GetTable"));
        assert!(wrong[1].contains("iam:GetRole is not implemented"));
        assert!(differences(&found, &found).is_empty());
    }
}
