//! The job's bookmark as a script moves it: what sources have read is kept here until `job.commit()`.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use mastic_client::Client;
use mastic_engine::{Bookmarks, Documents, LedgerPage, ReadFile, Stores, Taken};
use mastic_handoff::Bookmarking;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::failure::Failure;
use crate::job::JobBookmark;

/// Files that are looked at side by side.
const LOOKS: usize = 16;

/// The bookmark, whose places are the script's transformation contexts.
pub(super) struct ScriptBookmark {
    job: Arc<JobBookmark>,
    /// What this run has committed.
    columns: BTreeMap<String, Vec<(String, String)>>,
    documents: BTreeMap<String, String>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    taken: BTreeMap<String, Taken>,
    columns: BTreeMap<String, Vec<(String, String)>>,
    documents: BTreeMap<String, String>,
    /// Contexts whose files Spark reads itself.
    by_spark: HashSet<String>,
}

impl ScriptBookmark {
    /// Where the job stands; `None` where the run does not pay heed to that.
    pub(super) async fn open(
        client: &Client,
        job_name: &str,
        bookmarking: Bookmarking,
    ) -> Result<Option<Self>, Failure> {
        let opened = JobBookmark::open(client, job_name, BTreeMap::new(), bookmarking).await?;
        let (columns, documents) = (BTreeMap::new(), BTreeMap::new());
        Ok(opened.map(|job| Self { job: Arc::new(job), columns, documents, held: Mutex::default() }))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the files of a context are read by Spark, which does not look whether they are still the same.
    pub(super) fn read_by_spark(&self, context: &str) {
        self.held().by_spark.insert(context.to_owned());
    }

    /// Tells the server all that is held; the bookmark as it is then for this run.
    ///
    /// # Errors
    /// A file is not any more what it was when it was read, or the server refuses.
    pub(super) async fn commit(&self, stores: &dyn Stores) -> Result<Self, Failure> {
        let held = std::mem::take(&mut *self.held());
        let by_spark = held.taken.iter().filter(|(context, _)| held.by_spark.contains(*context));
        let files: Vec<ReadFile> = by_spark.flat_map(|(_, taken)| taken.files.clone()).collect();
        stream::iter(files)
            .map(|file| unchanged(stores, file))
            .buffer_unordered(LOOKS)
            .try_collect::<()>()
            .await?;
        for (context, taken) in held.taken {
            self.job.take(&context, taken).await.map_err(told)?;
        }
        let (mut columns, mut documents) = (self.columns.clone(), self.documents.clone());
        for (context, found) in held.columns {
            self.job.keep_columns(&context, found.clone()).await.map_err(told)?;
            columns.insert(context, found);
        }
        for (context, document) in held.documents {
            self.job.keep(&context, document.clone()).await.map_err(told)?;
            documents.insert(context, document);
        }
        Ok(Self { job: Arc::clone(&self.job), columns, documents, held: Mutex::default() })
    }
}

fn told(text: String) -> Failure {
    Failure::new(format!("the job's bookmark cannot be moved: {text}"))
}

async fn unchanged(stores: &dyn Stores, file: ReadFile) -> Result<(), Failure> {
    let url = format!("s3://{}/{}", file.bucket, file.key);
    let fail = |cause: String| Failure::new(format!("`{url}`: {cause}"));
    let store = stores.bucket(&file.bucket).map_err(fail)?;
    let key = Path::parse(&file.key).map_err(|error| fail(error.to_string()))?;
    let found = store.head(&key).await.map_err(|error| fail(error.to_string()))?;
    if found.e_tag.as_deref().unwrap_or_default().trim_matches('"') == file.mark.etag {
        return Ok(());
    }
    Err(fail("the file was rewritten while the run read it".to_owned()))
}

#[async_trait]
impl Bookmarks for ScriptBookmark {
    fn context(&self, node: &str) -> Option<String> {
        Some(node.to_owned()).filter(|context| !context.is_empty())
    }

    fn replays(&self) -> bool {
        self.job.replays()
    }

    async fn ledger(&self, context: &str, from: &str) -> Result<LedgerPage, String> {
        self.job.ledger(context, from).await
    }

    async fn take(&self, context: &str, taken: Taken) -> Result<(), String> {
        let mut held = self.held();
        let all = held.taken.entry(context.to_owned()).or_default();
        // A context that is read twice before it is committed sees the same files again.
        let known: HashSet<(String, String)> =
            all.files.iter().map(|file| (file.bucket.clone(), file.key.clone())).collect();
        let new =
            taken.files.into_iter().filter(|file| !known.contains(&(file.bucket.clone(), file.key.clone())));
        all.files.extend(new);
        let gone = taken.gone.into_iter().filter(|file| !all.gone.contains(file)).collect::<Vec<_>>();
        all.gone.extend(gone);
        all.band = taken.band;
        drop(held);
        Ok(())
    }

    fn columns(&self, context: &str) -> Option<&[(String, String)]> {
        self.columns.get(context).map(Vec::as_slice).or_else(|| self.job.columns(context))
    }

    async fn keep_columns(&self, context: &str, columns: Vec<(String, String)>) -> Result<(), String> {
        self.held().columns.insert(context.to_owned(), columns);
        Ok(())
    }

    fn documents(&self, context: &str) -> Documents {
        let known = self.job.documents(context);
        match self.documents.get(context) {
            Some(committed) => Documents { after: Some(committed.clone()), ..known },
            None => known,
        }
    }

    async fn keep(&self, context: &str, document: String) -> Result<(), String> {
        self.held().documents.insert(context.to_owned(), document);
        Ok(())
    }
}
