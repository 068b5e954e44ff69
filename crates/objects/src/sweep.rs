//! The sweeper: removes blobs that nothing refers to, and uploads of job runs long over.

use std::collections::HashSet;
use std::time::Duration;

use mastic_core::Fault;
use mastic_kernel::Background;
use mastic_store::{ReadTx, StoreError, overlay};

use crate::Objects;
use crate::blobs::BlobId;
use crate::records::{CONTENTS, ContentRecord, OBJECTS, PARTS, Place, UPLOADS};

/// How long a job run can last at most (AWS Glue: 7 days); an upload that a run began cannot be of use after.
const LONGEST_RUN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How many blobs are judged in one walk over the index; it bounds the memory.
const JUDGED_AT_ONCE: usize = 1_000_000;

/// What a sweep has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepReport {
    /// Blobs removed.
    pub removed: u64,
    /// Blobs that nothing refers to now, and that go in a later sweep unless that changes.
    pub condemned: u64,
    /// Uploads dropped.
    pub uploads: u64,
}

impl Objects {
    /// Looks for blobs older than `grace` that no object, staged object or part refers to. One that was
    /// found so by a sweep at least `grace` ago is removed: so long a reader may go on with an object
    /// that was deleted meanwhile.
    ///
    /// # Errors
    /// If the store or the blob directory cannot be read.
    pub async fn sweep(&self, background: &Background, grace: Duration) -> Result<SweepReport, Fault> {
        let now = background.now();
        let mut report =
            SweepReport { uploads: self.drop_uploads(background).await?, ..SweepReport::default() };
        let mut unused: HashSet<BlobId> = HashSet::new();
        let mut shards = 0..=u8::MAX;
        loop {
            let blobs = self.intake.blobs.clone();
            let listed = tokio::task::spawn_blocking(move || {
                let mut candidates = HashSet::new();
                for shard in shards.by_ref() {
                    candidates.extend(blobs.list(shard)?);
                    if candidates.len() >= JUDGED_AT_ONCE {
                        break;
                    }
                }
                Ok::<_, std::io::Error>((candidates, shards))
            });
            let (mut candidates, rest) = listed.await.map_err(Fault::internal)?.map_err(Fault::internal)?;
            shards = rest;
            if candidates.is_empty() {
                break;
            }
            candidates.retain(|blob| now.since(blob.time()) >= grace);
            if candidates.is_empty() {
                continue;
            }
            let walker = background.clone();
            let walk = tokio::task::spawn_blocking(move || {
                walker.read(|tx| keep_unused(tx, &mut candidates))?;
                Ok::<_, StoreError>(candidates)
            });
            unused.extend(walk.await.map_err(Fault::internal)??);
        }
        let doomed = self.judge(unused, now, grace, &mut report);
        let blobs = self.intake.blobs.clone();
        let removal =
            tokio::task::spawn_blocking(move || doomed.iter().try_for_each(|blob| blobs.remove(blob)));
        removal.await.map_err(Fault::internal)?.map_err(Fault::internal)?;
        Ok(report)
    }

    /// Of the blobs not used, those that have been so for long enough; the others are remembered.
    fn judge(
        &self,
        unused: HashSet<BlobId>,
        now: mastic_core::Timestamp,
        grace: Duration,
        report: &mut SweepReport,
    ) -> Vec<BlobId> {
        let mut condemned = self.condemned.lock();
        condemned.retain(|blob, _| unused.contains(blob));
        let mut doomed = Vec::new();
        for blob in unused {
            let since = *condemned.entry(blob.clone()).or_insert(now);
            if since < now && now.since(since) >= grace {
                condemned.remove(&blob);
                doomed.push(blob);
            }
        }
        report.removed = doomed.len() as u64;
        report.condemned = condemned.len() as u64;
        doomed
    }

    async fn drop_uploads(&self, background: &Background) -> Result<u64, Fault> {
        let oldest = background.now().minus(LONGEST_RUN);
        let stale = background.read(|tx| {
            let mut stale = Vec::new();
            for row in UPLOADS.scan(tx, UPLOADS.all()) {
                let (at, upload) = row?;
                if upload.run.is_some() && upload.initiated < oldest {
                    stale.push(at);
                }
            }
            Ok::<_, StoreError>(stale)
        })?;
        let dropped = stale.len() as u64;
        if dropped > 0 {
            background
                .write(move |tx| {
                    for at in &stale {
                        crate::multipart::forget_parts(tx, &at.2)?;
                        UPLOADS.delete(tx, at)?;
                    }
                    Ok::<_, StoreError>(())
                })
                .await?;
        }
        Ok(dropped)
    }
}

/// Takes out of `blobs` all that anything refers to.
fn keep_unused(tx: &ReadTx<'_>, blobs: &mut HashSet<BlobId>) -> Result<(), StoreError> {
    let mut object = |place: &Place| {
        if let Place::Blob(blob) = place {
            blobs.remove(blob);
        }
    };
    let runs = overlay::staged_runs(tx)?;
    for row in OBJECTS.scan(tx, OBJECTS.all()) {
        object(&row?.1.place);
    }
    for run in &runs {
        for entry in OBJECTS.staged_entries(tx, run) {
            entry?.1.iter().for_each(|record| object(&record.place));
        }
    }
    let mut content = |record: &ContentRecord| {
        if let ContentRecord::Parts(pieces) = record {
            for piece in pieces {
                blobs.remove(&piece.blob);
            }
        }
    };
    for row in CONTENTS.scan(tx, CONTENTS.all()) {
        content(&row?.1);
    }
    for run in &runs {
        for entry in CONTENTS.staged_entries(tx, run) {
            entry?.1.iter().for_each(&mut content);
        }
    }
    for row in PARTS.scan(tx, PARTS.all()) {
        blobs.remove(&row?.1.blob);
    }
    Ok(())
}
