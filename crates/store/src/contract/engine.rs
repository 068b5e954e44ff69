//! The engine by itself: bytes and transactions.

use super::{Failure, Subject, same};
use crate::engine::{Engine, Order, Snapshot, Span};

fn span(start: &[u8], end: Option<&[u8]>) -> Span {
    Span { start: start.to_vec(), end: end.map(<[u8]>::to_vec) }
}

fn fill(engine: &dyn Engine, keys: &[&[u8]]) -> Result<(), Failure> {
    let batch = engine.begin()?;
    for key in keys {
        batch.put(key, key)?;
    }
    Ok(batch.commit()?)
}

fn keys(rows: &dyn Snapshot, span: &Span, order: Order, limit: usize) -> Result<Vec<Vec<u8>>, Failure> {
    Ok(rows.page(span, order, limit)?.into_iter().map(|(key, _)| key).collect())
}

/// Any bytes are a key and a value, also none.
///
/// # Errors
/// If the engine does not do so.
pub fn pairs_are_read_back(subject: Subject) -> Result<(), Failure> {
    let engine = &subject.engine;
    let batch = engine.begin()?;
    for (key, value) in [(&b""[..], &b""[..]), (b"\0", b"zero"), (b"\xff\xff", b"\0\xff"), (b"a", b"1")] {
        batch.put(key, value)?;
        same(batch.get(key)?, Some(value.to_vec()))?;
    }
    batch.put(b"a", b"2")?;
    same(batch.delete(b"\0")?, true)?;
    same(batch.delete(b"\0")?, false)?;
    batch.commit()?;
    let view = engine.snapshot()?;
    same(view.get(b"")?, Some(Vec::new()))?;
    same(view.get(b"\0")?, None)?;
    same(view.get(b"\xff\xff")?, Some(b"\0\xff".to_vec()))?;
    same(view.get(b"a")?, Some(b"2".to_vec()))?;
    same(view.get(b"b")?, None)
}

/// Pages respect order, both bounds and the limit, inside a batch and outside.
///
/// # Errors
/// If the engine does not do so.
pub fn pages_walk_both_ways(subject: Subject) -> Result<(), Failure> {
    let engine = &subject.engine;
    let all: [&[u8]; 6] = [b"", b"a", b"a\0", b"ab", b"b", b"\xff\xff"];
    fill(engine, &all)?;
    let owned = |part: &[&[u8]]| part.iter().map(|key| key.to_vec()).collect::<Vec<_>>();
    let view = engine.snapshot()?;
    let batch = engine.begin()?;
    for rows in [&*view, &*batch as &dyn Snapshot] {
        same(keys(rows, &span(b"", None), Order::Ascending, 10)?, owned(&all))?;
        same(keys(rows, &span(b"", None), Order::Ascending, 2)?, owned(&[b"", b"a"]))?;
        same(keys(rows, &span(b"", None), Order::Descending, 2)?, owned(&[b"\xff\xff", b"b"]))?;
        same(keys(rows, &span(b"a", Some(b"b")), Order::Ascending, 10)?, owned(&[b"a", b"a\0", b"ab"]))?;
        same(keys(rows, &span(b"a", Some(b"b")), Order::Descending, 10)?, owned(&[b"ab", b"a\0", b"a"]))?;
        same(keys(rows, &span(b"aa", None), Order::Ascending, 1)?, owned(&[b"ab"]))?;
        same(keys(rows, &span(b"", Some(b"aa")), Order::Descending, 1)?, owned(&[b"a\0"]))?;
        same(keys(rows, &Span::prefix(b"\xff".to_vec()), Order::Ascending, 9)?, owned(&[b"\xff\xff"]))?;
        for (part, limit) in [(span(b"", None), 2), (span(b"", None), 10), (span(b"a", Some(b"b")), 10)] {
            let found = rows.keys(&part, limit)?;
            for at in &found {
                same(rows.value(at)?, Some(at.0.clone()))?;
            }
            let found: Vec<_> = found.into_iter().map(|(key, _)| key).collect();
            same(found, keys(rows, &part, Order::Ascending, limit)?)?;
        }
    }
    Ok(())
}

/// Counting agrees with walking.
///
/// # Errors
/// If the engine does not do so.
pub fn counts_are_exact(subject: Subject) -> Result<(), Failure> {
    fill(&subject.engine, &[b"a", b"b", b"c"])?;
    let view = subject.engine.snapshot()?;
    same(view.count(&span(b"", None))?, 3)?;
    same(view.count(&span(b"a", Some(b"c")))?, 2)?;
    same(view.count(&span(b"d", None))?, 0)
}

