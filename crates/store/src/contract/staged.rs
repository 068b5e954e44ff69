//! The staged writes of a job run.

use super::{COUNTS, Count, Failure, NOTES, Subject, note, same};
use crate::overlay::{self, Conflict, PublishError, PublishReport};
use crate::{Scope, Store, StoreError};

fn names(store: &Store) -> Result<Vec<String>, Failure> {
    Ok(store.read(|tx| {
        NOTES.scan(tx, NOTES.all()).map(|row| Ok(row?.1.0)).collect::<Result<Vec<_>, StoreError>>()
    })?)
}

/// A store with the notes `one` and `two`, and the handle of a run that has replaced the first, removed the second
/// and added a third.
fn with_stage(store: &Store) -> Result<Store, Failure> {
    store.write_blocking(|tx| {
        NOTES.put(tx, &("a", "1"), &note("one"))?;
        NOTES.put(tx, &("a", "2"), &note("two"))
    })?;
    let run = store.scoped(Scope::staged("jr_1"));
    run.write_blocking(|tx| {
        NOTES.put(tx, &("a", "1"), &note("ONE"))?;
        NOTES.delete(tx, &("a", "2"))?;
        NOTES.insert_new(tx, &("a", "3"), &note("three"))?;
        COUNTS.put(tx, &(1,), &Count(1))
    })?;
    Ok(run)
}

/// The run sees its own writes; others see them only in keyspaces that are not staged.
///
/// # Errors
/// If the engine does not do so.
pub fn a_stage_is_seen_by_its_run_only(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    let run = with_stage(&store)?;
    same(names(&store)?, vec!["one".into(), "two".into()])?;
    same(names(&run)?, vec!["ONE".into(), "three".into()])?;
    same(names(&store.scoped(Scope::staged("jr_2")))?, vec!["one".into(), "two".into()])?;
    same(run.read(|tx| NOTES.count(tx, NOTES.all()))?, 2)?;
    same(store.read(|tx| COUNTS.contains(tx, &(1,)))?, true)?;
    same(store.read(overlay::staged_runs)?, vec!["jr_1".to_owned()])?;
    let entries =
        store.read(|tx| NOTES.staged_entries(tx, "jr_1").collect::<Result<Vec<_>, StoreError>>())?;
    same(
        entries.into_iter().map(|(_, value)| value).collect(),
        vec![Some(note("ONE")), None, Some(note("three"))],
    )
}

/// Publication makes everything true at once and leaves no stage.
///
/// # Errors
/// If the engine does not do so.
pub fn a_published_stage_is_true(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    with_stage(&store)?;
    let before = store.keyspace_generation(NOTES.name());
    let report = store.write_blocking(|tx| overlay::publish(tx, "jr_1"))?;
    same(report, PublishReport { puts: 2, deletes: 1 })?;
    same(names(&store)?, vec!["ONE".into(), "three".into()])?;
    same(store.keyspace_generation(NOTES.name()) > before, true)?;
    same(store.read(overlay::staged_runs)?, Vec::new())
}

/// A record that others changed meanwhile stops the publication whole, and is named; one that
/// already is what the run wants does not.
///
/// # Errors
/// If the engine does not do so.
pub fn a_changed_base_is_a_conflict(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    with_stage(&store)?;
    store.write_blocking(|tx| {
        NOTES.delete(tx, &("a", "2"))?;
        NOTES.put(tx, &("a", "3"), &note("other"))
    })?;
    let result = store.write_blocking(|tx| overlay::publish(tx, "jr_1"));
    let conflict = Conflict { keyspace: NOTES.name().into(), key: "a/3".into() };
    same(result, Err(PublishError::Conflict(conflict)))?;
    same(names(&store)?, vec!["one".into(), "other".into()])?;
    store.write_blocking(|tx| NOTES.put(tx, &("a", "3"), &note("three")))?;
    store.write_blocking(|tx| overlay::publish(tx, "jr_1"))?;
    same(names(&store)?, vec!["ONE".into(), "three".into()])
}

/// A discarded stage is gone in bounded steps, and no other with it.
///
/// # Errors
/// If the engine does not do so.
pub fn a_discarded_stage_is_gone(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    with_stage(&store)?;
    let other = store.scoped(Scope::staged("jr_10"));
    other.write_blocking(|tx| NOTES.put(tx, &("b", "1"), &note("other")))?;
    same(store.write_blocking(|tx| overlay::discard(tx, "jr_1", 2))?, 2)?;
    same(store.write_blocking(|tx| overlay::discard(tx, "jr_1", 2))?, 1)?;
    same(store.read(overlay::staged_runs)?, vec!["jr_10".to_owned()])?;
    same(names(&store.scoped(Scope::staged("jr_1")))?, vec!["one".into(), "two".into()])?;
    same(names(&other)?.len(), 3)
}
