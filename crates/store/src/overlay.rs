//! What a job run writes before it has succeeded.
//!
//! In the scope of a run, a staged keyspace writes to a shadow area: the new value or a mark that it
//! is gone, beside a fingerprint of the true value at the time of the first write. Reading merges the
//! shadow over the truth. [`publish`] moves a run's whole stage to its true keys, unless
//! one of these has changed meanwhile; [`discard`] throws it away.

use aws_lc_rs::digest::{SHA256, digest};

use crate::cursor::Cursor;
use crate::engine::{Order, Row, Span, successor};
use crate::key::readable;
use crate::{KeyReader, ReadTx, StoreError, WriteTx, layout};

const FINGERPRINT: usize = 16;
const GONE: u8 = 0;
const PRESENT: u8 = 1;

/// The first 128 bits of the value's SHA-256; none where there was no value.
type Fingerprint = Option<[u8; FINGERPRINT]>;

fn fingerprint(value: Option<&[u8]>) -> Fingerprint {
    value.and_then(|value| digest(&SHA256, value).as_ref().first_chunk().copied())
}

/// A staged change: what the true value was, and what it is to be.
pub(crate) struct Entry<'a> {
    base: Fingerprint,
    pub(crate) value: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    fn write(&self) -> Vec<u8> {
        let value = self.value.unwrap_or_default();
        let mut bytes = Vec::with_capacity(2 + FINGERPRINT + value.len());
        bytes.push(if self.base.is_some() { PRESENT } else { GONE });
        bytes.extend_from_slice(&self.base.unwrap_or_default());
        bytes.push(if self.value.is_some() { PRESENT } else { GONE });
        bytes.extend_from_slice(value);
        bytes
    }

    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let damaged = || StoreError::Corrupt("a staged entry is cut short".into());
        let (had, rest) = bytes.split_first().ok_or_else(damaged)?;
        let (base, rest) = rest.split_first_chunk::<FINGERPRINT>().ok_or_else(damaged)?;
        let (has, value) = rest.split_first().ok_or_else(damaged)?;
        Ok(Self { base: (*had == PRESENT).then_some(*base), value: (*has == PRESENT).then_some(value) })
    }
}

/// What a run sees at `key`.
pub(crate) fn get(
    tx: &ReadTx<'_>,
    run: &str,
    keyspace: &str,
    key: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    match tx.rows().get(&layout::join(&layout::staged_keyspace(run, keyspace), key))? {
        Some(bytes) => Ok(Entry::parse(&bytes)?.value.map(<[u8]>::to_vec)),
        None => tx.rows().get(&layout::join(&layout::keyspace(keyspace), key)),
    }
}

/// Stages a value, or its removal.
pub(crate) fn stage(
    tx: &mut WriteTx<'_>,
    run: &str,
    keyspace: &str,
    key: &[u8],
    value: Option<&[u8]>,
) -> Result<(), StoreError> {
    let shadow = layout::join(&layout::staged_keyspace(run, keyspace), key);
    let base = match tx.rows().get(&shadow)? {
        Some(bytes) => Entry::parse(&bytes)?.base,
        None => fingerprint(tx.rows().get(&layout::join(&layout::keyspace(keyspace), key))?.as_deref()),
    };
    if base.is_none() && value.is_none() {
        // The run made it and took it back: nothing is left to do.
        return tx.delete(&shadow).map(drop);
    }
    tx.put(&shadow, &Entry { base, value }.write())
}

/// How much a publication changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublishReport {
    /// Records written.
    pub puts: u64,
    /// Records removed.
    pub deletes: u64,
}

/// A record that a run wants to change was changed by somebody else since the run first wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` of `{keyspace}` was changed by another while it was being written")]
pub struct Conflict {
    /// The keyspace's name.
    pub keyspace: String,
    /// The key as readable text, its parts with slashes between them.
    pub key: String,
}

/// Why a run's stage was not published.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PublishError {
    /// Somebody else changed a record meanwhile.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes all that `run` has staged true, as part of `tx`, which may be of any scope.
///
/// A record that already is what the run makes of it is no conflict. After a conflict nothing has been
/// changed, so the transaction may go on.
///
/// # Errors
/// [`PublishError::Conflict`] names the first record that somebody else changed since the run first wrote it.
pub fn publish(tx: &mut WriteTx<'_>, run: &str) -> Result<PublishReport, PublishError> {
    let head = layout::stage(run);
    check(tx, &head)?;
    let mut report = PublishReport::default();
    loop {
        let entries = first_entries(tx, &head, 256)?;
        if entries.is_empty() {
            return Ok(report);
        }
        for (suffix, bytes) in entries {
            let key = layout::true_key(&suffix);
            match Entry::parse(&bytes)?.value {
                Some(value) => {
                    tx.put(&key, value)?;
                    report.puts += 1;
                }
                None => {
                    tx.delete(&key)?;
                    report.deletes += 1;
                }
            }
            tx.delete(&layout::join(&head, &suffix))?;
            tx.touch(split(&suffix).0);
        }
    }
}

fn check(tx: &ReadTx<'_>, head: &[u8]) -> Result<(), PublishError> {
    let mut cursor = Cursor::new(tx.rows(), head, &Span::default(), Order::Ascending);
    while let Some((suffix, bytes)) = cursor.next()? {
        let entry = Entry::parse(&bytes)?;
        let now = tx.rows().get(&layout::true_key(&suffix))?;
        if now.as_deref() != entry.value && fingerprint(now.as_deref()) != entry.base {
            let (keyspace, key) = split(&suffix);
            return Err(Conflict { keyspace, key }.into());
        }
    }
    Ok(())
}

/// Keyspace and readable key of a staged entry.
fn split(suffix: &[u8]) -> (String, String) {
    let mut reader = KeyReader::new(suffix);
    let keyspace = reader.text().unwrap_or_default();
    (keyspace, readable(reader.rest()))
}

fn first_entries(tx: &ReadTx<'_>, head: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
    let mut cursor = Cursor::new(tx.rows(), head, &Span::default(), Order::Ascending);
    let mut entries = Vec::new();
    while entries.len() < limit
        && let Some(entry) = cursor.next()?
    {
        entries.push(entry);
    }
    Ok(entries)
}

/// Throws away up to `limit` of a run's staged changes; how many it were. Fewer than `limit` means
/// that nothing is left. [`crate::Store::discard`] repeats it until then.
///
/// # Errors
/// If the engine fails.
pub fn discard(tx: &mut WriteTx<'_>, run: &str, limit: usize) -> Result<usize, StoreError> {
    let head = layout::stage(run);
    let entries = first_entries(tx, &head, limit)?;
    for (suffix, _) in &entries {
        tx.delete(&layout::join(&head, suffix))?;
    }
    Ok(entries.len())
}

/// The runs that have something staged, in the order of their ids.
///
/// # Errors
/// If the engine fails.
pub fn staged_runs(tx: &ReadTx<'_>) -> Result<Vec<String>, StoreError> {
    let all = layout::stages();
    let mut span = Span::prefix(all.clone());
    let mut runs = Vec::new();
    while let Some((key, _)) = tx.rows().page(&span, Order::Ascending, 1)?.pop() {
        let run = KeyReader::new(key.get(all.len()..).unwrap_or_default())
            .text()
            .map_err(|source| StoreError::Key { keyspace: "stage".into(), source })?;
        match successor(&layout::stage(&run)) {
            Some(start) => span.start = start,
            None => break,
        }
        runs.push(run);
    }
    Ok(runs)
}
