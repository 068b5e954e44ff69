//! Job bookmarks: what the runs of a job have read, file by file, and where its other sources stand.
//!
//! The ledger and the sources' documents are staged by the run that reads: they become true with its output, or not at
//! all. [`commit`] then counts the run and marks where it left the bookmark, so that [`rewind`] can go back there.

#[cfg(test)]
mod call_tests;
mod commit;
mod ledger;
mod plan;
mod put;
mod records;
mod rewind;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use mastic_api_glue::glue::op;
use mastic_api_mastic::mastic::op as own;
use mastic_core::Fault;
use mastic_kernel::{Access, Registry};

pub(crate) use commit::{contexts, explain, note, staged};
pub(crate) use rewind::delete;

use crate::{Jobs, access};

fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInputException", text)
}

impl Jobs {
    pub(crate) fn register_bookmarks(self: &Arc<Self>, registry: &mut Registry) {
        registry.on::<op::GetJobBookmark, _, _>(
            |_, _| Ok(access::any("GetJobBookmark")),
            |ctx, input| async move { rewind::get(&ctx, &input) },
        );
        registry.on::<op::ResetJobBookmark, _, _>(
            |_, _| Ok(access::any("ResetJobBookmark")),
            |ctx, input| async move { rewind::reset(&ctx, input).await },
        );
        let jobs = Arc::clone(self);
        registry.on::<own::DescribeJobBookmark, _, _>(
            |_, _| Ok(Access::PerEntry),
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.describe_bookmark(&ctx, &input) }
            },
        );
        let jobs = Arc::clone(self);
        registry.on::<own::ListJobBookmarkFiles, _, _>(
            |_, _| Ok(Access::PerEntry),
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.list_bookmark_files(&ctx, &input) }
            },
        );
        let jobs = Arc::clone(self);
        registry.on::<own::PutJobBookmark, _, _>(
            |_, _| Ok(Access::PerEntry),
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.put_bookmark(&ctx, input).await }
            },
        );
        let jobs = Arc::clone(self);
        registry.on::<own::PlanJobBookmark, _, _>(plan::needs, move |ctx, input| {
            let jobs = Arc::clone(&jobs);
            async move { jobs.plan_bookmark(&ctx, input).await }
        });
    }
}
