//! Records that cannot be read: kept aside with file, line and reason, if the author of the job wants that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::common::DataFusionError;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::json;

use crate::environment::Environment;
use crate::error::FileError;
use crate::location::Location;
use crate::source::{SourceFile, whole};

/// Bytes of a record that are kept.
const RECORD: usize = 4096;
/// Bytes after which a file of error rows is closed.
const FILE: usize = 8 << 20;
/// Bytes of a source that are read at a time to count its lines.
const BLOCK: u64 = 2 << 20;

/// The records of a run that cannot be read, and where they go.
#[derive(Debug)]
pub struct ErrorRows {
    folder: String,
    threshold: usize,
    kept: Mutex<BTreeMap<(String, u64), Kept>>,
    files: Mutex<BTreeMap<String, Arc<SourceFile>>>,
}

#[derive(Debug, Clone)]
struct Kept {
    node: Arc<str>,
    reason: String,
    record: String,
}

impl ErrorRows {
    /// The most that `threshold` may be: what is kept is held in memory.
    pub const MOST: usize = 100_000;
    /// How many there may be where the author does not say.
    pub const USUAL: usize = 1000;

    /// Records go to the folder at `folder` (an `s3://` URL) until there are more than `threshold` of them, which ends the run.
    #[must_use]
    pub fn new(folder: impl Into<String>, threshold: usize) -> Self {
        Self { folder: folder.into(), threshold, kept: Mutex::default(), files: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<(String, u64), Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, rejects: &Rejects, offset: u64, record: &[u8], reason: &str) -> Result<(), String> {
        let text = String::from_utf8_lossy(record.get(..RECORD).unwrap_or(record));
        let kept = Kept {
            node: Arc::clone(&rejects.node),
            reason: reason.to_owned(),
            record: text.trim_end_matches(['\r', '\n']).to_owned(),
        };
        let count = {
            let mut all = self.kept();
            // A source that is read twice meets the same records again.
            all.insert((rejects.url.clone(), offset), kept);
            all.len()
        };
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.entry(rejects.url.clone()).or_insert_with(|| Arc::clone(&rejects.file));
        if count > self.threshold {
            let most = self.threshold;
            return Err(format!(
                "byte {offset}: {reason}; more than {most} records of the run cannot be read"
            ));
        }
        Ok(())
    }

    /// Writes them as JSON lines: `node`, `file`, `line`, `reason`, `record`. Answers how many there are.
    ///
    /// # Errors
    /// Names the file that cannot be written, or no longer read to count its lines.
    pub(crate) async fn write(&self, environment: &Environment) -> Result<usize, DataFusionError> {
        let kept = std::mem::take(&mut *self.kept());
        let count = kept.len();
        if count == 0 {
            return Ok(0);
        }
        let node = "(error rows)";
        let fail = |cause: String| FileError::new(node, &self.folder, cause);
        let folder = Location::parse(&self.folder).map_err(fail)?.folder();
        let store = environment.stores.bucket(&folder.bucket).map_err(fail)?;
        let name = format!("{}run-{}-error-rows-", folder.key, environment.clock.now().millis());
        let id = environment.entropy.uuid();
        let files = std::mem::take(&mut *self.files.lock().unwrap_or_else(PoisonError::into_inner));
        let (mut text, mut number) = (Vec::new(), 0);
        let mut kept = kept.into_iter().peekable();
        while let Some(((url, _), _)) = kept.peek() {
            let url = url.clone();
            let mut rows = Vec::new();
            while let Some(((_, offset), row)) = kept.next_if(|((of, _), _)| *of == url) {
                rows.push((offset, row));
            }
            let offsets: Vec<u64> = rows.iter().map(|(offset, _)| *offset).collect();
            let lines = match files.get(&url) {
                Some(file) => {
                    lines(file, &offsets).await.map_err(|cause| FileError::new(node, &url, cause))?
                }
                None => vec![],
            };
            for ((_, row), line) in rows.into_iter().zip(lines) {
                let row = json!({
                    "node": &*row.node, "file": url, "line": line, "reason": row.reason, "record": row.record,
                });
                text.extend(row.to_string().into_bytes());
                text.push(b'\n');
            }
            if text.len() >= FILE || kept.peek().is_none() {
                let key = format!("{name}{number:05}-{id}.json");
                let fail = |cause: String| FileError::new(node, folder.at(&key).to_string(), cause);
                let path = Path::parse(&key).map_err(|error| fail(error.to_string()))?;
                let put = store.put(&path, std::mem::take(&mut text).into()).await;
                put.map_err(|error| fail(error.to_string()))?;
                number += 1;
            }
        }
        Ok(count)
    }
}

/// The numbers of the lines at these ascending offsets of a file.
async fn lines(file: &SourceFile, offsets: &[u64]) -> Result<Vec<u64>, String> {
    let mut bytes = whole(file, BLOCK)?;
    let (mut at, mut line) = (0u64, 1u64);
    let mut found = Vec::with_capacity(offsets.len());
    let mut wanted = offsets.iter().copied().peekable();
    while wanted.peek().is_some() {
        let Some(block) = bytes.try_next().await.map_err(|error| error.strip_backtrace())? else { break };
        let mut rest: &[u8] = &block;
        while let Some(offset) = wanted.next_if(|offset| *offset <= at + rest.len() as u64) {
            let before = usize::try_from(offset.saturating_sub(at)).unwrap_or(0);
            let (before, after) = rest.split_at_checked(before).unwrap_or((rest, &[]));
            line += memchr::memchr_iter(b'\n', before).count() as u64;
            at += before.len() as u64;
            rest = after;
            found.push(line);
        }
        line += memchr::memchr_iter(b'\n', rest).count() as u64;
        at += rest.len() as u64;
    }
    found.extend(wanted.map(|_| line));
    Ok(found)
}

/// Takes up the bad records of one file.
#[derive(Debug, Clone)]
pub(crate) struct Rejects {
    errors: Arc<ErrorRows>,
    node: Arc<str>,
    file: Arc<SourceFile>,
    url: String,
}

impl Rejects {
    /// For a file that a node reads.
    pub(crate) fn new(errors: &Arc<ErrorRows>, node: &Arc<str>, file: &Arc<SourceFile>) -> Self {
        Self { errors: Arc::clone(errors), node: Arc::clone(node), file: Arc::clone(file), url: file.url() }
    }

