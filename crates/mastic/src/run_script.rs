//! `mastic run`: a local file as a job, at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use mastic_api_glue::glue::op::{BatchStopJobRun, CreateJob, DeleteJob, GetJobRun, StartJobRun};
use mastic_api_glue::glue::types::*;
use mastic_api_iam::sts::op::GetCallerIdentity;
use mastic_api_iam::sts::types::GetCallerIdentityRequest;
use mastic_api_watch::logs::op::GetLogEvents;
use mastic_api_watch::logs::types::GetLogEventsRequest;
use mastic_client::{Client, ClientError};
use mastic_core::{Entropy, SystemEntropy};
use tokio::time::sleep;

use crate::failure::Failure;
use crate::remote::Reach;

/// How often is asked what a run has printed.
const POLL: Duration = Duration::from_millis(100);

/// Runs a local script as a job, and prints what it prints.
#[derive(Args)]
pub struct RunArguments {
    /// The script.
    script: PathBuf,
    /// The role that it runs as, by name or ARN.
    #[arg(long)]
    role: String,
    /// An argument of the run: `--arg day=7` is `--day 7` for the script. So are Glue's own set: `--arg
    /// job-bookmark-option=job-bookmark-enable`.
    #[arg(long = "arg", value_name = "KEY=VALUE", value_parser = pair, allow_hyphen_values = true)]
    arguments: Vec<(String, String)>,
    /// A module, or archive of modules, that the script imports.
    #[arg(long = "py-file", value_name = "FILE")]
    py_files: Vec<PathBuf>,
    /// Runs it as a Python shell job, without Spark.
    #[arg(long)]
    python_shell: bool,
    /// The Glue version.
    #[arg(long, default_value = "5.0")]
    glue_version: String,
    /// The job's name; without it, one that is gone after the run. A job of this name is made, or its script replaced, and
    /// kept: its bookmark with it.
    #[arg(long)]
    job: Option<String>,
    /// The bucket for the script; without it, `aws-glue-assets-ACCOUNT-REGION`, made if it is not there.
    #[arg(long)]
    bucket: Option<String>,
    /// Minutes after which the run is ended.
    #[arg(long)]
    timeout: Option<i32>,
    #[command(flatten)]
    reach: Reach,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it is not KEY=VALUE")?;
    Ok((format!("--{}", key.trim_start_matches("--")), value.to_owned()))
}

/// `mastic run`.
pub async fn run(arguments: RunArguments) -> Result<(), Failure> {
    let client = arguments.reach.client()?;
    let job = make(&client, &arguments).await?;
    let ended = tokio::select! {
        ended = follow(&client, &job) => ended,
        _ = tokio::signal::ctrl_c() => stop(&client, &job).await,
    };
    if arguments.job.is_none() {
        client.call::<DeleteJob>(DeleteJobRequest { job_name: job.name.clone() }).await?;
    }
    match ended? {
        JobRun { job_run_state: Some(JobRunState::Succeeded), .. } => Ok(()),
        run => {
            let state = run.job_run_state.map_or("UNKNOWN", JobRunState::as_str);
            Err(Failure::Usage(format!("{state}: {}", run.error_message.unwrap_or_default())))
        }
    }
}

/// A job with a run under way.
struct Started {
    name: String,
    run_id: String,
    group: String,
}

async fn make(client: &Client, arguments: &RunArguments) -> Result<Started, Failure> {
    let bucket = match &arguments.bucket {
        Some(bucket) => bucket.clone(),
        None => assets(client).await?,
    };
    let stem = name_of(&arguments.script)?;
    let given = arguments.job.clone();
    let name = given.unwrap_or_else(|| format!("{}-{}", stem.replace('.', "-"), SystemEntropy::new().hex(4)));
    let folder = format!("scripts/{name}");
    let location = upload(client, &bucket, &folder, &arguments.script).await?;
    let mut defaults: BTreeMap<String, String> = BTreeMap::from([
        ("--TempDir".to_owned(), format!("s3://{bucket}/temporary/")),
        ("--enable-glue-datacatalog".to_owned(), "true".to_owned()),
    ]);
    let mut py_files = Vec::new();
    for file in &arguments.py_files {
        py_files.push(upload(client, &bucket, &folder, file).await?);
    }
    if !py_files.is_empty() {
        defaults.insert("--extra-py-files".to_owned(), py_files.join(","));
    }
    defaults.extend(arguments.arguments.iter().cloned());
    let (kind, version) = match arguments.python_shell {
        true => ("pythonshell", "3.0"),
        false => ("glueetl", arguments.glue_version.as_str()),
    };
    let command = JobCommand {
        name: Some(kind.to_owned()),
        script_location: Some(location),
        python_version: Some("3".to_owned()),
        ..JobCommand::default()
    };
    let request = CreateJobRequest {
        name: name.clone(),
        role: arguments.role.clone(),
        command: command.clone(),
        default_arguments: Some(defaults.clone()),
        glue_version: Some(version.to_owned()),
        timeout: arguments.timeout,
        ..CreateJobRequest::default()
    };
    match client.call::<CreateJob>(request).await {
        Ok(_) => {}
        // The job is there from an earlier run: this one's script and arguments are its new ones.
        Err(ClientError::Service { code, .. })
            if arguments.job.is_some()
                && ["IdempotentParameterMismatchException", "AlreadyExistsException"]
                    .contains(&code.as_str()) =>
        {
            let job_update = JobUpdate {
                role: Some(arguments.role.clone()),
                command: Some(command),
                default_arguments: Some(defaults),
                glue_version: Some(version.to_owned()),
                timeout: arguments.timeout,
                ..JobUpdate::default()
            };
            let update = UpdateJobRequest { job_name: name.clone(), job_update };
            client.call::<mastic_api_glue::glue::op::UpdateJob>(update).await?;
        }
        Err(error) => return Err(error.into()),
    }
    let start = StartJobRunRequest { job_name: name.clone(), ..StartJobRunRequest::default() };
    let run_id = client.call::<StartJobRun>(start).await?.job_run_id.unwrap_or_default();
    let group = if arguments.python_shell { "/aws-glue/python-jobs" } else { "/aws-glue/jobs" };
    Ok(Started { name, run_id, group: group.to_owned() })
}

