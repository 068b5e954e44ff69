//! What a run of a job would read.

use mastic_api_mastic::mastic::types::{PlanJobBookmarkResponse, PlannedFile, PlannedSource};
use mastic_engine::{JobGraph, SourcePlan, plan_reading};
use mastic_handoff::{Bookmarking, Finish, JobWork, Plan};

use super::{JobBookmark, environment};
use crate::failure::Failure;
use crate::session::Session;

/// Lists the sources against the ledger, as if bookmarks were enabled.
pub(crate) async fn plan(session: &Session, work: JobWork) -> Result<Finish, Failure> {
    let graph = JobGraph::from_nodes(&work.nodes)?;
    let bookmark =
        JobBookmark::open(&session.client, &work.job_name, work.contexts, Bookmarking::Enable).await?;
    let sources = plan_reading(&graph, &environment(session, bookmark)?).await?;
    let sources = sources.into_iter().map(planned).collect();
    Ok(Finish::Planned(Box::new(Plan::Job(PlanJobBookmarkResponse { job_name: work.job_name, sources }))))
}

fn planned(source: SourcePlan) -> PlannedSource {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let some = source.some.into_iter().map(|file| PlannedFile {
        change: if file.before.is_some() { "REWRITTEN" } else { "NEW" }.to_owned(),
        path: format!("s3://{}/{}", file.bucket, file.key),
        size: count(file.mark.size),
        last_modified: file.modified,
    });
    PlannedSource {
        transformation_context: source.context,
        node_name: source.node,
        known: count(source.known),
        new: count(source.new),
        rewritten: count(source.rewritten),
        waiting: count(source.waiting),
        bytes: count(source.bytes),
        some: some.collect(),
    }
}
