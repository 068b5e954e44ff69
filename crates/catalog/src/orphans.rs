//! Sweeping what hung on a deleted database or table, in transactions that each stay short.

use mastic_core::{AccountId, Fault};
use mastic_kernel::{Background, Ctx};
use mastic_store::{Key, Keyspace, Range, Record, StoreError};

use crate::functions::FUNCTIONS;
use crate::keys::{INDEXES, ORPHANS, PARTITIONS, TABLES, VERSIONS};
use crate::records::OrphanRecord;
use crate::statistics::{self, OF_PARTITIONS};

/// How many rows one transaction removes.
const AT_ONCE: usize = 1000;

/// How many transactions a call spends on sweeping what it deleted; the rest is left to [`sweep`].
const STEPS_OF_A_CALL: usize = 8;

/// The account and id of something that is gone.
pub(crate) type Orphan = (AccountId, String);

/// Sweeps behind a deletion, as far as a caller should have to wait for it.
pub(crate) async fn after_delete(ctx: &Ctx, mut orphans: Vec<Orphan>) -> Result<(), Fault> {
    // A run's deletion is not true yet, and may never be.
    if ctx.caller().run().is_some_and(|run| run.staged) {
        return Ok(());
    }
    let background = ctx.kernel().background("catalog sweep");
    for _ in 0..STEPS_OF_A_CALL {
        let Some(orphan) = orphans.pop() else {
            return Ok(());
        };
        orphans.extend(step(&background, orphan).await?);
    }
    Ok(())
}

/// Sweeps all that is left behind by anyone.
pub(crate) async fn sweep(background: &Background) -> Result<(), Fault> {
    loop {
        let orphans: Vec<Orphan> = background.read(|tx| {
            let rows = ORPHANS.scan(tx, ORPHANS.all()).take(AT_ONCE);
            rows.map(|row| Ok::<_, StoreError>(row?.0)).collect::<Result<_, _>>()
        })?;
        if orphans.is_empty() {
            return Ok(());
        }
        for orphan in orphans {
            let mut waiting = vec![orphan];
            while let Some(orphan) = waiting.pop() {
                waiting.extend(step(background, orphan).await?);
            }
        }
    }
}

/// About one transaction's worth of sweeping; the orphans that are left of this one.
async fn step(background: &Background, orphan: Orphan) -> Result<Vec<Orphan>, Fault> {
    match background.read(|tx| ORPHANS.get(tx, &orphan))? {
        None => Ok(Vec::new()),
        Some(OrphanRecord::Database) => {
            let functions = FUNCTIONS.prefix((&orphan.0, orphan.1.as_str()));
            if clear_some(background, FUNCTIONS, functions).await? {
                return Ok(vec![orphan]);
            }
            Ok(disown_tables(background, orphan).await?)
        }
        Some(OrphanRecord::Table) => {
            let (account, id) = (&orphan.0, orphan.1.as_str());
            let more = clear_some(background, PARTITIONS, PARTITIONS.prefix((account, id))).await?
                || clear_some(background, INDEXES, INDEXES.prefix((account, id))).await?
                || clear_some(background, OF_PARTITIONS, OF_PARTITIONS.prefix((account, id))).await?
                || clear_some(background, VERSIONS, VERSIONS.prefix((account, id))).await?;
            if more {
                return Ok(vec![orphan]);
            }
            background
                .write(move |tx| {
                    statistics::forget_table(tx, &orphan.0, &orphan.1)?;
                    ORPHANS.delete(tx, &orphan)
                })
                .await?;
            Ok(Vec::new())
        }
    }
}

/// Makes orphans of the tables of a database that is gone.
async fn disown_tables(background: &Background, orphan: Orphan) -> Result<Vec<Orphan>, StoreError> {
    let tables: Vec<(String, String)> = background.read(|tx| {
        let rows = TABLES.scan_prefix(tx, (&orphan.0, orphan.1.as_str())).take(AT_ONCE);
        rows.map(|row| row.map(|((_, _, name), record)| (name, record.id))).collect::<Result<_, StoreError>>()
    })?;
    background
        .write(move |tx| {
            let (account, database) = &orphan;
            let mut left = Vec::new();
            for (name, id) in tables {
                TABLES.delete(tx, &(account, database.as_str(), name.as_str()))?;
                ORPHANS.put(tx, &(account, id.as_str()), &OrphanRecord::Table)?;
                left.push((account.clone(), id));
            }
            if left.is_empty() {
                ORPHANS.delete(tx, &orphan)?;
            } else {
                left.insert(0, orphan);
            }
            Ok(left)
        })
        .await
}

/// Removes the first rows of a range; whether any were there.
async fn clear_some<K, V>(
    background: &Background,
    keyspace: Keyspace<K, V>,
    range: Range<K>,
) -> Result<bool, StoreError>
where
    K: Key + Clone + Send + 'static,
    V: Record + 'static,
{
    let (first, bound) = background.read(|tx| {
        let mut rows = keyspace.scan(tx, range.clone()).map(|row| row.map(|(key, _)| key));
        let first = rows.next().transpose()?;
        Ok::<_, StoreError>((first.is_some(), rows.nth(AT_ONCE - 1).transpose()?))
    })?;
    if first {
        background
            .write(move |tx| {
                keyspace.clear(
                    tx,
                    match &bound {
                        Some(bound) => range.before(bound),
                        None => range,
                    },
                )
            })
            .await?;
    }
    Ok(first)
}
