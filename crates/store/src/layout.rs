//! Where things lie among the engine's keys:
//! `1 keyspace key` is the true value, `2 run keyspace key` what a run has staged for it.

use crate::KeyWriter;

const BASE: u8 = 1;
const STAGE: u8 = 2;

/// What stands before every key of a keyspace.
pub(crate) fn keyspace(name: &str) -> Vec<u8> {
    let mut writer = KeyWriter::onto(vec![BASE]);
    writer.text(name);
    writer.into_bytes()
}

/// What stands before every key of a keyspace in a run's stage.
pub(crate) fn staged_keyspace(run: &str, name: &str) -> Vec<u8> {
    let mut writer = KeyWriter::onto(stage(run));
    writer.text(name);
    writer.into_bytes()
}

/// What stands before all that a run has staged.
pub(crate) fn stage(run: &str) -> Vec<u8> {
    let mut writer = KeyWriter::onto(stages());
    writer.text(run);
    writer.into_bytes()
}

/// What stands before all that any run has staged.
pub(crate) fn stages() -> Vec<u8> {
    vec![STAGE]
}

/// The true key of what is staged under `stage(run)` and then `suffix`.
pub(crate) fn true_key(suffix: &[u8]) -> Vec<u8> {
    join(&[BASE], suffix)
}

pub(crate) fn join(head: &[u8], tail: &[u8]) -> Vec<u8> {
    [head, tail].concat()
}
