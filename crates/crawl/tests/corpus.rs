//! Folder trees and what a crawl makes of them: every rule, one file of `corpus/` each, played in memory.
//!
//! A case is a crawler and steps. A step changes files (text, or the columns of a file that need not be real) and
//! perhaps the crawler or a table, crawls, and says which tables, partitions and log lines are there then.

#![cfg(test)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use support::{Case, Memory, play};

#[test]
fn every_tree_is_crawled_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut cases = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let found: Vec<Case> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for case in found {
            let title = case.title.clone();
            assert!(cases.insert(title.clone(), case).is_none(), "two cases are called {title}");
        }
    }
    assert!(cases.len() >= 40, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for (title, case) in cases {
        let mut catalog = Memory::default();
        wrong.extend(play(&case, &mut catalog).into_iter().map(|text| format!("{title}: {text}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
