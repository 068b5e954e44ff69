//! The job's bookmark as the engine sees it: the server's ledger, within the run's session.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use mastic_api_mastic::mastic::op;
use mastic_api_mastic::mastic::types::*;
use mastic_client::Client;
use mastic_engine::{Bookmarks, Documents, FileMark, Ledger, ReadFile};
use mastic_handoff::{Bookmarking, Category};

use crate::failure::Failure;

/// Files of one call.
const PAGE: i32 = 1000;
const BATCH: usize = 1000;

/// The bookmark of a job.
pub(crate) struct JobBookmark {
    client: Client,
    job_name: String,
    /// Transformation contexts by node id.
    contexts: BTreeMap<String, String>,
    documents: HashMap<String, Documents>,
    /// The runs whose files are read, in a pause with their range.
    window: Option<HashSet<String>>,
    moves: bool,
}

impl JobBookmark {
    /// Where the job stands; `None` where the run does not pay heed to that.
    pub(super) async fn open(
        client: &Client,
        job_name: &str,
        contexts: BTreeMap<String, String>,
        bookmarking: Bookmarking,
    ) -> Result<Option<Self>, Failure> {
        let (moves, range) = match bookmarking {
            Bookmarking::Disable => return Ok(None),
            Bookmarking::Enable => (true, None),
            Bookmarking::Pause { window } => (false, window),
        };
        let paused = range.is_some();
        let (from, to) = range.unzip();
        let input = DescribeJobBookmarkRequest { job_name: job_name.to_owned(), from, to, with_runs: None };
        let found = client.call::<op::DescribeJobBookmark>(input).await.map_err(|error| {
            let failure = Failure::from(error);
            if paused { Failure::of(Category::InvalidArgument, failure.to_string()) } else { failure }
        })?;
        let documents = found.contexts.into_iter().map(|context| {
            let documents = Documents { after: context.document, until: context.window_document };
            (context.transformation_context, documents)
        });
        Ok(Some(Self {
            client: client.clone(),
            job_name: job_name.to_owned(),
            contexts,
            documents: documents.collect(),
            window: found.window_run_ids.map(HashSet::from_iter),
            moves,
        }))
    }

    async fn put(
        &self,
        files: Option<Vec<JobBookmarkFile>>,
        documents: Option<Vec<JobBookmarkDocument>>,
    ) -> Result<(), String> {
        crate::pass("runner.note");
        let input = PutJobBookmarkRequest { job_name: self.job_name.clone(), files, documents };
        self.client.call::<op::PutJobBookmark>(input).await.map(drop).map_err(told)
    }
}

fn told(error: mastic_client::ClientError) -> String {
    Failure::from(error).to_string()
}

#[async_trait]
impl Bookmarks for JobBookmark {
    fn context(&self, node: &str) -> Option<String> {
        self.contexts.get(node).cloned()
    }

    async fn ledger(&self, context: &str) -> Result<Ledger, String> {
        let mut ledger = Ledger { files: HashMap::new(), only: self.window.is_some() };
        let mut next_token = None;
        loop {
            let input = ListJobBookmarkFilesRequest {
                job_name: self.job_name.clone(),
                transformation_context: Some(context.to_owned()),
                next_token,
                max_results: Some(PAGE),
            };
            let page = self.client.call::<op::ListJobBookmarkFiles>(input).await.map_err(told)?;
            for file in page.files {
                let run = file.run_id.as_deref().unwrap_or_default();
                if self.window.as_ref().is_some_and(|window| !window.contains(run)) {
                    continue;
                }
                let size = u64::try_from(file.size).unwrap_or_default();
                let path = format!("{}/{}", file.bucket, file.key);
                ledger.files.insert(path, FileMark { etag: file.e_tag, size });
            }
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(ledger);
            }
        }
    }

    async fn take(&self, context: &str, files: Vec<ReadFile>) -> Result<(), String> {
        if !self.moves {
            return Ok(());
        }
        for batch in files.chunks(BATCH) {
            let entries = batch.iter().map(|file| JobBookmarkFile {
                transformation_context: context.to_owned(),
                bucket: file.bucket.clone(),
                key: file.key.clone(),
                e_tag: file.mark.etag.clone(),
                size: i64::try_from(file.mark.size).unwrap_or(i64::MAX),
                last_modified: file.modified,
                run_id: None,
            });
            self.put(Some(entries.collect()), None).await?;
        }
        Ok(())
    }

    async fn documents(&self, context: &str) -> Result<Documents, String> {
        Ok(self.documents.get(context).cloned().unwrap_or_default())
    }

    async fn keep(&self, context: &str, document: String) -> Result<(), String> {
        if !self.moves {
            return Ok(());
        }
        let transformation_context = context.to_owned();
        self.put(None, Some(vec![JobBookmarkDocument { transformation_context, document }])).await
    }
}