/// A span that ends before it starts holds nothing.
///
/// # Errors
/// If the engine does not do so.
pub fn empty_spans_are_empty(subject: Subject) -> Result<(), Failure> {
    fill(&subject.engine, &[b"a", b"b"])?;
    let view = subject.engine.snapshot()?;
    for empty in [span(b"b", Some(b"a")), span(b"a", Some(b"a")), span(b"", Some(b""))] {
        same(keys(&*view, &empty, Order::Ascending, 9)?, Vec::new())?;
        same(keys(&*view, &empty, Order::Descending, 9)?, Vec::new())?;
        same(view.count(&empty)?, 0)?;
    }
    Ok(())
}

/// Undoing takes back what came after the savepoint, and only that.
///
/// # Errors
/// If the engine does not do so.
pub fn undo_reaches_the_savepoint(subject: Subject) -> Result<(), Failure> {
    fill(&subject.engine, &[b"old"])?;
    let batch = subject.engine.begin()?;
    batch.savepoint()?;
    batch.put(b"kept", b"1")?;
    batch.keep()?;
    batch.savepoint()?;
    batch.put(b"kept", b"2")?;
    batch.put(b"undone", b"2")?;
    batch.delete(b"old")?;
    batch.undo()?;
    batch.savepoint()?;
    batch.put(b"last", b"3")?;
    batch.keep()?;
    batch.commit()?;
    let view = subject.engine.snapshot()?;
    same(
        keys(&*view, &span(b"", None), Order::Ascending, 9)?,
        vec![b"kept".to_vec(), b"last".to_vec(), b"old".to_vec()],
    )?;
    same(view.get(b"kept")?, Some(b"1".to_vec()))
}

/// A batch that is dropped was never there.
///
/// # Errors
/// If the engine does not do so.
pub fn a_dropped_batch_leaves_nothing(subject: Subject) -> Result<(), Failure> {
    let batch = subject.engine.begin()?;
    batch.savepoint()?;
    batch.put(b"a", b"1")?;
    drop(batch);
    same(subject.engine.snapshot()?.get(b"a")?, None)?;
    fill(&subject.engine, &[b"b"])?;
    same(subject.engine.snapshot()?.get(b"a")?, None)
}

/// A snapshot does not see what is committed after its first read, and nobody sees what is not committed.
///
/// # Errors
/// If the engine does not do so.
pub fn a_snapshot_stands_still(subject: Subject) -> Result<(), Failure> {
    fill(&subject.engine, &[b"a"])?;
    let before = subject.engine.snapshot()?;
    same(before.get(b"b")?, None)?;
    let batch = subject.engine.begin()?;
    batch.put(b"b", b"1")?;
    batch.delete(b"a")?;
    same(subject.engine.snapshot()?.get(b"b")?, None)?;
    batch.commit()?;
    same(before.get(b"b")?, None)?;
    same(before.count(&span(b"", None))?, 1)?;
    same(before.get(b"a")?, Some(b"a".to_vec()))?;
    same(subject.engine.snapshot()?.get(b"b")?, Some(b"1".to_vec()))
}

/// Values of several megabytes are kept whole.
///
/// # Errors
/// If the engine does not do so.
pub fn large_values_are_kept(subject: Subject) -> Result<(), Failure> {
    let large: Vec<u8> = (0..6_000_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[2]).collect();
    let batch = subject.engine.begin()?;
    batch.put(b"large", &large)?;
    batch.put(b"small", b"1")?;
    batch.commit()?;
    let view = subject.engine.snapshot()?;
    same(view.get(b"large")?.as_ref() == Some(&large), true)?;
    same(view.page(&span(b"", None), Order::Ascending, 9)?.len(), 2)
}

/// Thousands of rows come back in order, page by page.
///
/// # Errors
/// If the engine does not do so.
pub fn many_rows_are_kept(subject: Subject) -> Result<(), Failure> {
    let batch = subject.engine.begin()?;
    // A multiplier without common factor visits every number once, far from in order.
    for n in (0..5_000_u32).map(|n| n * 1_237 % 5_000) {
        batch.put(&n.to_be_bytes(), &n.to_le_bytes())?;
    }
    batch.commit()?;
    let view = subject.engine.snapshot()?;
    let mut rest = span(b"", None);
    let mut next = 0_u32;
    while let Some((last, _)) = view.page(&rest, Order::Ascending, 300)?.last() {
        for (key, value) in view.page(&rest, Order::Ascending, 300)? {
            same(key, next.to_be_bytes().to_vec())?;
            same(value, next.to_le_bytes().to_vec())?;
            next += 1;
        }
        rest = rest.beyond(last, Order::Ascending);
    }
    same(next, 5_000)
}
