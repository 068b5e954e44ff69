//! Which files of a log tell a table's state: the newest checkpoint that is whole, and the commits since.

use std::collections::{BTreeMap, BTreeSet};

use crate::lake::LakeError;

/// The files to read, newest first: commits, then the checkpoint.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Versions and keys of the commits since the checkpoint, and of the checkpoint's own where it is still there: it
    /// tells when it was made.
    pub commits: Vec<(u64, String)>,
    /// The version of the checkpoint, and the keys of its parts.
    pub checkpoint: Option<(u64, Vec<String>)>,
}

/// What a file of the log is, by its name.
enum Kind {
    Commit,
    Checkpoint,
    Part { number: u32, of: u32 },
}

/// The version that a file is about, and what it is; nothing for files that need not be read.
fn read_name(key: &str) -> Option<(u64, Kind)> {
    let name = key.rsplit('/').next()?;
    let (digits, rest) = name.split_at_checked(20)?;
    let version = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    if rest == ".json" {
        return Some((version, Kind::Commit));
    }
    let parts: Vec<&str> = rest.strip_prefix(".checkpoint.")?.split('.').collect();
    let kind = match parts.as_slice() {
        // Of a checkpoint with a UUID, the parts stand beside it, in a folder of their own.
        ["parquet"] | [_, "parquet" | "json"] => Kind::Checkpoint,
        [number, of, "parquet"] => Kind::Part { number: number.parse().ok()?, of: of.parse().ok()? },
        _ => return None,
    };
    Some((version, kind))
}

/// Chooses among the keys of a log; nothing where there is no file of a log.
///
/// # Errors
/// When a commit that is needed is missing.
pub fn choose<'a>(keys: impl Iterator<Item = &'a str>) -> Result<Option<Files>, LakeError> {
    let mut commits: BTreeMap<u64, &str> = BTreeMap::new();
    let mut whole: BTreeMap<u64, &str> = BTreeMap::new();
    let mut parts: BTreeMap<(u64, u32), BTreeSet<(u32, &str)>> = BTreeMap::new();
    for key in keys {
        match read_name(key) {
            Some((version, Kind::Commit)) => drop(commits.insert(version, key)),
            Some((version, Kind::Checkpoint)) => drop(whole.insert(version, key)),
            Some((version, Kind::Part { number, of })) => {
                parts.entry((version, of)).or_default().insert((number, key));
            }
            None => {}
        }
    }
    let whole = whole.into_iter().map(|(version, key)| (version, vec![key.to_owned()]));
    let in_parts = parts.into_iter().filter(|((_, of), all)| u32::try_from(all.len()) == Ok(*of));
    let in_parts = in_parts
        .map(|((version, _), all)| (version, all.into_iter().map(|(_, key)| key.to_owned()).collect()));
    let checkpoint: Option<(u64, Vec<String>)> = whole.chain(in_parts).max_by_key(|(version, _)| *version);
    let known = checkpoint.as_ref().map(|(version, _)| *version);
    if commits.is_empty() && checkpoint.is_none() {
        return Ok(None);
    }
    let commits: Vec<(u64, String)> = commits
        .into_iter()
        .filter(|(version, _)| known.is_none_or(|known| *version >= known))
        .map(|(version, key)| (version, key.to_owned()))
        .rev()
        .collect();
    let first = known.map_or(0, |known| known.saturating_add(1));
    let mut newer: Vec<u64> = commits.iter().map(|(version, _)| *version).filter(|v| *v >= first).collect();
    newer.reverse();
    match (first..).zip(&newer).find(|(wanted, found)| wanted != *found) {
        Some((missing, _)) => Err(LakeError::new(format!(
            "the commit of version {missing} is missing, and no checkpoint stands for it"
        ))),
        None => Ok(Some(Files { commits, checkpoint })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Result<Option<Files>, LakeError> {
        let keys: Vec<String> = names.iter().map(|name| format!("t/_delta_log/{name}")).collect();
        choose(keys.iter().map(String::as_str))
    }

    fn name(version: u64, rest: &str) -> String {
        format!("{version:020}.{rest}")
    }

    #[test]
    fn commits_since_the_newest_whole_checkpoint() {
        let names: Vec<String> = (8..=12)
            .map(|version| name(version, "json"))
            .chain([
                name(10, "checkpoint.parquet"),
                name(9, "checkpoint.parquet"),
                name(11, "checkpoint.0000000001.0000000002.parquet"),
                name(12, "crc"),
                "_last_checkpoint".to_owned(),
            ])
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let files = chosen(&names).unwrap().unwrap();
        let versions: Vec<u64> = files.commits.iter().map(|(version, _)| *version).collect();
        assert_eq!(versions, [12, 11, 10]);
        let (version, parts) = files.checkpoint.unwrap();
        assert_eq!((version, parts.len()), (10, 1));
    }

    #[test]
    fn checkpoints_in_parts_and_with_a_uuid() {
        let parts = ["checkpoint.0000000002.0000000002.parquet", "checkpoint.0000000001.0000000002.parquet"];
        let names = parts.map(|rest| name(4, rest));
        let files = chosen(&[&names[0], &names[1]]).unwrap().unwrap();
        let keys: Vec<String> = [&names[1], &names[0]].map(|name| format!("t/_delta_log/{name}")).to_vec();
        assert_eq!(files.checkpoint, Some((4, keys)));
        let uuid = name(5, "checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json");
        assert_eq!(chosen(&[&uuid]).unwrap().unwrap().checkpoint.unwrap().0, 5);
    }

    #[test]
    fn a_log_with_a_gap_is_refused() {
        assert_eq!(chosen(&["_last_checkpoint"]), Ok(None));
        let refusal = chosen(&[&name(1, "json")]).unwrap_err().to_string();
        assert!(refusal.contains("version 0 is missing"), "{refusal}");
        let names = [name(2, "checkpoint.parquet"), name(4, "json")];
        let refusal = chosen(&[&names[0], &names[1]]).unwrap_err().to_string();
        assert!(refusal.contains("version 3 is missing"), "{refusal}");
    }
}