/// The bucket that Glue's own tools keep scripts in.
async fn assets(client: &Client) -> Result<String, Failure> {
    let who = client.call::<GetCallerIdentity>(GetCallerIdentityRequest {}).await?;
    let bucket = format!("aws-glue-assets-{}-{}", who.account.unwrap_or_default(), client.region());
    match client.s3().create_bucket(&bucket).await {
        Err(ClientError::Service { code, .. }) if code == "BucketAlreadyOwnedByYou" => Ok(bucket),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(bucket),
    }
}

fn name_of(path: &Path) -> Result<String, Failure> {
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
    name.ok_or_else(|| Failure::Usage(format!("{} is no file", path.display())))
}

/// Puts a file into a folder of a bucket: its URL.
async fn upload(client: &Client, bucket: &str, folder: &str, path: &Path) -> Result<String, Failure> {
    let body = std::fs::read(path).map_err(Failure::file(path))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let key = format!("{folder}/{name}");
    client.s3().put_object(bucket, &key, Bytes::from(body)).await?;
    Ok(format!("s3://{bucket}/{key}"))
}

/// Prints what the run prints until it has ended.
async fn follow(client: &Client, job: &Started) -> Result<JobRun, Failure> {
    let mut output = Stream::new(job, "output");
    let mut error = Stream::new(job, "error");
    loop {
        let run = found(client, job).await?;
        // What it printed last is there when its end is.
        output.print(client, &mut |line| println(line)).await?;
        error.print(client, &mut |line| eprintln!("{line}")).await?;
        if run.completed_on.is_some() {
            return Ok(run);
        }
        sleep(POLL).await;
    }
}

#[expect(clippy::print_stdout, reason = "it is what the script prints")]
fn println(line: &str) {
    println!("{line}");
}

async fn found(client: &Client, job: &Started) -> Result<JobRun, Failure> {
    let request = GetJobRunRequest {
        job_name: job.name.clone(),
        run_id: job.run_id.clone(),
        ..GetJobRunRequest::default()
    };
    let run = client.call::<GetJobRun>(request).await?.job_run;
    run.ok_or_else(|| Failure::Usage(format!("the run {} is gone", job.run_id)))
}

/// Stops the run and waits for its end.
async fn stop(client: &Client, job: &Started) -> Result<JobRun, Failure> {
    let request =
        BatchStopJobRunRequest { job_name: job.name.clone(), job_run_ids: vec![job.run_id.clone()] };
    client.call::<BatchStopJobRun>(request).await?;
    loop {
        let run = found(client, job).await?;
        if run.completed_on.is_some() {
            return Ok(run);
        }
        sleep(POLL).await;
    }
}

/// A log stream, with how far it has been printed.
struct Stream {
    group: String,
    name: String,
    token: Option<String>,
}

impl Stream {
    fn new(job: &Started, log: &str) -> Self {
        Self { group: format!("{}/{log}", job.group), name: job.run_id.clone(), token: None }
    }

    /// Prints what has come since the last call.
    async fn print(&mut self, client: &Client, print: &mut impl FnMut(&str)) -> Result<(), Failure> {
        loop {
            let request = GetLogEventsRequest {
                log_group_name: Some(self.group.clone()),
                log_stream_name: self.name.clone(),
                next_token: self.token.clone(),
                start_from_head: Some(true),
                ..GetLogEventsRequest::default()
            };
            let page = match client.call::<GetLogEvents>(request).await {
                // Nothing has been printed yet.
                Err(ClientError::Service { code, .. }) if code == "ResourceNotFoundException" => {
                    return Ok(());
                }
                page => page?,
            };
            let events = page.events.unwrap_or_default();
            for event in &events {
                print(event.message.as_deref().unwrap_or_default());
            }
            // The token stays the same where nothing follows.
            let last = page.next_forward_token == self.token;
            self.token = page.next_forward_token;
            if last || events.is_empty() {
                return Ok(());
            }
        }
    }
}
