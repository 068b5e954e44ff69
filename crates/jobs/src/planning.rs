//! Plans: what a crawl or a run would do, found out by a runner that works as its role and writes nothing.

use std::sync::Arc;

use mastic_core::Fault;
use mastic_handoff::Plan;

use crate::Jobs;
use crate::execution::{Ending, Execution};

impl Jobs {
    /// Lets a runner plan. What is `held` goes with the runner's end.
    ///
    /// # Errors
    /// `PlanFailedException`, with the runner's cause.
    pub(crate) async fn planned(
        self: &Arc<Self>,
        execution: Execution,
        held: impl Send + 'static,
    ) -> Result<Plan, Fault> {
        let id = execution.id.clone();
        let switch = self.switch(id.clone())?;
        let jobs = Arc::clone(self);
        // A task of its own: a caller that hangs up leaves nothing open.
        let planned = tokio::spawn(async move {
            let ending = jobs.execute(execution, switch.stop.clone(), std::future::ready(())).await;
            drop(held);
            jobs.background.discard_staged(&id).await?;
            Ok::<_, Fault>(ending)
        });
        match planned.await.map_err(Fault::internal)?? {
            Ending::Planned(plan) => Ok(*plan),
            Ending::Failed(cause) => Err(failed(&cause.text)),
            Ending::Succeeded(_) => Err(Fault::internal("the runner did the work instead of planning it")),
            Ending::Stopped => Err(failed("The server stopped while the plan was being made.")),
            Ending::TimedOut => Err(failed("The plan took too long.")),
        }
    }
}

fn failed(reason: &str) -> Fault {
    Fault::sender("PlanFailedException", reason)
}
