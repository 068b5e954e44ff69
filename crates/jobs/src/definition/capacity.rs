//! How large a job is: workers, DPUs, memory. Sources: "Jobs" (AWS Glue Web API Reference), "AWS Glue worker types" and
//! "Configuring job properties for Spark jobs in AWS Glue" (AWS Glue Developer Guide).

use mastic_api_glue::glue::types::{Job, JobCommand, JobRun, WorkerType};
use mastic_core::Fault;

use super::{Kind, invalid};

const BOTH: &str = "Please do not set Max Capacity if using Worker Type and Number of Workers.";
const ALLOCATED: &str = "Please do not set Allocated Capacity if using Worker Type and Number of Workers.";
const PAIR: &str = "Please set both Worker Type and Number of Workers.";

/// DPUs of a job that does not say.
const DEFAULT: f64 = 10.0;
const SHELL_DEFAULT: f64 = 0.0625;

/// What a definition, or a run in its place, says of its size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Size {
    pub allocated: Option<i32>,
    pub max: Option<f64>,
    pub worker: Option<WorkerType>,
    pub workers: Option<i32>,
}

impl Size {
    pub(crate) fn of_job(job: &Job) -> Self {
        Self {
            allocated: job.allocated_capacity,
            max: job.max_capacity,
            worker: job.worker_type,
            workers: job.number_of_workers,
        }
    }

    /// Whether anything is said.
    pub(crate) fn is_given(&self) -> bool {
        self.allocated.is_some() || self.max.is_some() || self.worker.is_some() || self.workers.is_some()
    }

    /// What AWS refuses of it.
    pub(crate) fn check(&self, kind: Kind, version: (u32, u32)) -> Result<(), Fault> {
        let by_worker = self.worker.is_some() || self.workers.is_some();
        if self.max.is_some() && by_worker {
            return Err(invalid(BOTH));
        }
        if self.allocated.is_some() && by_worker {
            return Err(invalid(ALLOCATED));
        }
        if let (Some(allocated), Some(max)) = (self.allocated, self.max)
            && allocated != max as i32
        {
            return Err(invalid("AllocatedCapacity and MaxCapacity contradict each other: set MaxCapacity."));
        }
        if kind == Kind::PythonShell && self.worker.is_some() {
            return Err(invalid("Worker Type is not supported for Job Command pythonshell"));
        }
        match (self.worker, self.workers) {
            (Some(worker), Some(workers)) => check_workers(worker, workers, kind, version)?,
            (None, None) => {}
            _ => return Err(invalid(PAIR)),
        }
        let capacity = self.max.or(self.allocated.map(f64::from));
        match (kind, capacity) {
            (Kind::PythonShell, Some(capacity)) if capacity != SHELL_DEFAULT && capacity != 1.0 => {
                Err(invalid(format!("MaxCapacity of a Python shell job is 0.0625 or 1.0, not {capacity}.")))
            }
            (Kind::Spark | Kind::Streaming, Some(capacity))
                if !(2.0..=100.0).contains(&capacity) || capacity.fract() != 0.0 =>
            {
                let text =
                    format!("MaxCapacity of a Spark job is a whole number from 2 to 100, not {capacity}.");
                Err(invalid(text))
            }
            (Kind::Ray, Some(_)) => {
                Err(invalid("MaxCapacity is not supported for Job Command glueray: use Z.2X workers."))
            }
            _ => Ok(()),
        }
    }

    /// DPUs.
    pub(crate) fn dpus(&self, kind: Kind) -> f64 {
        match (self.max, self.workers, self.allocated) {
            (Some(max), ..) => max,
            (None, Some(workers), _) => f64::from(workers) * dpus_of(self.worker),
            (None, None, Some(allocated)) => f64::from(allocated),
            (None, None, None) if kind == Kind::PythonShell => SHELL_DEFAULT,
            (None, None, None) => DEFAULT,
        }
    }
}

fn check_workers(worker: WorkerType, workers: i32, kind: Kind, version: (u32, u32)) -> Result<(), Fault> {
    let name = worker.as_str();
    let ray = worker == WorkerType::Z2x;
    if ray != (kind == Kind::Ray) {
        return Err(invalid(format!(
            "Worker Type {name} is not supported for Job Command {}",
            kind.as_str()
        )));
    }
    let newer = matches!(worker, WorkerType::G4x | WorkerType::G8x | WorkerType::G025x);
    if newer && version < (3, 0) {
        let (major, minor) = version;
        return Err(invalid(format!("Worker type {name} is not supported for Glue Version {major}.{minor}")));
    }
    // The first worker of Spark is its driver.
    let least = if ray { 1 } else { 2 };
    if workers < least {
        let text =
            format!("To use Worker Type {name}, minimum allowed value of Number of Workers is {least}.");
        return Err(invalid(text));
    }
    Ok(())
}

