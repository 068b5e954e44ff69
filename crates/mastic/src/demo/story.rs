//! The steps of the demo, each an ordinary call that anybody could make.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use mastic_api_glue::glue::op::{
    CreateCrawler, CreateDatabase, CreateJob, GetCrawler, GetJobRun, GetPartitions, GetTables, StartCrawler,
    StartJobRun,
};
use mastic_api_glue::glue::types::*;
use mastic_api_mastic::mastic::op::{CreateAccount, ExplainRequest};
use mastic_api_mastic::mastic::types::{CreateAccountRequest, ExplainRequestRequest};
use mastic_client::{Client, Credentials};
use mastic_runtime::Place;

use super::cast::{self, ANALYTICS, CRAWLER_ROLE, JOB_ROLE, STORAGE};
use super::data::{ANALYTICS_BUCKET, FILES, JOB, STORAGE_BUCKET};
use super::script;
use super::table::{parse_csv, render};
use super::timeline::{Step, Timeline};
use crate::failure::Failure;
use crate::home::{Home, Keys};
use crate::remote::root_credentials;

const REGION: &str = "us-east-1";
const DATABASE: &str = "nyc";
const CRAWLER: &str = "nyc-flights";
const JOB_NAME: &str = "delays";

/// How often a person's tool would ask how far a run is.
const POLL: Duration = Duration::from_millis(20);

/// Tells the whole story.
#[expect(clippy::print_stdout, reason = "the demo talks to a person")]
pub async fn tell(
    timeline: &mut Timeline,
    home: &Home,
    endpoint: &str,
    python: &Place,
) -> Result<(), Failure> {
    let storage = Client::new(endpoint, REGION, root_credentials(home, "default")?)?;
    upload(timeline, &storage).await?;
    let (root, ana) = found_analytics(timeline, home, endpoint, &storage).await?;
    storage.s3().put_bucket_policy(STORAGE_BUCKET, &cast::bucket_policy(&[CRAWLER_ROLE])).await?;

    crawl(timeline, &ana).await?;
    let step = timeline.step("visual job");
    let nodes: BTreeMap<String, CodeGenConfigurationNode> =
        serde_json::from_str(JOB).map_err(|e| Failure::Usage(format!("the demo's job: {e}")))?;
    let count = nodes.len();
    let request = CreateJobRequest {
        name: JOB_NAME.to_owned(),
        role: JOB_ROLE.to_owned(),
        command: JobCommand { name: Some("glueetl".to_owned()), ..JobCommand::default() },
        code_gen_configuration_nodes: Some(nodes),
        ..CreateJobRequest::default()
    };
    ana.call::<CreateJob>(request).await?;
    timeline.done(
        step,
        &format!("{count} nodes: flights joined with airlines and planes, delays per airline and month"),
    );

    let step = timeline.step("first run");
    let run = run_job(&ana, JOB_NAME, &step).await?;
    let reason = run.error_message.clone().unwrap_or_default();
    if run.job_run_state != Some(JobRunState::Failed) {
        return Err(Failure::Usage("the first run should have been denied, and was not".to_owned()));
    }
    timeline.done(step, "FAILED, as it must: the bucket's owner has not let the job's role in");
    println!("\n    {reason}\n");
    explain(timeline, &ana, &reason).await?;

    let step = timeline.step("cure");
    let policy = cast::bucket_policy(&[CRAWLER_ROLE, JOB_ROLE]);
    storage.s3().put_bucket_policy(STORAGE_BUCKET, &policy).await?;
    timeline.done(step, &format!("account {STORAGE} adds the statement to its bucket policy"));

    let step = timeline.step("second run");
    let run = run_job(&ana, JOB_NAME, &step).await?;
    if run.job_run_state != Some(JobRunState::Succeeded) {
        let reason = run.error_message.unwrap_or_default();
        return Err(Failure::Usage(format!("the second run should have succeeded: {reason}")));
    }
    timeline.done(step, "SUCCEEDED; its output appeared all at once");
    show_result(&root, &ana).await?;
    println!();
    script::run(timeline, &root, &ana, python).await
}

async fn upload(timeline: &mut Timeline, storage: &Client) -> Result<(), Failure> {
    let total: usize = FILES.iter().map(|(_, bytes)| bytes.len()).sum();
    let step = timeline.transfer("files", total as u64);
    storage.s3().create_bucket(STORAGE_BUCKET).await?;
    for (key, bytes) in FILES {
        storage.s3().put_object(STORAGE_BUCKET, key, Bytes::from_static(bytes)).await?;
        step.advance(bytes.len() as u64);
    }
    timeline.done(
        step,
        &format!("{} nycflights13 files in s3://{STORAGE_BUCKET} of account {STORAGE}", FILES.len()),
    );
    Ok(())
}

