//! What a source of files reads where the job pays heed to its bookmark: files that no earlier run has read as they are
//! now. Sources: "Tracking processed data using job bookmarks" and "Connection types and options for ETL" (AWS Glue
//! Developer Guide).

use std::iter::Peekable;
use std::sync::Arc;
use std::time::Duration;
use std::vec::IntoIter;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use datafusion::prelude::{DataFrame, SessionContext};
use mastic_core::Timestamp;

use crate::environment::{Bookmarks, Documents, Environment, FileMark, KnownFile, Progress, ReadFile, Taken};
use crate::error::NodeError;
use crate::plan::{JobGraph, Kind, Node, S3Files};
use crate::source::{self, Files, SourceFile, covers};
use crate::types::{arrow_type, glue_type};

/// The milliseconds of `MaxBand` where a source does not say ("S3CsvSource", AWS Glue API reference).
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
    pub(crate) async fn unread(&self, files: Files, limits: &S3Files) -> Result<Vec<SourceFile>, NodeError> {
        let Sorted { read, gone, known, waiting } = self.sorted(files, limits).await?;
        (self.environment.progress)(Progress::Found {
            source: self.node.to_owned(),
            files: read.len() as u64,
            known,
            waiting,
        });
        for Unread { file, .. } in &read {
            // What is noted is what is read.
            if let Some(tag) = &file.meta.e_tag {
                let pinned = self.environment.stores.pin(&file.bucket, &file.meta.location, tag);
                pinned.map_err(|error| self.wrong(error))?;
            }
        }
        let files = read.iter().map(Unread::noted).collect();
        let taken = Taken { band: limits.max_band.unwrap_or(BAND), files, gone };
        self.bookmarks.take(&self.context, taken).await.map_err(|error| self.wrong(error))?;
        Ok(read.into_iter().map(|unread| unread.file).collect())
    }

    async fn sorted(&self, files: Files, limits: &S3Files) -> Result<Sorted, NodeError> {
        let mut sorted =
            Sorted::of(files, self.bookmarks, &self.context).await.map_err(|error| self.wrong(error))?;
        if !self.bookmarks.replays() {
            sorted.limit(limits, self.environment.clock.now());
        }
        Ok(sorted)
    }

    /// The documents between which a source reads that keeps its own.
    pub(crate) fn documents(&self) -> Documents {
        self.bookmarks.documents(&self.context)
    }

    /// Keeps such a document for the next run. One that stays what it was is left to runs that move on.
    ///
    /// # Errors
    /// The bookmark cannot be written.
    pub(crate) async fn keep(&self, document: String) -> Result<(), NodeError> {
        if self.documents().after.as_ref() == Some(&document) {
            return Ok(());
        }
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
        if self.bookmarks.columns(&self.context) == Some(columns.as_slice()) {
            return Ok(());
        }
        self.bookmarks.keep_columns(&self.context, columns).await.map_err(|error| self.wrong(error))
    }

    /// No rows, in the columns that the source had when it was last read.
    ///
    /// # Errors
    /// Nobody knows the columns.
    pub(crate) fn nothing(&self, context: &SessionContext) -> Result<DataFrame, DataFusionError> {
        let Some(columns) = self.bookmarks.columns(&self.context) else {
            return Err(self.wrong("there are no files to read, and no run has read any").into());
        };
        // A name that the grammar of types cannot say makes text of its column, of which there is no value.
        let typed = |of: &str| arrow_type(of).unwrap_or(DataType::Utf8View);
        let fields = columns.iter().map(|(name, of)| Field::new(name, typed(of), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        context.read_table(Arc::new(MemTable::try_new(schema, vec![vec![]])?))
    }
}

fn mark_of(file: &SourceFile) -> FileMark {
    let etag = file.meta.e_tag.as_deref().unwrap_or_default().trim_matches('"').to_owned();
    FileMark { etag, size: file.meta.size }
}

fn modified(file: &SourceFile) -> Timestamp {
    Timestamp::from_micros(file.meta.last_modified.timestamp_micros())
}

/// A file to read.
struct Unread {
    file: SourceFile,
    /// The run that has read it as it was before.
    before: Option<String>,
}

impl Unread {
    fn noted(&self) -> ReadFile {
        ReadFile {
            bucket: self.file.bucket.clone(),
            key: self.file.meta.location.to_string(),
            mark: mark_of(&self.file),
            modified: modified(&self.file),
            before: self.before.clone(),
        }
    }
}

/// The files of a source, told apart.
#[derive(Default)]
struct Sorted {
    read: Vec<Unread>,
    /// Files of the ledger that are not where they were. They can be forgotten: an object that comes back is written anew, and
    /// AWS, which goes by that time, reads it once more.
    gone: Vec<KnownFile>,
    /// How many are not read again.
    known: u64,
    /// How many wait for a later run, because the source limits how many are read.
    waiting: u64,
}

impl Sorted {
    /// Goes through the files and the ledger side by side, in the order of their paths.
    async fn of(files: Files, bookmarks: &dyn Bookmarks, context: &str) -> Result<Self, String> {
        let Files { found, places, others } = files;
        let mut found: Vec<(String, usize, SourceFile)> =
            found.into_iter().enumerate().map(|(number, file)| (file.path(), number, file)).collect();
        found.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let mut ledger = Walk::new(bookmarks, context, places);
        let (mut sorted, mut read) = (Self::default(), Vec::new());
        let (mut ahead, mut met) = (ledger.next().await?, None);
        for (path, number, file) in found {
            while let Some(passed) = ahead.take_if(|entry| entry.path < path) {
                sorted.gone.push(passed);
                ahead = ledger.next().await?;
            }
            if let Some(entry) = ahead.take_if(|entry| entry.path == path) {
                met = Some(entry);
                ahead = ledger.next().await?;
            }
            // Places may overlap, and then name a file twice.
            let known = met.as_ref().filter(|entry: &&KnownFile| entry.path == path);
            let same = known.is_some_and(|entry| entry.mark == mark_of(&file));
            if same == bookmarks.replays() {
                let before = known.map(|entry| entry.run.clone());
                read.push((number, Unread { file, before }));
            } else {
                sorted.known += 1;
            }
        }
        while let Some(passed) = ahead {
            sorted.gone.push(passed);
            ahead = ledger.next().await?;
        }
        sorted.gone.retain(|entry| !others.contains(&entry.path));
        read.sort_by_key(|(number, _)| *number);
        sorted.read = read.into_iter().map(|(_, unread)| unread).collect();
        Ok(sorted)
    }

    fn limit(&mut self, limits: &S3Files, now: Timestamp) {
        let new = self.read.len();
        limit(&mut self.read, limits, now);
        self.waiting = (new - self.read.len()) as u64;
    }
}

/// The part of a ledger that lies at the places that a source lists, in the order of its paths, a page at a time.
struct Walk<'a> {
    bookmarks: &'a dyn Bookmarks,
    context: &'a str,
    /// The places ahead, none within another.
    places: Peekable<IntoIter<String>>,
    page: Peekable<IntoIter<KnownFile>>,
    /// Where the next page begins at the least; none behind the last.
    next: Option<String>,
}

