//! The scheduler: takes runs from the queue and drives each to its end.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use mastic_api_glue::glue::types::JobRunState;
use mastic_core::{Arn, Fault, Timestamp, failpoint};
use mastic_handoff::{Bookmarking, Category, Cause, JobWork, Python, ScriptWork, Tally, Work};
use mastic_store::StoreError;
use mastic_store::overlay::{PublishError, publish};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::execution::{Ending, Execution, LogPlaces, ONLY_PLANNED, clear};
use crate::records::{JOBS, OPEN_RUNS, RUNS, RunKey, RunRecord};
use crate::run::{at_work, close, insert};
use crate::{Jobs, bookmark, node};

/// Where the lines of runs go, unless a security configuration or the job's arguments say otherwise.
const GROUP: &str = "/aws-glue/jobs";

/// What the sessions of runs are called.
pub(crate) const SESSION_NAME: &str = "GlueJobRunnerSession";

/// How long until the end of a run or crawl that could not be written is tried again.
pub(crate) const END_AGAIN: Duration = Duration::from_secs(1);

/// What people read of a run that waited in vain.
const WAITED: &str = "The run of the execution class FLEX waited for 20 minutes and did not get its turn.";

/// What people read of a run that the server's own end cut short.
const LOST: &str =
    "The server stopped while the run was under way. None of the run's output was kept. Run the job again.";

/// The same of a run that writes into databases, which may have gone so far.
const LOST_BESIDE_DATABASES: &str = "The server stopped while the run was under way. None of the run's output was kept, unless it \
     was about to end: then what it wrote into databases is committed there. Run the job again.";