/// Makes the analytics account with its roles; clients for its root and its engineer.
async fn found_analytics(
    timeline: &mut Timeline,
    home: &Home,
    endpoint: &str,
    management: &Client,
) -> Result<(Client, Client), Failure> {
    let step = timeline.step("people and roles");
    let request =
        CreateAccountRequest { name: "analytics".to_owned(), account_id: Some(ANALYTICS.to_owned()) };
    let keys = management.call::<CreateAccount>(request).await?.root_credentials;
    let secret = keys.secret_access_key.clone();
    home.add_keys(
        ANALYTICS,
        &Keys { access_key_id: keys.access_key_id.clone(), secret_access_key: secret.reveal().clone() },
    )?;
    let credentials =
        Credentials { access_key_id: keys.access_key_id, secret_access_key: secret, session_token: None };
    let root = Client::new(endpoint, REGION, credentials)?;
    root.s3().create_bucket(ANALYTICS_BUCKET).await?;
    cast::make_roles(&root).await?;
    let engineer = cast::make_engineer(&root).await?;
    let ana = Client::new(endpoint, REGION, engineer)?;
    timeline.done(step, &format!("account {ANALYTICS} with the engineer ana, {CRAWLER_ROLE} and {JOB_ROLE}"));
    Ok((root, ana))
}

async fn crawl(timeline: &mut Timeline, ana: &Client) -> Result<(), Failure> {
    let step = timeline.step("crawl");
    let database = DatabaseInput { name: DATABASE.to_owned(), ..DatabaseInput::default() };
    ana.call::<CreateDatabase>(CreateDatabaseRequest { database_input: database, ..Default::default() })
        .await?;
    let target = |folder: &str| S3Target {
        path: Some(format!("s3://{STORAGE_BUCKET}/{folder}/")),
        ..S3Target::default()
    };
    let targets = CrawlerTargets {
        s3_targets: Some(vec![target("flights"), target("planes")]),
        ..CrawlerTargets::default()
    };
    let request = CreateCrawlerRequest {
        name: CRAWLER.to_owned(),
        role: CRAWLER_ROLE.to_owned(),
        database_name: Some(DATABASE.to_owned()),
        targets,
        ..CreateCrawlerRequest::default()
    };
    ana.call::<CreateCrawler>(request).await?;
    ana.call::<StartCrawler>(StartCrawlerRequest { name: CRAWLER.to_owned() }).await?;
    let crawler = loop {
        tokio::time::sleep(POLL).await;
        let request = GetCrawlerRequest { name: CRAWLER.to_owned() };
        let crawler = ana.call::<GetCrawler>(request).await?.crawler.unwrap_or_default();
        if crawler.state == Some(CrawlerState::Ready) {
            break crawler;
        }
    };
    let last = crawler.last_crawl.unwrap_or_default();
    if last.status != Some(LastCrawlStatus::Succeeded) {
        let reason = last.error_message.unwrap_or_default();
        return Err(Failure::Usage(format!("the crawl should have succeeded: {reason}")));
    }
    let mut found = Vec::new();
    let request = GetTablesRequest { database_name: DATABASE.to_owned(), ..GetTablesRequest::default() };
    for table in ana.call::<GetTables>(request).await?.table_list.unwrap_or_default() {
        let columns = table.storage_descriptor.and_then(|s| s.columns).unwrap_or_default().len();
        let request = GetPartitionsRequest {
            database_name: DATABASE.to_owned(),
            table_name: table.name.clone(),
            ..GetPartitionsRequest::default()
        };
        let partitions = ana.call::<GetPartitions>(request).await?.partitions.unwrap_or_default().len();
        let partitions = if partitions == 0 { String::new() } else { format!(", {partitions} partitions") };
        found.push(format!("{DATABASE}.{} ({columns} columns{partitions})", table.name));
    }
    timeline.done(step, &found.join(" and "));
    Ok(())
}

/// Starts the job and waits until its run has ended.
pub(super) async fn run_job(ana: &Client, job: &str, step: &Step) -> Result<JobRun, Failure> {
    let request = StartJobRunRequest { job_name: job.to_owned(), ..StartJobRunRequest::default() };
    let run_id = ana.call::<StartJobRun>(request).await?.job_run_id.unwrap_or_default();
    loop {
        tokio::time::sleep(POLL).await;
        let request =
            GetJobRunRequest { job_name: job.to_owned(), run_id: run_id.clone(), ..Default::default() };
        let run = ana.call::<GetJobRun>(request).await?.job_run.unwrap_or_default();
        step.say(run.job_run_state.map_or("", JobRunState::as_str));
        if run.completed_on.is_some() {
            return Ok(run);
        }
    }
}

