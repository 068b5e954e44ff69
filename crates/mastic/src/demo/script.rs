//! The demo's last part: the same job as a PySpark script.

use std::collections::BTreeMap;

use bytes::Bytes;
use mastic_api_glue::glue::op::CreateJob;
use mastic_api_glue::glue::types::{CreateJobRequest, JobCommand, JobRunState};
use mastic_client::Client;
use mastic_runtime::Place;

use super::cast::JOB_ROLE;
use super::data::{ANALYTICS_BUCKET, SCRIPT, STORAGE_BUCKET};
use super::story::{by_month, report, run_job};
use super::timeline::Timeline;
use crate::failure::Failure;

const JOB_NAME: &str = "delays-script";

/// Runs the script, and compares what it reports with what the visual job has. Where the Python for it cannot be had, a
/// network being what that takes, the demo says so and ends well.
pub(super) async fn run(
    timeline: &mut Timeline,
    root: &Client,
    ana: &Client,
    python: &Place,
) -> Result<(), Failure> {
    let step = timeline.step("Python");
    let place = python.clone();
    let made = tokio::task::spawn_blocking(move || place.install(&mut |_| {})).await;
    match made.map_err(|error| Failure::Usage(error.to_string()))? {
        Ok(runtime) => timeline.done(step, &format!("scripts run in {}", runtime.python.display())),
        Err(error) => {
            timeline.done(step, &format!("the job is not shown as a script: {error}"));
            return Ok(());
        }
    }
    let step = timeline.step("the same as a script");
    let key = "scripts/delays.py";
    root.s3().put_object(ANALYTICS_BUCKET, key, Bytes::from_static(SCRIPT.as_bytes())).await?;
    let arguments = [
        ("--airlines", format!("s3://{STORAGE_BUCKET}/airlines/")),
        ("--report", format!("s3://{ANALYTICS_BUCKET}/report-of-script/")),
    ];
    let arguments = arguments.map(|(name, value)| (name.to_owned(), value));
    let request = CreateJobRequest {
        name: JOB_NAME.to_owned(),
        role: JOB_ROLE.to_owned(),
        command: JobCommand {
            name: Some("glueetl".to_owned()),
            script_location: Some(format!("s3://{ANALYTICS_BUCKET}/{key}")),
            python_version: Some("3".to_owned()),
            ..JobCommand::default()
        },
        default_arguments: Some(BTreeMap::from(arguments)),
        ..CreateJobRequest::default()
    };
    ana.call::<CreateJob>(request).await?;
    let run = run_job(ana, JOB_NAME, &step).await?;
    if run.job_run_state != Some(JobRunState::Succeeded) {
        let reason = run.error_message.unwrap_or_default();
        return Err(Failure::Usage(format!("the script should have succeeded: {reason}")));
    }
    let wanted = by_month(&report(root, ana, "report/").await?);
    if by_month(&report(root, ana, "report-of-script/").await?) != wanted {
        return Err(Failure::Usage(
            "the script's report should be that of the visual job, and is not".to_owned(),
        ));
    }
    timeline.done(step, "SUCCEEDED; PySpark over Spark Connect, without a JVM, and the same report");
    Ok(())
}