impl Jobs {
    /// Resolves what an earlier server left behind, then takes runs up as they come. Call it once, when
    /// the server listens; `endpoint` is the URL at which runners reach it.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn start(self: &Arc<Self>, endpoint: String) -> Result<(), Fault> {
        self.endpoint.get_or_init(|| endpoint);
        self.recover_runs().await?;
        self.recover_crawls().await?;
        self.recover_statistics().await?;
        self.recover_sessions().await?;
        self.discard_leftovers().await?;
        // Runners of an earlier server have ended with it; what they spilled nobody needs.
        clear(&self.config.scratch).await;
        let jobs = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                let next = jobs.take_up().await.unwrap_or_else(|fault| {
                    tracing::error!(%fault, "the queue of runs could not be read");
                    Some(jobs.background.now().plus(END_AGAIN))
                });
                let wait = next.map(|at| at.since(jobs.background.now()));
                tokio::select! {
                    () = jobs.wake.notified() => {}
                    () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
                }
            }
        });
        Ok(())
    }

    /// Stops a run or crawl of this process.
    pub(crate) fn stop(&self, id: &str) {
        if let Some(switch) = self.under_way.lock().get(id) {
            switch.send_replace(true);
        }
    }

    /// Notes a run as under way; `None` if it is already.
    pub(crate) fn begin(&self, id: &str) -> Option<watch::Receiver<bool>> {
        let mut under_way = self.under_way.lock();
        if under_way.contains_key(id) {
            return None;
        }
        let (switch, stop) = watch::channel(false);
        under_way.insert(id.to_owned(), switch);
        Some(stop)
    }

    pub(crate) fn end(&self, id: &str) {
        self.under_way.lock().remove(id);
    }

    /// Runs that were under way when the server ended: their output is dropped, and they are retried or failed.
    async fn recover_runs(&self) -> Result<(), Fault> {
        let open = self.background.read(|tx| {
            OPEN_RUNS.scan(tx, OPEN_RUNS.all()).map(|row| Ok(row?.1.key)).collect::<Result<Vec<_>, Fault>>()
        })?;
        for key in open {
            let Some(record) = self.background.read(|tx| Ok::<_, Fault>(RUNS.get(tx, &key)?))? else {
                continue;
            };
            match record.run.job_run_state {
                Some(JobRunState::Running) => {
                    let text =
                        if node::writes_databases(&record.nodes) { LOST_BESIDE_DATABASES } else { LOST };
                    self.conclude(&key, Ending::Failed(Cause::new(Category::Internal, text))).await?
                }
                Some(JobRunState::Stopping) => self.conclude(&key, Ending::Stopped).await?,
                // It never reached a runner: it begins anew.
                _ => {}
            }
        }
        Ok(())
    }

    /// What runs staged that no longer exist.
    async fn discard_leftovers(&self) -> Result<(), Fault> {
        for run in self.background.read(|tx| Ok::<_, Fault>(mastic_store::overlay::staged_runs(tx)?))? {
            tracing::warn!(run, "what a run of an earlier server had staged is dropped");
            self.background.discard_staged(&run).await?;
        }
        Ok(())
    }

    /// Takes up what may begin; when the next waiting run gives up.
    pub(crate) async fn take_up(self: &Arc<Self>) -> Result<Option<Timestamp>, Fault> {
        let open = self.background.read(|tx| {
            OPEN_RUNS.scan(tx, OPEN_RUNS.all()).map(|row| Ok(row?.1)).collect::<Result<Vec<_>, Fault>>()
        })?;
        let now = self.background.now();
        let mut at_work: HashMap<(String, String, String), usize> = HashMap::new();
        for open in open.iter().filter(|open| !open.waits) {
            *at_work.entry(job_of(&open.key)).or_default() += 1;
        }
        let mut next: Option<Timestamp> = None;
        for open in open {
            let key = open.key;
            if self.under_way.lock().contains_key(&key.4) {
                continue;
            }
            let busy = at_work.entry(job_of(&key)).or_default();
            if open.waits && *busy >= open.places.unwrap_or(1) {
                match open.expires {
                    Some(expires) if expires <= now => self.give_up(&key).await?,
                    expires => next = next.into_iter().chain(expires).min(),
                }
                continue;
            }
            let place = Arc::clone(&self.places).try_acquire_owned().ok();
            if place.is_none() && !open.stopped {
                if !open.noted {
                    self.note_turn(&key).await?;
                }
                continue;
            }
            // From here on a stop reaches the run; one that came before is seen in its state.
            let Some(stop) = self.begin(&key.4) else { continue };
            match (self.claim(&key).await, place) {
                (Ok(Some(record)), Some(place)) => {
                    *busy += usize::from(open.waits);
                    let jobs = Arc::clone(self);
                    tokio::spawn(async move { jobs.drive(key, record, stop, place).await });
                }
                (Ok(_), _) => self.end(&key.4),
                (Err(fault), _) => {
                    self.end(&key.4);
                    return Err(fault);
                }
            }
        }
        Ok(next)
    }

    /// Takes a run from the queue, if it is its turn. A run that was stopped before it began ends here.
    async fn claim(&self, key: &RunKey) -> Result<Option<RunRecord>, Fault> {
        let (at, now) = (key.clone(), self.background.now());
        self.background
            .write(move |tx| {
                let Some(mut record) = RUNS.get(tx, &at)? else { return Ok::<_, Fault>(None) };
                match record.run.job_run_state {
                    Some(JobRunState::Starting) => Ok(Some(record)),
                    Some(JobRunState::Waiting) => {
                        let place = (at.3, at.4.as_str());
                        let Some(mut open) = OPEN_RUNS.get(tx, &place)? else { return Ok(None) };
                        if open.waits && at_work(tx, &job_of(&at))? >= open.places.unwrap_or(1) {
                            return Ok(None);
                        }
                        open.waits = false;
                        OPEN_RUNS.put(tx, &place, &open)?;
                        record.run.job_run_state = Some(JobRunState::Starting);
                        record.run.state_detail = None;
                        record.run.last_modified_on = Some(now);
                        RUNS.put(tx, &at, &record)?;
                        Ok(Some(record))
                    }
                    Some(JobRunState::Stopping) => {
                        close(tx, &at, &mut record, JobRunState::Stopped, now)?;
                        Ok(None)
                    }
                    _ => Ok(None),
                }
            })
            .await
    }

    /// Ends a run that has waited for too long.
    async fn give_up(&self, key: &RunKey) -> Result<(), Fault> {
        let (at, now) = (key.clone(), self.background.now());
        self.background
            .write(move |tx| {
                let Some(mut record) = RUNS.get(tx, &at)? else { return Ok::<_, Fault>(()) };
                if record.run.job_run_state == Some(JobRunState::Waiting) {
                    record.run.error_message = Some(Cause::new(Category::Launch, WAITED).message());
                    close(tx, &at, &mut record, JobRunState::Failed, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Says of a run that could begin why it does not.
    async fn note_turn(&self, key: &RunKey) -> Result<(), Fault> {
        let most = self.config.runs_at_once;
        let text = format!("The run waits for its turn: this server has {most} runs at work at most.");
        let at = key.clone();
        self.background
            .write(move |tx| {
                let place = (at.3, at.4.as_str());
                let (Some(mut record), Some(mut open)) = (RUNS.get(tx, &at)?, OPEN_RUNS.get(tx, &place)?)
                else {
                    return Ok::<_, Fault>(());
                };
                record.run.state_detail = Some(text);
                open.noted = true;
                RUNS.put(tx, &at, &record)?;
                Ok(OPEN_RUNS.put(tx, &place, &open)?)
            })
            .await
    }

    async fn drive(
        self: Arc<Self>,
        key: RunKey,
        record: RunRecord,
        stop: watch::Receiver<bool>,
        place: OwnedSemaphorePermit,
    ) {
        let ending = match execution(&key, &record) {
            Ok(execution) => {
                let running = self.mark_running(&key);
                self.execute(execution, stop, running).await
            }
            Err(fault) => Ending::not_begun(&fault),
        };
        let _ = failpoint::pass("run.ended");
        // A full disk must not leave the run open for good: its end is written once that is possible.
        while let Err(fault) = self.conclude(&key, ending.clone()).await {
            tracing::error!(run = key.4, cause = fault.cause(), "the end of a run could not be written yet");
            tokio::time::sleep(END_AGAIN).await;
        }
        self.end(&key.4);
        drop(place);
        self.wake.notify_one();
    }

    async fn mark_running(&self, key: &RunKey) {
        let (at, now) = (key.clone(), self.background.now());
        let marked = self
            .background
            .write(move |tx| {
                if let Some(mut record) = RUNS.get(tx, &at)?
                    && record.run.job_run_state == Some(JobRunState::Starting)
                {
                    record.run.job_run_state = Some(JobRunState::Running);
                    record.run.state_detail = None;
                    record.run.last_modified_on = Some(now);
                    record.began = Some(now);
                    RUNS.put(tx, &at, &record)?;
                }
                Ok::<_, Fault>(())
            })
            .await;
        if let Err(fault) = marked {
            tracing::error!(run = key.4, %fault, "a run could not be marked as running");
        }
    }

    /// Ends a run. On success its output and its state become true in one transaction.
    pub(crate) async fn conclude(&self, key: &RunKey, ending: Ending) -> Result<(), Fault> {
        let ending = match ending {
            Ending::Succeeded(tally) => match self.publish_run(key, tally).await? {
                None => return Ok(()),
                Some(conflict) => Ending::Failed(conflict.into()),
            },
            other => other,
        };
        // The output goes first: a server that dies in between finds the run open and comes here again.
        self.end_sessions(&key.4).await?;
        at("run.discard")?;
        self.background.discard_staged(&key.4).await?;
        at("run.discarded")?;
        let (at, now) = (key.clone(), self.background.now());
        let retry_id = format!("{}_attempt_", key.4.split("_attempt_").next().unwrap_or(&key.4));
        self.background
            .write(move |tx| {
                let Some(mut record) = RUNS.get(tx, &at)? else { return Ok::<_, Fault>(()) };
                // Nobody knew whether an earlier try was kept: it was.
                if record.run.completed_on.is_some() {
                    return Ok(());
                }
                let (state, message) = match ending {
                    Ending::Stopped => (JobRunState::Stopped, None),
                    Ending::TimedOut => {
                        let minutes = record.run.timeout.unwrap_or_default();
                        let text = format!("The run was stopped after its timeout of {minutes} minutes.");
                        (JobRunState::Timeout, Some(text))
                    }
                    Ending::Failed(cause) => (JobRunState::Failed, Some(cause.message())),
                    Ending::Succeeded(_) => (JobRunState::Succeeded, None),
                    Ending::Planned(_) => (JobRunState::Failed, Some(ONLY_PLANNED.to_owned())),
                };
                record.run.error_message = message;
                close(tx, &at, &mut record, state, now)?;
                let attempt = record.run.attempt.unwrap_or(0);
                let job = job_of(&at);
                if state == JobRunState::Failed
                    && record.retried < record.max_retries
                    && JOBS.contains(tx, &job)?
                {
                    let retried = record.retried + 1;
                    let next = retry(&record, format!("{retry_id}{retried}"), attempt + 1, retried, now);
                    insert(tx, &job, now, &next)?;
                }
                Ok(())
            })
            .await?;
        self.wake.notify_one();
        Ok(())
    }

    /// Publishes a run's output; what stands against it, if something does.
    async fn publish_run(&self, key: &RunKey, tally: Tally) -> Result<Option<String>, Fault> {
        at("run.publish")?;
        let (place, now) = (key.clone(), self.background.now());
        let published = self
            .background
            .write(move |tx| {
                let Some(mut record) = RUNS.get(tx, &place)? else { return Ok::<_, Fault>(None) };
                // Nobody knew whether an earlier try was kept: it was.
                if record.run.completed_on.is_some() {
                    return Ok(None);
                }
                let not_kept =
                    |why: &str| Ok(Some(format!("{why} {}. Run the job again.", tally.not_kept())));
                let taken = match bookmark::staged(tx, &place, &record)? {
                    Ok(taken) => taken,
                    Err(reason) => return not_kept(&reason),
                };
                match publish(tx, &place.4) {
                    Ok(_) => {}
                    Err(PublishError::Conflict(conflict)) => {
                        let why = bookmark::explain(&conflict);
                        return not_kept(&why.unwrap_or_else(|| {
                            format!("Another writer changed what this run wrote too: {conflict}.")
                        }));
                    }
                    Err(PublishError::Store(error)) => return Err(error.into()),
                }
                if let Some(taken) = taken {
                    bookmark::note(tx, &place, taken, now)?;
                }
                at("run.published")?;
                let Tally { rows, files, .. } = tally;
                tracing::info!(run = place.4, rows, files, "output published");
                close(tx, &place, &mut record, JobRunState::Succeeded, now)?;
                Ok(None)
            })
            .await?;
        at("run.closed")?;
        Ok(published)
    }
}

/// Passes a point at which tests let the server die or the disk be full.
fn at(point: &str) -> Result<(), Fault> {
    failpoint::pass(point).map_err(|error| StoreError::Full(error.to_string().into()).into())
}

/// The next attempt of a failed run: the same work under a new id.
fn retry(record: &RunRecord, id: String, attempt: i32, retried: i32, now: Timestamp) -> RunRecord {
    let mut next = record.clone();
    next.run.previous_run_id = next.run.id.replace(id);
    next.run.attempt = Some(attempt);
    next.run.started_on = Some(now);
    next.run.last_modified_on = Some(now);
    next.run.completed_on = None;
    next.run.execution_time = Some(0);
    next.run.error_message = None;
    next.run.state_detail = None;
    next.run.job_run_state = Some(JobRunState::Starting);
    next.run.dpu_seconds = Some(0.0);
    next.began = None;
    next.retried = retried;
    next
}

/// Account, region and name of a run's job.
fn job_of((account, region, job, ..): &RunKey) -> (String, String, String) {
    (account.clone(), region.clone(), job.clone())
}

pub(crate) fn execution(key: &RunKey, record: &RunRecord) -> Result<Execution, Fault> {
    let (account, region, job, _, id) = key.clone();
    let minutes = record.run.timeout.and_then(|minutes| u64::try_from(minutes).ok());
    let source = Arn::new("glue", &region, &account, &format!("job/{job}"));
    let arguments = record.run.arguments.clone().unwrap_or_default();
    // What is wrong with the arguments the run tells.
    let marked = Bookmarking::of(&arguments).is_ok_and(|option| option != Bookmarking::Disable);
    let contexts = if marked { bookmark::contexts(&record.nodes)? } else { BTreeMap::new() };
    let work = match &record.script {
        Some(script) => Work::Script(Box::new(ScriptWork {
            job_name: job,
            run_id: id.clone(),
            arguments: arguments.clone(),
            kind: script.kind,
            source: script.source.clone(),
            glue_version: record.run.glue_version.clone().unwrap_or_default(),
            // What the server has of both, the execution adds.
            python: Python::default(),
            spark_remote: None,
        })),
        None => Work::Job(Box::new(JobWork {
            job_name: job,
            run_id: id.clone(),
            arguments: arguments.clone(),
            contexts,
            nodes: record.nodes.clone(),
            plan: false,
        })),
    };
    Ok(Execution {
        source,
        account,
        region: region.parse().map_err(Fault::internal)?,
        role: record.role.clone(),
        session_name: SESSION_NAME,
        session_policy: record.session_policy.clone(),
        staged: record.atomic,
        timeout: minutes.map(|minutes| Duration::from_secs(60 * minutes)),
        memory: record.memory.clone(),
        work,
        logs: log_places(record.run.log_group_name.as_deref(), &arguments, &id),
        id,
    })
}

/// The logs of a run. Sources: "Logging for AWS Glue jobs" and "AWS Glue job parameters" (AWS Glue Developer Guide).
pub(crate) fn log_places(
    group: Option<&str>,
    arguments: &BTreeMap<String, String>,
    stream: &str,
) -> LogPlaces {
    let argument = |name: &str| arguments.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let group = group.unwrap_or(GROUP);
    let continuous =
        argument("--enable-continuous-cloudwatch-log").filter(|value| *value != "false").map(|_| {
            let stream = argument("--continuous-log-logStreamPrefix").unwrap_or(stream);
            let group = argument("--continuous-log-logGroup")
                .map_or_else(|| format!("{group}/logs-v2"), str::to_owned);
            (group, format!("{stream}-driver"))
        });
    LogPlaces {
        output_group: format!("{group}/output"),
        error_group: format!("{group}/error"),
        stream: stream.to_owned(),
        prefix: String::new(),
        continuous,
    }
}
