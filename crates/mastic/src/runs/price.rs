//! What a run would have cost on AWS, had it taken as long there. Source: "AWS Glue pricing", ETL jobs, US East (N. Virginia).

use mastic_api_glue::glue::types::{ExecutionClass, JobRun};

/// The region whose prices these are.
pub const REGION: &str = "us-east-1";

/// Prices and rule, for people.
pub const TOLD: &str = "$0.44 a DPU-hour, FLEX $0.29, at least a minute for each run (us-east-1, 2026).";

/// US dollars for a DPU-hour.
const STANDARD: f64 = 0.44;
const FLEXIBLE: f64 = 0.29;

/// Seconds that are billed at least; ten minutes before Glue 2.0.
const LEAST: f64 = 60.0;
const LEAST_OLD: f64 = 600.0;

/// Seconds that the run has consumed resources.
pub fn seconds(run: &JobRun) -> f64 {
    match (run.dpu_seconds, run.max_capacity) {
        (Some(used), Some(dpus)) if dpus > 0.0 => used / dpus,
        _ => f64::from(run.execution_time.unwrap_or_default()),
    }
}

/// US dollars; nothing for a run that never began.
pub fn of(run: &JobRun) -> f64 {
    let seconds = seconds(run);
    if seconds == 0.0 {
        return 0.0;
    }
    let old = matches!(run.glue_version.as_deref(), Some("0.9" | "1.0"));
    let billed = seconds.max(if old { LEAST_OLD } else { LEAST });
    let rate = if run.execution_class == Some(ExecutionClass::Flex) { FLEXIBLE } else { STANDARD };
    billed / 3600.0 * run.max_capacity.unwrap_or_default() * rate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(used: f64, class: ExecutionClass, version: &str) -> JobRun {
        JobRun {
            dpu_seconds: Some(used),
            max_capacity: Some(10.0),
            execution_class: Some(class),
            glue_version: Some(version.to_owned()),
            ..JobRun::default()
        }
    }

    #[test]
    fn a_minute_is_the_least() {
        let near = |left: f64, right: f64| assert!((left - right).abs() < 1e-9, "{left} {right}");
        near(of(&run(36_000.0, ExecutionClass::Standard, "5.1")), 4.4);
        near(of(&run(36_000.0, ExecutionClass::Flex, "5.1")), 2.9);
        near(of(&run(5.0, ExecutionClass::Standard, "5.1")), 10.0 / 60.0 * 0.44);
        near(of(&run(5.0, ExecutionClass::Standard, "1.0")), 100.0 / 60.0 * 0.44);
        near(of(&run(0.0, ExecutionClass::Standard, "5.1")), 0.0);
    }
}
