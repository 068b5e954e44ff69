//! What a source of files reads where the job pays heed to its bookmark: files that no earlier run has read as they are
//! now. Sources: "Tracking processed data using job bookmarks" and "Connection types and options for ETL" (AWS Glue
//! Developer Guide).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use datafusion::prelude::{DataFrame, SessionContext};
use mastic_core::Timestamp;

use crate::environment::{Bookmarks, Documents, Environment, FileMark, Ledger, Progress, ReadFile};
use crate::error::NodeError;
use crate::plan::{JobGraph, Kind, Node, S3Files};
use crate::source::{self, SourceFile};
use crate::types::{arrow_type, glue_type};

/// The milliseconds of `MaxBand` where a source does not say.
const BAND: u64 = 900_000;

/// Files that a plan names for each source.
const NAMED: usize = 1000;

/// The place of one source in the job's bookmark.
pub(crate) struct Mark<'a> {
    environment: &'a Environment,
    bookmarks: &'a dyn Bookmarks,
    context: String,
    node: &'a str,
}

impl<'a> Mark<'a> {
    /// That of a node, if the run pays heed to the bookmark.
    pub(crate) fn of(environment: &'a Environment, node: &'a Node) -> Option<Self> {
        let bookmarks = environment.bookmarks.as_deref()?;
        let context = bookmarks.context(&node.id)?;
        Some(Self { environment, bookmarks, context, node: &node.name })
    }

    pub(crate) fn wrong(&self, message: impl std::fmt::Display) -> NodeError {
        NodeError::new(self.node, format!("the bookmark of `{}`: {message}", self.context))
    }

    /// Those of the files that this run is to read, in their order. They are noted as read: that becomes true with the
    /// run's success.
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub(crate) async fn unread(
        &self,
        files: Vec<SourceFile>,
        limits: &S3Files,
    ) -> Result<Vec<SourceFile>, NodeError> {
        let sorted = self.sorted(files, limits).await?;
        (self.environment.progress)(Progress::Found {
            source: self.node.to_owned(),
            files: sorted.read.len() as u64,
            known: sorted.known,
            waiting: sorted.waiting,
        });
        for file in &sorted.read {
            // What is noted is what is read.
            if let Some(tag) = &file.meta.e_tag {
                let pinned = self.environment.stores.pin(&file.bucket, &file.meta.location, tag);
                pinned.map_err(|error| self.wrong(error))?;
            }
        }
        let read = sorted.read.iter().map(read_file).collect();
        self.bookmarks.take(&self.context, read).await.map_err(|error| self.wrong(error))?;
        Ok(sorted.read)
    }

    async fn sorted(&self, files: Vec<SourceFile>, limits: &S3Files) -> Result<Sorted, NodeError> {
        let ledger = self.bookmarks.ledger(&self.context).await.map_err(|error| self.wrong(error))?;
        Ok(Sorted::of(files, &ledger, limits, self.environment.clock.now()))
    }

    /// The columns that the source had when it was last read; `None` if no run has read it.
    ///
    /// # Errors
    /// The bookmark cannot be read.
    async fn columns(&self) -> Result<Option<Vec<(String, DataType)>>, NodeError> {
        let documents = self.documents().await?;
        let document = documents.until.or(documents.after);
        Ok(document.and_then(|text| columns_of(&text)))
    }

    /// The documents between which a source reads that keeps its own.
    ///
    /// # Errors
    /// The bookmark cannot be read.
    pub(crate) async fn documents(&self) -> Result<Documents, NodeError> {
        self.bookmarks.documents(&self.context).await.map_err(|error| self.wrong(error))
    }

    /// Keeps such a document for the next run.
    ///
    /// # Errors
    /// The bookmark cannot be written.
    pub(crate) async fn keep(&self, document: String) -> Result<(), NodeError> {
        self.bookmarks.keep(&self.context, document).await.map_err(|error| self.wrong(error))
    }

    /// Keeps the columns of what was read, for runs that find nothing new.
    ///
    /// # Errors
    /// The bookmark cannot be written.
    pub(crate) async fn keep_columns(&self, frame: &DataFrame) -> Result<(), NodeError> {
        let columns = frame.schema().fields().iter().map(|field| {
            let of = glue_type(field.data_type()).map_or_else(|_| "string".to_owned(), |of| of.to_string());
            (field.name().clone(), of)
        });
        let columns: Vec<(String, String)> = columns.collect();
        let text = serde_json::json!({ "Columns": columns }).to_string();
        if self.documents().await?.after.as_ref() == Some(&text) {
            return Ok(());
        }
        self.keep(text).await
    }

