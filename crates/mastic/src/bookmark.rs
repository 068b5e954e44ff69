//! `mastic bookmark`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use mastic_api_glue::glue::op::ResetJobBookmark;
use mastic_api_glue::glue::types::{JobBookmarkEntry, ResetJobBookmarkRequest};
use mastic_api_mastic::mastic::op::{DescribeJobBookmark, ListJobBookmarkFiles, PlanJobBookmark};
use mastic_api_mastic::mastic::types::*;
use mastic_client::Client;
use mastic_core::Timestamp;
use mastic_shape::Shape;
use serde_json::{Value, json};

use crate::explain;
use crate::failure::Failure;
use crate::remote::Reach;

/// Job bookmarks.
#[derive(Args)]
pub struct BookmarkArguments {
    #[command(subcommand)]
    command: BookmarkCommand,
}

#[derive(Subcommand)]
enum BookmarkCommand {
    /// Shows what the job's sources have read, file by file on demand, and the runs that did.
    Show(ShowArguments),
    /// Tells what the next run would read: lists the sources, as the job's role, against what has been read.
    Diff(DiffArguments),
    /// Sets the bookmark back: the next run reads what was read after a run once more. What runs wrote stays.
    Rewind(RewindArguments),
}

#[derive(Args)]
struct ShowArguments {
    /// The job.
    job: String,
    /// Names the files.
    #[arg(long)]
    files: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
struct DiffArguments {
    /// The job.
    job: String,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
struct RewindArguments {
    /// The job.
    job: String,
    /// The run after which to go on: its id, the beginning of its id, or its number in `mastic bookmark show`; 0 is the
    /// start.
    #[arg(long, value_name = "RUN")]
    to: String,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

/// `mastic bookmark`.
pub async fn run(arguments: BookmarkArguments) -> Result<(), Failure> {
    match arguments.command {
        BookmarkCommand::Show(arguments) => show(arguments).await,
        BookmarkCommand::Diff(arguments) => diff(arguments).await,
        BookmarkCommand::Rewind(arguments) => rewind(arguments).await,
    }
}

#[expect(clippy::print_stdout, reason = "its output is the command's purpose")]
fn print(text: &str) {
    println!("{}", text.trim_end());
}

async fn show(arguments: ShowArguments) -> Result<(), Failure> {
    let client = arguments.reach.client()?;
    let found = describe(&client, &arguments.job).await?;
    let (sums, files) = ledger(&client, &arguments.job, arguments.files).await?;
    print(&if arguments.json { told(found, &sums, files)? } else { text(&found, &sums, &files) });
    Ok(())
}

async fn describe(client: &Client, job: &str) -> Result<DescribeJobBookmarkResponse, Failure> {
    let input = DescribeJobBookmarkRequest {
        job_name: job.to_owned(),
        with_runs: Some(true),
        ..DescribeJobBookmarkRequest::default()
    };
    Ok(client.call::<DescribeJobBookmark>(input).await?)
}

/// What has been read of one source.
#[derive(Debug, Clone, Default, PartialEq)]
struct Sum {
    files: u64,
    bytes: i64,
    newest: Timestamp,
}

/// Sums up the ledger by transformation context; with its files, if they are wanted.
async fn ledger(
    client: &Client,
    job: &str,
    wanted: bool,
) -> Result<(BTreeMap<String, Sum>, Vec<JobBookmarkFile>), Failure> {
    let (mut sums, mut files) = (BTreeMap::<String, Sum>::new(), Vec::new());
    let mut next_token = None;
    loop {
        let input = ListJobBookmarkFilesRequest {
            job_name: job.to_owned(),
            transformation_context: None,
            start_at: None,
            next_token,
            max_results: Some(5000),
        };
        let page = client.call::<ListJobBookmarkFiles>(input).await?;
        for file in &page.files {
            let sum = sums.entry(file.transformation_context.clone()).or_default();
            sum.files += 1;
            sum.bytes = sum.bytes.saturating_add(file.size);
            sum.newest = sum.newest.max(file.last_modified);
        }
        files.extend(page.files.into_iter().filter(|_| wanted));
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok((sums, files));
        }
    }
}

fn told(
    found: DescribeJobBookmarkResponse,
    sums: &BTreeMap<String, Sum>,
    files: Vec<JobBookmarkFile>,
) -> Result<String, Failure> {
    let failed = |error| Failure::Usage(format!("the bookmark has no JSON form: {error}"));
    let mut value = serde_json::to_value(found.into_value()).map_err(failed)?;
    for context in value.get_mut("Contexts").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = context.get("TransformationContext").and_then(Value::as_str).unwrap_or_default();
        let sum = sums.get(name).cloned().unwrap_or_default();
        if let Value::Object(members) = context {
            members.insert("Files".to_owned(), json!(sum.files));
            members.insert("Bytes".to_owned(), json!(sum.bytes));
            if sum.files > 0 {
                members.insert("NewestFile".to_owned(), json!(sum.newest.secs_f64()));
            }
        }
    }
    if let (Value::Object(members), false) = (&mut value, files.is_empty()) {
        let files = files.into_iter().map(|file| serde_json::to_value(file.into_value()));
        members.insert("Files".to_owned(), files.collect::<Result<_, _>>().map_err(failed)?);
    }
    serde_json::to_string_pretty(&value).map_err(failed)
}

fn text(
    found: &DescribeJobBookmarkResponse,
    sums: &BTreeMap<String, Sum>,
    files: &[JobBookmarkFile],
) -> String {
    if found.run == 0 && sums.is_empty() {
        return format!(
            "Job {} has no bookmark: no run with bookmarks has succeeded since it was made or reset.",
            found.job_name
        );
    }
    let mut lines = vec![format!(
        "Job {}: run {} of its bookmark, attempt {}, version {}",
        found.job_name, found.run, found.attempt, found.version
    )];
    lines.push(String::new());
    let mut rows = vec![row(["source", "files", "size", "newest file", "last run"])];
    for context in &found.contexts {
        let sum = sums.get(&context.transformation_context);
        let newest = sum.map(|sum| sum.newest.iso8601()).unwrap_or_default();
        rows.push([
            context.transformation_context.clone(),
            sum.map_or(0, |sum| sum.files).to_string(),
            size(sum.map_or(0, |sum| sum.bytes)),
            newest,
            short(context.run_id.as_deref().unwrap_or_default()).to_owned(),
        ]);
    }
    lines.extend(aligned(&rows, [false, true, true, false, false]));
    let runs = found.runs.as_deref().unwrap_or_default();
    if !runs.is_empty() {
        lines.push(String::new());
        let mut rows = vec![row(["run", "id", "started", "files", "size"])];
        for run in runs {
            rows.push([
                run.run.to_string(),
                short(&run.run_id).to_owned(),
                run.started_on.iso8601(),
                run.files.to_string(),
                size(run.bytes),
            ]);
        }
        lines.extend(aligned(&rows, [true, false, false, true, true]));
    }
    let mut source = "";
    for file in files {
        if source != file.transformation_context {
            source = &file.transformation_context;
            lines.extend([String::new(), source.to_owned()]);
        }
        let run = short(file.run_id.as_deref().unwrap_or_default());
        lines.push(format!("  {run}  {:>9}  s3://{}/{}", size(file.size), file.bucket, file.key));
    }
    lines.join("\n")
}

fn row(cells: [&str; 5]) -> [String; 5] {
    cells.map(str::to_owned)
}

/// Rows in columns, some of which are set to the right.
fn aligned(rows: &[[String; 5]], right: [bool; 5]) -> Vec<String> {
    let mut widths = [0; 5];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths).zip(right).map(|((cell, width), right)| {
            if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// As much of a run's id as `mastic runs` shows.
fn short(run: &str) -> &str {
    run.get(..11).unwrap_or(run)
}

fn size(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1000.0;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while amount >= 999.95
        && let Some(larger) = units.next()
    {
        amount /= 1000.0;
        unit = Some(larger);
    }
    format!("{amount:.1} {}", unit.unwrap_or(&"PB"))
}

async fn diff(arguments: DiffArguments) -> Result<(), Failure> {
    let client = arguments.reach.client()?;
    let plan = client.call::<PlanJobBookmark>(PlanJobBookmarkRequest { job_name: arguments.job }).await?;
    print(&if arguments.json { explain::json(plan)? } else { planned(&plan) });
    Ok(())
}

/// How many files are named for each source; the JSON names more.
const NAMED: usize = 20;

fn planned(plan: &PlanJobBookmarkResponse) -> String {
    if plan.sources.is_empty() {
        return format!("Job {} has no sources of files.", plan.job_name);
    }
    let total: i64 = plan.sources.iter().map(|source| source.new + source.rewritten).sum();
    let mut lines = vec![match total {
        0 => format!("The next run of {} with bookmarks would find nothing new.", plan.job_name),
        1 => format!("The next run of {} with bookmarks would read 1 file.", plan.job_name),
        many => format!("The next run of {} with bookmarks would read {many} files.", plan.job_name),
    }];
    for source in &plan.sources {
        lines.push(String::new());
        let counts = [
            (source.new, "new"),
            (source.rewritten, "rewritten"),
            (source.waiting, "waiting"),
            (source.known, "known"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
        let counts = if counts.is_empty() { "no files".to_owned() } else { counts.join(", ") };
        let bytes = if source.bytes > 0 { format!("; {}", size(source.bytes)) } else { String::new() };
        lines.push(format!("{} ({}): {counts}{bytes}", source.node_name, source.transformation_context));
        for file in source.some.iter().take(NAMED) {
            let sign = if file.change == "REWRITTEN" { '~' } else { '+' };
            lines.push(format!(
                "  {sign} {:>9}  {}  {}",
                size(file.size),
                file.last_modified.iso8601(),
                file.path
            ));
        }
        let more = source.new + source.rewritten - NAMED as i64;
        if more > 0 {
            lines.push(format!("  ... and {more} more"));
        }
    }
    lines.join("\n")
}

async fn rewind(arguments: RewindArguments) -> Result<(), Failure> {
    let client = arguments.reach.client()?;
    let run_id = if arguments.to == "0" {
        None
    } else {
        let input = DescribeJobBookmarkRequest {
            job_name: arguments.job.clone(),
            runs_like: Some(arguments.to.clone()),
            ..DescribeJobBookmarkRequest::default()
        };
        let found = client.call::<DescribeJobBookmark>(input).await?;
        Some(chosen(&arguments.to, &found.runs.unwrap_or_default())?)
    };
    let input = ResetJobBookmarkRequest { job_name: arguments.job.clone(), run_id };
    let entry = client.call::<ResetJobBookmark>(input).await?.job_bookmark_entry.unwrap_or_default();
    print(&if arguments.json { explain::json(entry)? } else { rewound(&arguments.job, &entry) });
    Ok(())
}

/// The one run that is meant, of those that the server knows by that name.
fn chosen(to: &str, runs: &[JobBookmarkRun]) -> Result<String, Failure> {
    let unclear = |text: &str| Err(Failure::Usage(format!("--to {to}: {text}")));
    match runs {
        [only] => Ok(only.run_id.clone()),
        [] if to.parse::<i64>().is_ok() => unclear("the bookmark has no run of that number"),
        // A run that has failed: the server knows what it stands for.
        [] => Ok(to.to_owned()),
        _ => unclear("several runs begin so"),
    }
}

fn rewound(job: &str, entry: &JobBookmarkEntry) -> String {
    match entry.run_id.as_deref() {
        Some(run) => format!(
            "The bookmark of {job} is where run {} left it ({run}). The next run reads what came after it once more; what later runs wrote stays.",
            entry.run.unwrap_or_default()
        ),
        None => format!(
            "The bookmark of {job} is at the start. The next run reads everything; what runs wrote stays."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(number: i32, id: &str) -> JobBookmarkRun {
        JobBookmarkRun {
            run: number,
            run_id: id.to_owned(),
            attempt: 0,
            started_on: Timestamp::from_secs(0),
            completed_on: Timestamp::from_secs(1),
            files: 2,
            bytes: 1_500,
        }
    }

    #[test]
    fn one_run_is_meant() {
        assert_eq!(chosen("jr_a", &[mark(3, "jr_ab")]).ok().as_deref(), Some("jr_ab"));
        assert_eq!(chosen("jr_failed", &[]).ok().as_deref(), Some("jr_failed"));
        assert!(chosen("jr_", &[mark(3, "jr_ab"), mark(1, "jr_c")]).is_err());
        assert!(chosen("4", &[]).is_err());
    }

    #[test]
    fn a_bookmark_is_a_table() {
        let found = DescribeJobBookmarkResponse {
            job_name: "etl".to_owned(),
            version: 4,
            run: 3,
            attempt: 1,
            contexts: vec![JobBookmarkContext {
                transformation_context: "in_node1".to_owned(),
                run_id: Some(format!("jr_{}", "ab".repeat(32))),
                ..JobBookmarkContext::default()
            }],
            runs: Some(vec![mark(3, "jr_1")]),
            ..DescribeJobBookmarkResponse::default()
        };
        let sum = Sum { files: 12, bytes: 3_400_000, newest: Timestamp::from_secs(0) };
        assert_eq!(
            text(&found, &BTreeMap::from([("in_node1".to_owned(), sum)]), &[]).lines().collect::<Vec<_>>(),
            [
                "Job etl: run 3 of its bookmark, attempt 1, version 4",
                "",
                "source    files    size  newest file           last run",
                "in_node1     12  3.4 MB  1970-01-01T00:00:00Z  jr_abababab",
                "",
                "run  id    started               files    size",
                "  3  jr_1  1970-01-01T00:00:00Z      2  1.5 kB",
            ]
        );
        let empty = DescribeJobBookmarkResponse { job_name: "etl".to_owned(), ..Default::default() };
        assert!(text(&empty, &BTreeMap::new(), &[]).starts_with("Job etl has no bookmark"));
        assert_eq!(
            (size(999), size(999_960), size(2_000_000_000)),
            ("999 B".into(), "1.0 MB".into(), "2.0 GB".into())
        );
    }
}
