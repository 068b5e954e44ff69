//! Records that cannot be read: kept aside with file, line and reason, if the author of the job wants that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::json;

use crate::environment::Environment;
use crate::error::FileError;
use crate::location::Location;
use crate::source::{SourceFile, whole};
use crate::types::type_text;

/// Bytes of all records that are kept: with a high threshold there is less room for each.
const RECORDS: usize = 64 << 20;
/// Bytes of a record that are kept at most.
const RECORD: usize = 4096;
/// Bytes of a reason that are kept, and of the value that it names.
const REASON: usize = 500;
const VALUE: usize = 100;
/// Bytes after which a file of error rows is closed.
const FILE: usize = 8 << 20;
/// Bytes of a source that are read at a time to count its lines.
const BLOCK: u64 = 2 << 20;

/// The records of a run that cannot be read, and where they go.
#[derive(Debug)]
pub struct ErrorRows {
    folder: String,
    threshold: usize,
    /// Bytes of a record that are kept.
    record: usize,
    kept: Mutex<BTreeMap<(Arc<str>, u64), Kept>>,
}

#[derive(Debug, Clone)]
struct Kept {
    node: Arc<str>,
    file: Arc<SourceFile>,
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
        let record = (RECORDS / threshold.max(1)).min(RECORD);
        Self { folder: folder.into(), threshold, record, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<(Arc<str>, u64), Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, rejects: &Rejects, offset: u64, record: &[u8], reason: &str) -> Result<(), String> {
        let text = String::from_utf8_lossy(record.get(..self.record).unwrap_or(record));
        let kept = Kept {
            node: Arc::clone(&rejects.node),
            file: Arc::clone(&rejects.file),
            reason: clipped(reason, REASON),
            record: text.trim_end_matches(['\r', '\n']).to_owned(),
        };
        let count = {
            let mut all = self.kept();
            // A source that is read twice meets the same records again.
            all.insert((Arc::clone(&rejects.url), offset), kept);
            all.len()
        };
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
        let mut out = Writer::new(self, environment)?;
        let mut kept = kept.into_iter().peekable();
        while let Some((key, Kept { file, .. })) = kept.peek() {
            let (url, file) = (Arc::clone(&key.0), Arc::clone(file));
            let mut rows = Vec::new();
            while let Some(((_, offset), row)) = kept.next_if(|((of, _), _)| *of == url) {
                rows.push((offset, row));
            }
            let offsets: Vec<u64> = rows.iter().map(|(offset, _)| *offset).collect();
            let lines = lines(&file, &offsets).await;
            let lines = lines.map_err(|cause| FileError::new(Writer::NODE, &*url, cause))?;
            for ((_, Kept { node, reason, record, .. }), line) in rows.into_iter().zip(lines) {
                let row = json!({
                    "node": &*node, "file": &*url, "line": line, "reason": reason, "record": record,
                });
                out.add(&row).await?;
            }
        }
        out.put().await?;
        Ok(count)
    }
}

/// The files of error rows of a run, one after the other.
struct Writer {
    store: Arc<dyn ObjectStore>,
    folder: Location,
    /// How their names begin and end.
    name: (String, String),
    number: usize,
    text: Vec<u8>,
}

impl Writer {
    /// What stands for the node's name in errors.
    const NODE: &str = "(error rows)";

    fn new(rows: &ErrorRows, environment: &Environment) -> Result<Self, FileError> {
        let fail = |cause: String| FileError::new(Self::NODE, &rows.folder, cause);
        let folder = Location::parse(&rows.folder).map_err(fail)?.folder();
        let store = environment.stores.bucket(&folder.bucket).map_err(fail)?;
        let begin = format!("{}run-{}-error-rows-", folder.key, environment.clock.now().millis());
        let name = (begin, environment.entropy.uuid());
        Ok(Self { store, folder, name, number: 0, text: Vec::new() })
    }

    async fn add(&mut self, row: &serde_json::Value) -> Result<(), FileError> {
        self.text.extend(row.to_string().into_bytes());
        self.text.push(b'\n');
        if self.text.len() >= FILE { self.put().await } else { Ok(()) }
    }

    async fn put(&mut self) -> Result<(), FileError> {
        if self.text.is_empty() {
            return Ok(());
        }
        let key = format!("{}{:05}-{}.json", self.name.0, self.number, self.name.1);
        let fail = |cause: String| FileError::new(Self::NODE, self.folder.at(&key).to_string(), cause);
        let path = Path::parse(&key).map_err(|error| fail(error.to_string()))?;
        let put = self.store.put(&path, std::mem::take(&mut self.text).into()).await;
        put.map_err(|error| fail(error.to_string()))?;
        self.number += 1;
        Ok(())
    }
}

/// Why a value cannot be one of its column's.
pub(crate) fn misfit(column: &str, value: &str, of: &DataType) -> String {
    format!("column `{column}`: `{}` is no {}", clipped(value, VALUE), type_text(of))
}

/// The beginning of a text that is longer than so many bytes.
fn clipped(text: &str, most: usize) -> String {
    match text.get(..text.floor_char_boundary(most)) {
        Some(beginning) if beginning.len() < text.len() => format!("{beginning}..."),
        _ => text.to_owned(),
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
    url: Arc<str>,
}

impl Rejects {
    /// For a file that a node reads.
    pub(crate) fn new(errors: &Arc<ErrorRows>, node: &Arc<str>, file: &Arc<SourceFile>) -> Self {
        let url = file.url().into();
        Self { errors: Arc::clone(errors), node: Arc::clone(node), file: Arc::clone(file), url }
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

    #[tokio::test]
    async fn the_more_there_may_be_the_less_is_kept_of_each() {
        for (threshold, kept) in [(10, RECORD), (ErrorRows::MOST, RECORDS / ErrorRows::MOST)] {
            let errors = Arc::new(ErrorRows::new("s3://b/errors/", threshold));
            let rejects = Rejects::new(&errors, &"n".into(), &file("a").await);
            rejects.add(0, &[b'x'; 2 * RECORD], &misfit("c", &"ü".repeat(REASON), &DataType::Int32)).unwrap();
            let (_, row) = errors.kept().pop_first().unwrap();
            assert_eq!(row.record.len(), kept);
            assert_eq!(row.reason, format!("column `c`: `{}...` is no int", "ü".repeat(VALUE / 2)));
        }
    }
}