fn dpus_of(worker: Option<WorkerType>) -> f64 {
    match worker {
        Some(WorkerType::G025x) => 0.25,
        Some(WorkerType::G2x | WorkerType::Z2x) => 2.0,
        Some(WorkerType::G4x) => 4.0,
        Some(WorkerType::G8x) => 8.0,
        _ => 1.0,
    }
}

/// What one worker of the run has: its name for people, and bytes of memory. A run is one process, and so gets as
/// much as one worker.
pub(crate) fn memory(run: &JobRun, command: Option<&JobCommand>) -> (String, u64) {
    let kind = command.and_then(|command| Kind::parse(command.name.as_deref()).ok());
    let gibibytes = match run.worker_type {
        Some(WorkerType::G025x) => 4,
        Some(WorkerType::G2x) => 32,
        Some(WorkerType::G4x | WorkerType::Z2x) => 64,
        Some(WorkerType::G8x) => 128,
        None if kind == Some(Kind::PythonShell) && run.max_capacity.is_none_or(|max| max < 1.0) => 1,
        _ => 16,
    };
    let name = run
        .worker_type
        .map_or_else(|| "1 DPU".to_owned(), |worker| format!("worker type {}", worker.as_str()));
    (name, gibibytes << 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(worker: WorkerType, workers: i32) -> Size {
        Size { allocated: None, max: None, worker: Some(worker), workers: Some(workers) }
    }

    fn capacity(max: f64) -> Size {
        Size { allocated: None, max: Some(max), worker: None, workers: None }
    }

    fn text(size: Size, kind: Kind, version: (u32, u32)) -> String {
        size.check(kind, version).unwrap_err().message().to_owned()
    }

    #[test]
    fn what_aws_refuses() {
        let both = Size { max: Some(2.0), ..size(WorkerType::G1x, 2) };
        assert_eq!(text(both, Kind::Spark, (5, 1)), BOTH);
        let allocated = Size { allocated: Some(2), ..size(WorkerType::G1x, 2) };
        assert_eq!(text(allocated, Kind::Spark, (5, 1)), ALLOCATED);
        let half = Size { workers: None, ..size(WorkerType::G1x, 2) };
        assert_eq!(text(half, Kind::Spark, (5, 1)), PAIR);
        assert_eq!(
            text(size(WorkerType::G1x, 1), Kind::Spark, (4, 0)),
            "To use Worker Type G.1X, minimum allowed value of Number of Workers is 2."
        );
        assert_eq!(
            text(size(WorkerType::G1x, 2), Kind::PythonShell, (3, 0)),
            "Worker Type is not supported for Job Command pythonshell"
        );
        assert_eq!(
            text(size(WorkerType::G4x, 2), Kind::Spark, (2, 0)),
            "Worker type G.4X is not supported for Glue Version 2.0"
        );
        assert!(text(size(WorkerType::Z2x, 2), Kind::Spark, (4, 0)).contains("Z.2X"));
        assert!(text(size(WorkerType::G1x, 2), Kind::Ray, (4, 0)).contains("glueray"));
        for wrong in [0.5, 1.0, 101.0, 2.5] {
            assert!(text(capacity(wrong), Kind::Spark, (1, 0)).contains("from 2 to 100"));
        }
        assert!(text(capacity(2.0), Kind::PythonShell, (3, 0)).contains("0.0625 or 1.0"));
        assert_eq!(size(WorkerType::Z2x, 1).check(Kind::Ray, (4, 0)), Ok(()));
        assert_eq!(capacity(0.0625).check(Kind::PythonShell, (3, 0)), Ok(()));
    }

    #[test]
    fn dpus() {
        assert_eq!(size(WorkerType::G8x, 3).dpus(Kind::Spark), 24.0);
        assert_eq!(size(WorkerType::G025x, 2).dpus(Kind::Streaming), 0.5);
        let silent = Size { allocated: None, max: None, worker: None, workers: None };
        assert_eq!(silent.dpus(Kind::Spark), 10.0);
        assert_eq!(silent.dpus(Kind::PythonShell), 0.0625);
        assert!(!silent.is_given() && capacity(2.0).is_given());
    }
}