    /// No rows, in the columns that the source had when it was last read.
    ///
    /// # Errors
    /// Nobody knows the columns.
    pub(crate) async fn nothing(&self, context: &SessionContext) -> Result<DataFrame, DataFusionError> {
        let Some(columns) = self.columns().await? else {
            return Err(self.wrong("there are no files to read, and no run has read any").into());
        };
        let fields = columns.into_iter().map(|(name, of)| Field::new(name, of, true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        context.read_table(Arc::new(MemTable::try_new(schema, vec![vec![]])?))
    }
}

/// The columns in the document of a source of files.
fn columns_of(document: &str) -> Option<Vec<(String, DataType)>> {
    let mut document: serde_json::Value = serde_json::from_str(document).ok()?;
    let columns: Vec<(String, String)> = serde_json::from_value(document.get_mut("Columns")?.take()).ok()?;
    // A name that the grammar of types cannot say makes text of its column, of which there is no value.
    let typed = |(name, of): (String, String)| (name, arrow_type(&of).unwrap_or(DataType::Utf8View));
    Some(columns.into_iter().map(typed).collect())
}

fn mark_of(file: &SourceFile) -> FileMark {
    let etag = file.meta.e_tag.as_deref().unwrap_or_default().trim_matches('"').to_owned();
    FileMark { etag, size: file.meta.size }
}

fn read_file(file: &SourceFile) -> ReadFile {
    ReadFile {
        bucket: file.bucket.clone(),
        key: file.meta.location.to_string(),
        mark: mark_of(file),
        modified: modified(file),
    }
}

fn modified(file: &SourceFile) -> Timestamp {
    Timestamp::from_micros(file.meta.last_modified.timestamp_micros())
}

/// The files of a source, told apart.
struct Sorted {
    read: Vec<SourceFile>,
    /// Of those to read, the ones that an earlier run has read as they were then.
    rewritten: BTreeSet<String>,
    /// How many are not read again.
    known: u64,
    /// How many wait for a later run, because the source limits how many are read.
    waiting: u64,
}

impl Sorted {
    fn of(files: Vec<SourceFile>, ledger: &Ledger, limits: &S3Files, now: Timestamp) -> Self {
        let all = files.len();
        let mut rewritten = BTreeSet::new();
        let mut read: Vec<SourceFile> = files
            .into_iter()
            .filter(|file| {
                let path = format!("{}/{}", file.bucket, file.meta.location);
                match (ledger.files.get(&path), ledger.only) {
                    (found, true) => found == Some(&mark_of(file)),
                    (None, false) => true,
                    (Some(mark), false) if *mark == mark_of(file) => false,
                    (Some(_), false) => rewritten.insert(file.url()),
                }
            })
            .collect();
        let new = read.len();
        if !ledger.only {
            limit(&mut read, limits, now);
        }
        let (known, waiting) = (all - new, new - read.len());
        Self { read, rewritten, known: known as u64, waiting: waiting as u64 }
    }
}

/// What a run reads at most, the oldest files first; the others wait for the next run.
fn limit(files: &mut Vec<SourceFile>, limits: &S3Files, now: Timestamp) {
    let most = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    if limits.max_files_in_band.is_none() && limits.bounded_files.is_none() && limits.bounded_size.is_none() {
        return;
    }
    files.sort_by(|a, b| (modified(a), &a.meta.location).cmp(&(modified(b), &b.meta.location)));
    if let Some(count) = limits.max_files_in_band {
        let band = now.minus(Duration::from_millis(limits.max_band.unwrap_or(BAND)));
        let settled = files.partition_point(|file| modified(file) <= band);
        files.truncate(settled.saturating_add(most(count)));
    }
    if let Some(count) = limits.bounded_files {
        files.truncate(most(count));
    }
    if let Some(size) = limits.bounded_size {
        let mut total = 0u64;
        let within = files.iter().take_while(|file| {
            total = total.saturating_add(file.meta.size);
            total <= size
        });
        // A first file that is larger would never be read.
        let count = within.count().max(1);
        files.truncate(count);
    }
    files.sort_by(|a, b| (&a.bucket, &a.meta.location).cmp(&(&b.bucket, &b.meta.location)));
}

/// What a run would read of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePlan {
    /// The transformation context.
    pub context: String,
    /// The node's name.
    pub node: String,
    /// Files that earlier runs have read, as they are now.
    pub known: u64,
    /// Files that no run has read, and those that have changed since.
    pub new: u64,
    /// See `new`.
    pub rewritten: u64,
    /// Files that wait for a later run, because the source limits how many are read.
    pub waiting: u64,
    /// Bytes to read.
    pub bytes: u64,
    /// The first files to read, with whether they have changed since an earlier run read them.
    pub some: Vec<(ReadFile, bool)>,
}

/// What a run of the job would read of its sources of files; nothing is read but lists and the ledger, and nothing is
/// noted.
///
/// # Errors
/// The first source that cannot be listed.
pub async fn plan_reading(
    graph: &JobGraph,
    environment: &Environment,
) -> Result<Vec<SourcePlan>, crate::EngineError> {
    let context = crate::run::session(environment)?;
    let mut plans = Vec::new();
    for node in graph.nodes() {
        let failed = |error: DataFusionError| crate::EngineError::at(&node.name, &error);
        let Some(mark) = Mark::of(environment, node) else { continue };
        let (files, limits) = match &node.kind {
            Kind::Catalog(catalog) => {
                let found = source::catalog::located(&context, environment, &node.name, catalog).await;
                let source::catalog::Located::Files(_, files) = found.map_err(failed)? else { continue };
                (files, catalog.limits())
            }
            kind => {
                let Some(limits) = kind.files() else { continue };
                let listing = source::list(&node.name, environment.stores.as_ref(), limits).await?;
                (listing.files, limits.clone())
            }
        };
        let sorted = mark.sorted(files, &limits).await?;
        plans.push(planned(&mark, sorted));
    }
    Ok(plans)
}

fn planned(mark: &Mark<'_>, sorted: Sorted) -> SourcePlan {
    let Sorted { read, rewritten, known, waiting } = sorted;
    let changed = |file: &SourceFile| rewritten.contains(&file.url());
    let again = read.iter().filter(|file| changed(file)).count() as u64;
    let some = read.iter().take(NAMED).map(|file| (read_file(file), changed(file)));
    SourcePlan {
        context: mark.context.clone(),
        node: mark.node.to_owned(),
        known,
        new: read.len() as u64 - again,
        rewritten: again,
        waiting,
        bytes: read.iter().map(|file| file.meta.size).sum(),
        some: some.collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use datafusion::arrow::temporal_conversions::timestamp_us_to_datetime;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectMeta, ObjectStore};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(10_000);

    /// A file `s3://b/KEY` of ten bytes that was written so many seconds ago.
    fn file(key: &str, etag: &str, ago: u64) -> SourceFile {
        let written = NOW.minus(Duration::from_secs(ago)).micros();
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let meta = ObjectMeta {
            location: Path::from(key),
            last_modified: timestamp_us_to_datetime(written).unwrap().and_utc(),
            size: 10,
            e_tag: Some(format!("\"{etag}\"")),
            version: None,
        };
        SourceFile { store, bucket: "b".to_owned(), meta, codec: None, partition: vec![] }
    }

    fn ledger(files: &[(&str, &str)], only: bool) -> Ledger {
        let mark = |etag: &str| FileMark { etag: etag.to_owned(), size: 10 };
        let files: HashMap<_, _> = files.iter().map(|(key, etag)| (format!("b/{key}"), mark(etag))).collect();
        Ledger { files, only }
    }

    fn keys(sorted: &Sorted) -> Vec<&str> {
        sorted.read.iter().map(|file| file.meta.location.as_ref()).collect()
    }

    #[test]
    fn new_rewritten_and_late_files_are_read() {
        let files = vec![file("a", "1", 100), file("b", "2", 100), file("c", "3", 9_000), file("d", "4", 1)];
        let known = ledger(&[("a", "1"), ("b", "0"), ("gone", "9")], false);
        let sorted = Sorted::of(files.clone(), &known, &S3Files::default(), NOW);
        assert_eq!(keys(&sorted), ["b", "c", "d"]);
        assert_eq!((sorted.known, sorted.waiting), (1, 0));
        assert_eq!(Vec::from_iter(sorted.rewritten), ["s3://b/b"]);
        let window = Sorted::of(files, &ledger(&[("a", "1"), ("b", "0")], true), &S3Files::default(), NOW);
        assert_eq!((keys(&window), window.known), (vec!["a"], 3));
    }

    #[test]
    fn limits_leave_the_newest_files_for_the_next_run() {
        let files = vec![file("a", "1", 5), file("b", "2", 3), file("c", "3", 2_000), file("d", "4", 4)];
        let read = |limits: S3Files| {
            let sorted = Sorted::of(files.clone(), &Ledger::default(), &limits, NOW);
            (keys(&sorted).join(" "), sorted.waiting)
        };
        let band = S3Files { max_files_in_band: Some(2), ..S3Files::default() };
        assert_eq!(read(band.clone()), ("a c d".to_owned(), 1));
        assert_eq!(read(S3Files { max_band: Some(4_500), ..band.clone() }), ("a b c d".to_owned(), 0));
        assert_eq!(read(S3Files { max_band: Some(3_000_000), ..band }), ("a c".to_owned(), 2));
        let files = |count| S3Files { bounded_files: Some(count), ..S3Files::default() };
        assert_eq!(read(files(1)), ("c".to_owned(), 3));
        let size = |bytes| S3Files { bounded_size: Some(bytes), ..S3Files::default() };
        assert_eq!(read(size(25)), ("a c".to_owned(), 2));
        assert_eq!(read(size(5)), ("c".to_owned(), 3));
    }

    #[test]
    fn columns_survive_as_text() {
        let document = r#"{"Columns":[["id","bigint"],["odd","no type"]]}"#;
        let columns = columns_of(document).unwrap();
        assert_eq!(columns, [("id".to_owned(), DataType::Int64), ("odd".to_owned(), DataType::Utf8View)]);
        assert_eq!((columns_of("{}"), columns_of("x")), (None, None));
    }
}
