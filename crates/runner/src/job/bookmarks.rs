//! The job's bookmark as the engine sees it: the server's ledger, within the run's session.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use mastic_api_mastic::mastic::op;
use mastic_api_mastic::mastic::types::*;
use mastic_client::Client;
use mastic_engine::{Bookmarks, Documents, FileMark, KnownFile, LedgerPage, ReadFile, Taken};
use mastic_handoff::{Bookmarking, Category};

use crate::failure::Failure;

/// Files of an answer.
const PAGE: i32 = 5000;

/// Files of a call.
const BATCH: usize = 1000;

/// The bookmark of a job.
pub(crate) struct JobBookmark {
    client: Client,
    job_name: String,
    /// Transformation contexts by node id.
    contexts: BTreeMap<String, String>,
    /// The bookmark's version: what the run says that it has seen.
    version: i32,
    documents: HashMap<String, Documents>,
    columns: HashMap<String, Vec<(String, String)>>,
    /// The runs whose files are read, in a pause with their range.
    window: Option<HashSet<String>>,
    moves: bool,
}

impl JobBookmark {
    /// Where the job stands; `None` where the run does not pay heed to that.
    pub(crate) async fn open(
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
        let input =
            DescribeJobBookmarkRequest { job_name: job_name.to_owned(), from, to, ..Default::default() };
        let found = client.call::<op::DescribeJobBookmark>(input).await.map_err(|error| {
            let failure = Failure::from(error);
            if paused { Failure::of(Category::InvalidArgument, failure.to_string()) } else { failure }
        })?;
        let (mut documents, mut columns) = (HashMap::new(), HashMap::new());
        for context in found.contexts {
            let name = context.transformation_context;
            if let Some(known) = context.columns {
                let known = known.into_iter().map(|column| (column.name, column.r#type));
                columns.insert(name.clone(), known.collect());
            }
            documents.insert(name, Documents { after: context.document, until: context.window_document });
        }
        Ok(Some(Self {
            client: client.clone(),
            job_name: job_name.to_owned(),
            contexts,
            version: found.version,
            documents,
            columns,
            window: found.window_run_ids.map(HashSet::from_iter),
            moves,
        }))
    }

    /// Tells the server a part of what moves.
    async fn put(&self, part: PutJobBookmarkRequest) -> Result<(), String> {
        if !self.moves {
            return Ok(());
        }
        crate::pass("runner.note");
        let input = PutJobBookmarkRequest { job_name: self.job_name.clone(), version: self.version, ..part };
        self.client.call::<op::PutJobBookmark>(input).await.map(drop).map_err(told)
    }
}

fn told(error: mastic_client::ClientError) -> String {
    Failure::from(error).to_string()
}

fn long(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[async_trait]
impl Bookmarks for JobBookmark {
    fn context(&self, node: &str) -> Option<String> {
        self.contexts.get(node).cloned()
    }

    fn replays(&self) -> bool {
        self.window.is_some()
    }

    async fn ledger(&self, context: &str, from: &str) -> Result<LedgerPage, String> {
        let input = ListJobBookmarkFilesRequest {
            job_name: self.job_name.clone(),
            transformation_context: Some(context.to_owned()),
            start_at: Some(from.to_owned()),
            next_token: None,
            max_results: Some(PAGE),
        };
        let page = self.client.call::<op::ListJobBookmarkFiles>(input).await.map_err(told)?;
        let files = page.files.into_iter().map(|file| KnownFile {
            path: format!("{}/{}", file.bucket, file.key),
            mark: FileMark { etag: file.e_tag, size: u64::try_from(file.size).unwrap_or_default() },
            run: file.run_id.unwrap_or_default(),
        });
        let mut files: Vec<KnownFile> = files.collect();
        // Nothing lies between a text and the same with a zero byte behind it.
        let behind = files.last().map(|last| format!("{}\0", last.path));
        if let Some(window) = &self.window {
            files.retain(|file| window.contains(&file.run));
        }
        Ok(LedgerPage { files, next: behind.filter(|_| page.next_token.is_some()) })
    }

    async fn take(&self, context: &str, taken: Taken) -> Result<(), String> {
        let source = JobBookmarkSource {
            transformation_context: context.to_owned(),
            max_band: Some(long(taken.band)),
            columns: None,
        };
        let mut sources = Some(vec![source]);
        let new = |file: &ReadFile| JobBookmarkFile {
            transformation_context: context.to_owned(),
            bucket: file.bucket.clone(),
            key: file.key.clone(),
            e_tag: file.mark.etag.clone(),
            size: long(file.mark.size),
            last_modified: file.modified,
            run_id: file.before.clone(),
        };
        let old = |file: &KnownFile| {
            let (bucket, key) = file.path.split_once('/').unwrap_or_default();
            GoneJobBookmarkFile {
                transformation_context: context.to_owned(),
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                run_id: file.run.clone(),
            }
        };
        let (mut files, mut gone) = (taken.files.chunks(BATCH), taken.gone.chunks(BATCH));
        loop {
            let part = PutJobBookmarkRequest {
                sources: sources.take(),
                files: files.next().map(|batch| batch.iter().map(new).collect()),
                gone: gone.next().map(|batch| batch.iter().map(old).collect()),
                ..Default::default()
            };
            if part.sources.is_none() && part.files.is_none() && part.gone.is_none() {
                return Ok(());
            }
            self.put(part).await?;
        }
    }

    fn columns(&self, context: &str) -> Option<&[(String, String)]> {
        self.columns.get(context).map(Vec::as_slice)
    }

    async fn keep_columns(&self, context: &str, columns: Vec<(String, String)>) -> Result<(), String> {
        let columns = columns.into_iter().map(|(name, r#type)| JobBookmarkColumn { name, r#type });
        let source = JobBookmarkSource {
            transformation_context: context.to_owned(),
            max_band: None,
            columns: Some(columns.collect()),
        };
        self.put(PutJobBookmarkRequest { sources: Some(vec![source]), ..Default::default() }).await
    }

    fn documents(&self, context: &str) -> Documents {
        self.documents.get(context).cloned().unwrap_or_default()
    }

    async fn keep(&self, context: &str, document: String) -> Result<(), String> {
        let document = JobBookmarkDocument {
            transformation_context: context.to_owned(),
            document,
            before: self.documents(context).after,
        };
        let documents = Some(vec![document]);
        self.put(PutJobBookmarkRequest { documents, ..Default::default() }).await
    }
}