/// Asks why the call behind a run's failure was denied.
#[expect(clippy::print_stdout, reason = "the demo talks to a person")]
async fn explain(timeline: &mut Timeline, ana: &Client, reason: &str) -> Result<(), Failure> {
    let step = timeline.step("explain");
    let request_id = request_id_in(reason)
        .ok_or_else(|| Failure::Usage(format!("the run's error names no request id: {reason}")))?;
    let request = ExplainRequestRequest { request_id: Some(request_id.to_owned()), ..Default::default() };
    let text = ana.call::<ExplainRequest>(request).await?.text;
    timeline.done(step, &format!("mastic explain {request_id}"));
    println!();
    // The command goes on with every policy that was asked; here the answer is enough.
    for line in text.trim().lines().take_while(|line| *line != "Policies considered:") {
        println!("    {line}");
    }
    println!();
    Ok(())
}

/// The UUID behind the words `request id`.
fn request_id_in(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("request id ")?;
    let end = rest.find(|c: char| !c.is_ascii_hexdigit() && c != '-').unwrap_or(rest.len());
    rest.get(..end).filter(|id| id.len() == 36)
}

#[expect(clippy::print_stdout, reason = "the demo talks to a person")]
async fn show_result(root: &Client, ana: &Client) -> Result<(), Failure> {
    let lines = report(root, ana, "report/").await?;
    println!("\nMinutes of delay at departure, and flights, per airline and month of 2013:\n");
    let heading = ["airline", "January", "flights", "February", "flights", "March", "flights"];
    for line in render(&heading, &by_month(&lines)) {
        println!("{line}");
    }
    Ok(())
}

/// The lines of the report in a folder.
pub(super) async fn report(root: &Client, ana: &Client, folder: &str) -> Result<Vec<Vec<String>>, Failure> {
    let listing = root.s3().list(ANALYTICS_BUCKET, folder, None).await?;
    let mut lines = Vec::new();
    for object in listing.objects {
        let bytes = ana.s3().get_object(ANALYTICS_BUCKET, &object.key).await?;
        lines.extend(parse_csv(&String::from_utf8_lossy(&bytes)));
    }
    Ok(lines)
}

/// One row per airline: for each month the mean delay and the number of flights.
pub(super) fn by_month(lines: &[Vec<String>]) -> Vec<Vec<String>> {
    let mut rows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in lines {
        let [airline, month, flights, delay, ..] = line.as_slice() else { continue };
        let Some(place) = month.parse::<usize>().ok().filter(|month| (1..=3).contains(month)) else {
            continue;
        };
        let row = rows.entry(airline).or_insert_with(|| vec![String::new(); 7]);
        let delay = delay.parse::<f64>().map_or(String::new(), |minutes| format!("{minutes:.1}"));
        let cells = [(0, airline.clone()), (2 * place - 1, delay), (2 * place, flights.clone())];
        for (column, cell) in cells {
            if let Some(slot) = row.get_mut(column) {
                *slot = cell;
            }
        }
    }
    rows.into_values().collect()
}

/// Where everything is, and what to do next.
#[expect(clippy::print_stdout, reason = "the demo talks to a person")]
pub fn print_farewell(data: &Path) {
    let data = data.display();
    println!(
        "\nThe data is in s3://{ANALYTICS_BUCKET}/delays/ (Parquet by month), the catalog in the database {DATABASE} of \
         account {ANALYTICS}; both are kept in {data}.\n\n\
         Go on: start the server with `make run` (or `mastic serve --data {data}`), and in another shell\n\n  \
         eval \"$(mastic env --data {data} --account {ANALYTICS})\"\n\n  \
         aws glue get-tables --database-name {DATABASE} --query 'TableList[].Name'\n  \
         aws glue get-job-runs --job-name {JOB_NAME} --query 'JobRuns[].[JobRunState,ErrorMessage]'\n  \
         aws s3 ls --recursive s3://{ANALYTICS_BUCKET}/\n"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_id_is_found() {
        let text = "denied (request id 01999999-1111-7222-8333-444455556666).";
        assert_eq!(request_id_in(text), Some("01999999-1111-7222-8333-444455556666"));
        assert_eq!(request_id_in("denied"), None);
    }

    #[test]
    fn months_stand_side_by_side() {
        let lines = parse_csv("airline,month,flights,departure_delay\nB,2,7,1.25\nA,1,3,\nB,1,9,-2\n");
        assert_eq!(
            by_month(&lines),
            [["A", "", "3", "", "", "", ""], ["B", "-2.0", "9", "1.2", "7", "", ""]]
        );
    }

    #[test]
    fn the_demo_s_job_is_a_graph() {
        let nodes: BTreeMap<String, CodeGenConfigurationNode> = serde_json::from_str(JOB).unwrap();
        assert_eq!(nodes.len(), 12);
        assert!(nodes.values().all(|node| *node != CodeGenConfigurationNode::default()));
    }
}