    /// Puts a record aside that begins at `offset` of the file.
    ///
    /// # Errors
    /// There are too many.
    pub(crate) fn add(&self, offset: u64, record: &[u8], reason: &str) -> Result<(), String> {
        self.errors.add(self, offset, record, reason)
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStore;
    use object_store::memory::InMemory;

    use super::*;

    async fn file(text: &str) -> Arc<SourceFile> {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let path = Path::from("f");
        store.put(&path, text.to_owned().into()).await.unwrap();
        let meta = store.head(&path).await.unwrap();
        Arc::new(SourceFile { store, bucket: "b".into(), meta, codec: None, partition: vec![] })
    }

    #[tokio::test]
    async fn lines_are_counted() {
        let file = file("a\nbb\n\nccc").await;
        assert_eq!(lines(&file, &[0, 2, 5, 6, 9]).await.unwrap(), [1, 2, 3, 4, 4]);
    }

    #[tokio::test]
    async fn too_many_end_the_run() {
        let errors = Arc::new(ErrorRows::new("s3://b/errors/", 1));
        let rejects = Rejects::new(&errors, &"n".into(), &file("a\nb\n").await);
        rejects.add(0, b"a", "bad").unwrap();
        rejects.add(0, b"a", "bad").unwrap();
        let error = rejects.add(2, b"b", "worse").unwrap_err();
        assert_eq!(error, "byte 2: worse; more than 1 records of the run cannot be read");
    }
}
