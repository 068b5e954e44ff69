//! `lists/not-implemented.txt`: what clients may call and Mastic does not serve. The list may only shrink.
//!
//! It is made from the models, as the operation tables are, not from the API crates: when generated
//! code does not compile, this tool still must. That the rest is served is what `tests/test_coverage.py` shows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Failure, api};

const LIST: &str = "lists/not-implemented.txt";

pub fn run(root: &Path, models: Option<PathBuf>, update: bool) -> Result<(), Failure> {
    let path = root.join(LIST);
    let rows = api::not_implemented(root, models)?;
    let text = fs::read_to_string(&path).unwrap_or_default();
    if update {
        let head = text.lines().filter(|line| line.starts_with('#'));
        let lines: Vec<&str> = head.chain(rows.iter().map(String::as_str)).collect();
        return Ok(fs::write(&path, lines.join("\n") + "\n")?);
    }
    let wrong = differences(&listed(&text), &rows.iter().map(String::as_str).collect());
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
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
    use super::{differences, listed};

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