impl<'a> Walk<'a> {
    fn new(bookmarks: &'a dyn Bookmarks, context: &'a str, mut places: Vec<String>) -> Self {
        places.sort();
        places.dedup_by(|place, before| covers(before, place));
        let (places, page) = (places.into_iter().peekable(), Vec::new().into_iter().peekable());
        Self { bookmarks, context, places, page, next: Some(String::new()) }
    }

    async fn next(&mut self) -> Result<Option<KnownFile>, String> {
        while let Some(place) = self.places.peek() {
            match (self.page.peek(), &self.next) {
                (Some(file), _) if covers(place, &file.path) => return Ok(self.page.next()),
                (Some(file), _) if file.path < *place => drop(self.page.next()),
                (Some(_), _) => drop(self.places.next()),
                (None, None) => return Ok(None),
                (None, Some(next)) => {
                    let page = self.bookmarks.ledger(self.context, next.max(place)).await?;
                    self.page = page.files.into_iter().peekable();
                    self.next = page.next;
                }
            }
        }
        Ok(None)
    }
}

/// What a run reads at most, the oldest files first; the others wait for the next run.
fn limit(files: &mut Vec<Unread>, limits: &S3Files, now: Timestamp) {
    let most = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    if limits.max_files_in_band.is_none() && limits.bounded_files.is_none() && limits.bounded_size.is_none() {
        return;
    }
    files.sort_by_cached_key(|unread| (modified(&unread.file), unread.file.meta.location.clone()));
    if let Some(count) = limits.max_files_in_band {
        let band = now.minus(Duration::from_millis(limits.max_band.unwrap_or(BAND)));
        let settled = files.partition_point(|unread| modified(&unread.file) <= band);
        files.truncate(settled.saturating_add(most(count)));
    }
    if let Some(count) = limits.bounded_files {
        files.truncate(most(count));
    }
    if let Some(size) = limits.bounded_size {
        let mut total = 0u64;
        let within = files.iter().take_while(|unread| {
            total = total.saturating_add(unread.file.meta.size);
            total <= size
        });
        // A first file that is larger would never be read.
        let count = within.count().max(1);
        files.truncate(count);
    }
    files.sort_by_cached_key(|unread| (unread.file.bucket.clone(), unread.file.meta.location.clone()));
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
    /// The first files to read.
    pub some: Vec<ReadFile>,
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
    let Sorted { read, known, waiting, .. } = sorted;
    let rewritten = read.iter().filter(|unread| unread.before.is_some()).count() as u64;
    SourcePlan {
        context: mark.context.clone(),
        node: mark.node.to_owned(),
        known,
        new: read.len() as u64 - rewritten,
        rewritten,
        waiting,
        bytes: read.iter().map(|unread| unread.file.meta.size).sum(),
        some: read.iter().take(NAMED).map(Unread::noted).collect(),
    }
}

#[cfg(test)]
mod tests;
