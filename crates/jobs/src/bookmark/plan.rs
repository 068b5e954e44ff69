//! `PlanJobBookmark`: what the next run of a job would read, found out by a runner that works as the job's role, lists
//! the job's sources and reads and writes nothing.

use std::sync::Arc;
use std::time::Duration;

use mastic_api_glue::glue::types::StartJobRunRequest;
use mastic_api_mastic::mastic::types::{PlanJobBookmarkRequest, PlanJobBookmarkResponse};
use mastic_core::Fault;
use mastic_handoff::{Plan, Work};
use mastic_kernel::{Access, Call, Ctx, Need};

use super::commit::contexts;
use crate::definition::{self, key};
use crate::records::{JOBS, NameKey};
use crate::schedule::execution;
use crate::start::new_run;
use crate::{Jobs, access};

/// How long a plan may take.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// A plan makes the role list data and tells of it: whoever may not start the job may not either.
pub(super) fn needs(call: &Call, input: &PlanJobBookmarkRequest) -> Result<Access, Fault> {
    let job = access::job_arn(call, &input.job_name)?;
    Ok(Access::All(vec![
        Need::new("mastic:PlanJobBookmark", "*"),
        Need::new("glue:GetJobBookmark", "*"),
        Need::new("glue:StartJobRun", job.as_str()),
    ]))
}

/// Lets a plan read the bookmark of its job for as long as it is at work.
struct Planning {
    jobs: Arc<Jobs>,
    id: String,
}

impl Planning {
    fn begin(jobs: &Arc<Jobs>, id: &str, job: NameKey) -> Self {
        jobs.plans.lock().insert(id.to_owned(), job);
        Self { jobs: Arc::clone(jobs), id: id.to_owned() }
    }
}

impl Drop for Planning {
    fn drop(&mut self) {
        self.jobs.plans.lock().remove(&self.id);
    }
}

impl Jobs {
    pub(super) async fn plan_bookmark(
        self: &Arc<Self>,
        ctx: &Ctx,
        input: PlanJobBookmarkRequest,
    ) -> Result<PlanJobBookmarkResponse, Fault> {
        let job = key(ctx, &input.job_name)?;
        let record = ctx.read(|tx| Ok::<_, Fault>(JOBS.get(tx, &job)?))?;
        let record = record.ok_or_else(|| definition::missing(&job.2))?;
        let (id, now) = (ctx.entropy().uuid(), ctx.now());
        let start = StartJobRunRequest { job_name: job.2.clone(), ..StartJobRunRequest::default() };
        let run = new_run(&record, start, None, id.clone(), now)?;
        if run.script.is_some() {
            let text = format!(
                "What the script of job {} would read only the script knows: bookmarks of visual jobs can be planned.",
                job.2
            );
            return Err(Fault::sender("InvalidInputException", text));
        }
        let at = (job.0.clone(), job.1.clone(), job.2.clone(), now.micros(), id.clone());
        let mut execution = execution(&at, &run)?;
        execution.timeout = Some(LONGEST);
        execution.staged = true;
        if let Work::Job(work) = &mut execution.work {
            work.plan = true;
            work.contexts = contexts(&run.nodes)?;
        }
        let planning = Planning::begin(self, &id, job);
        match self.planned(execution, planning).await? {
            Plan::Job(plan) => Ok(plan),
            Plan::Crawl(_) => Err(Fault::internal("the runner planned a crawl instead of a job")),
        }
    }
}
