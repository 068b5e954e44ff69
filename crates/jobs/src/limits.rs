//! The usage profile that a caller is tagged with: its defaults go into the jobs that the caller defines, and its limits
//! hold for these and for the runs that the caller starts ("Usage profiles and jobs" in the AWS Glue Developer
//! Guide).

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{CreateSessionRequest, Job, JobRun, WorkerType};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_kernel::ports::Limit;

/// The key of the tag that names the profile.
const TAG: &str = "glue:UsageProfile";

const WORKERS: &str = "numberOfWorkers";
const WORKER: &str = "workerType";
const TIMEOUT: &str = "timeout";
const IDLE_TIMEOUT: &str = "idleTimeout";

/// The limits of one caller.
pub(crate) struct Limits {
    profile: String,
    parameters: BTreeMap<String, Limit>,
}

impl Limits {
    /// Those of whoever calls, for jobs; `None` for most.
    pub(crate) fn of(ctx: &Ctx) -> Result<Option<Self>, Fault> {
        Self::for_which(ctx, false)
    }

    /// Those of whoever calls, for interactive sessions.
    pub(crate) fn of_sessions(ctx: &Ctx) -> Result<Option<Self>, Fault> {
        Self::for_which(ctx, true)
    }

    fn for_which(ctx: &Ctx, sessions: bool) -> Result<Option<Self>, Fault> {
        let kernel = ctx.kernel();
        let (Some(tags), Some(profiles)) = (kernel.principal_tags(), kernel.usage_profiles()) else {
            return Ok(None);
        };
        let Some(profile) = tags.of_caller(ctx.caller())?.remove(TAG) else { return Ok(None) };
        let found =
            if sessions { profiles.of_sessions(ctx, &profile) } else { profiles.of_jobs(ctx, &profile) };
        match found? {
            Some(parameters) => Ok(Some(Self { profile, parameters })),
            None => Err(Fault::sender(
                "InvalidInputException",
                format!("The usage profile {profile}, which the caller is tagged with, does not exist."),
            )),
        }
    }

    /// Fills in what the profile has a value for, checks the rest, and notes the profile.
    pub(crate) fn define(&self, job: &mut Job) -> Result<(), Fault> {
        if job.max_capacity.is_none() {
            job.number_of_workers = job.number_of_workers.or_else(|| self.number(WORKERS));
            job.worker_type = job.worker_type.or_else(|| self.worker());
        }
        job.timeout = job.timeout.or_else(|| self.number(TIMEOUT));
        self.check(job.number_of_workers, job.worker_type, job.timeout)?;
        job.profile_name = Some(self.profile.clone());
        Ok(())
    }

    /// Fills in what the profile has a value for, checks the rest, and names the profile.
    pub(crate) fn begin(&self, session: &mut CreateSessionRequest) -> Result<String, Fault> {
        if session.max_capacity.is_none() {
            session.number_of_workers = session.number_of_workers.or_else(|| self.number(WORKERS));
            session.worker_type = session.worker_type.or_else(|| self.worker());
        }
        session.timeout = session.timeout.or_else(|| self.number(TIMEOUT));
        session.idle_timeout = session.idle_timeout.or_else(|| self.number(IDLE_TIMEOUT));
        self.check(session.number_of_workers, session.worker_type, session.timeout)?;
        self.check_number(IDLE_TIMEOUT, session.idle_timeout)?;
        Ok(self.profile.clone())
    }

    /// Checks a run, and notes the profile.
    pub(crate) fn admit(&self, run: &mut JobRun) -> Result<(), Fault> {
        self.check(run.number_of_workers, run.worker_type, run.timeout)?;
        run.profile_name = Some(self.profile.clone());
        Ok(())
    }

    fn number(&self, parameter: &str) -> Option<i32> {
        self.parameters.get(parameter)?.default.as_ref()?.parse().ok()
    }

    fn worker(&self) -> Option<WorkerType> {
        self.parameters.get(WORKER)?.default.as_deref().and_then(WorkerType::parse)
    }

    /// Checks what is said.
    pub(crate) fn check(
        &self,
        workers: Option<i32>,
        worker: Option<WorkerType>,
        timeout: Option<i32>,
    ) -> Result<(), Fault> {
        self.check_number(WORKERS, workers)?;
        self.check_number(TIMEOUT, timeout)?;
        let allowed = self.parameters.get(WORKER).and_then(|limit| limit.allowed.as_ref());
        match allowed.zip(worker) {
            Some((allowed, worker)) if !allowed.iter().any(|one| one == worker.as_str()) => {
                Err(self.refused(WORKER, worker.as_str(), &allowed.join(", ")))
            }
            _ => Ok(()),
        }
    }

    fn check_number(&self, parameter: &str, value: Option<i32>) -> Result<(), Fault> {
        let Some((limit, value)) = self.parameters.get(parameter).zip(value) else { return Ok(()) };
        let number = u32::try_from(value).unwrap_or_default();
        if limit.least.is_some_and(|least| number < least) || limit.most.is_some_and(|most| number > most) {
            let bound = |bound: Option<u32>| bound.map_or("any".to_owned(), |bound| bound.to_string());
            let allowed = format!("{} to {}", bound(limit.least), bound(limit.most));
            return Err(self.refused(parameter, &value.to_string(), &allowed));
        }
        Ok(())
    }

    fn refused(&self, parameter: &str, value: &str, allowed: &str) -> Fault {
        let profile = &self.profile;
        Fault::sender(
            "InvalidInputException",
            format!(
                "The usage profile {profile} does not allow the value {value} of {parameter}: allowed is {allowed}."
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        let workers =
            Limit { default: Some("4".to_owned()), least: Some(2), most: Some(8), ..Limit::default() };
        let worker = Limit {
            default: Some("G.1X".to_owned()),
            allowed: Some(vec!["G.1X".to_owned(), "G.2X".to_owned()]),
            ..Limit::default()
        };
        let timeout = Limit { most: Some(60), ..Limit::default() };
        let parameters = [(WORKERS, workers), (WORKER, worker), (TIMEOUT, timeout)];
        let parameters = parameters.into_iter().map(|(name, limit)| (name.to_owned(), limit)).collect();
        Limits { profile: "p".to_owned(), parameters }
    }

    #[test]
    fn what_is_missing_is_filled_in() {
        let mut job = Job::default();
        limits().define(&mut job).unwrap();
        assert_eq!((job.number_of_workers, job.worker_type), (Some(4), Some(WorkerType::G1x)));
        assert_eq!((job.timeout, job.profile_name.as_deref()), (None, Some("p")));
        let mut by_capacity = Job { max_capacity: Some(2.0), ..Job::default() };
        limits().define(&mut by_capacity).unwrap();
        assert_eq!((by_capacity.number_of_workers, by_capacity.worker_type), (None, None));
    }

    #[test]
    fn what_is_beyond_is_refused() {
        let run = |workers, worker, timeout| {
            let mut run =
                JobRun { number_of_workers: workers, worker_type: worker, timeout, ..JobRun::default() };
            limits().admit(&mut run).map(|()| run.profile_name)
        };
        assert_eq!(run(Some(8), Some(WorkerType::G2x), Some(60)).unwrap().as_deref(), Some("p"));
        for beyond in [
            run(Some(1), None, None),
            run(Some(9), None, None),
            run(None, Some(WorkerType::G4x), None),
            run(None, None, Some(61)),
        ] {
            assert_eq!(beyond.unwrap_err().code(), "InvalidInputException");
        }
    }
}
