//! `mastic runs`.

mod price;

use clap::Args;
use console::{Style, Term};
use mastic_api_glue::glue::op::{GetJobRuns, GetJobs};
use mastic_api_glue::glue::types::{GetJobRunsRequest, GetJobsRequest, JobRun, JobRunState};
use mastic_client::Client;
use mastic_core::{Clock, SystemClock, Timestamp};
use mastic_shape::Shape;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::Reach;

/// Lists job runs, newest first.
#[derive(Args)]
pub struct RunsArguments {
    /// Runs of this job only.
    #[arg(long)]
    job: Option<String>,
    /// Runs that did not end well only: FAILED, TIMEOUT, ERROR, EXPIRED.
    #[arg(long)]
    failed: bool,
    /// Runs since then only: 30m, 12h, 7d, or a date or time such as 2026-11-22.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// This many runs at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    last: u32,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

/// The width of a line where no terminal says otherwise.
const WIDTH: usize = 120;

/// `mastic runs`.
#[expect(clippy::print_stdout, reason = "its output is the command's purpose")]
pub async fn run(arguments: RunsArguments) -> Result<(), Failure> {
    let now = SystemClock.now();
    let since = arguments.since.as_deref().map(|text| moment(text, now)).transpose()?;
    let client = arguments.reach.client()?;
    let last = arguments.last as usize;
    let wanted = |run: &JobRun| !arguments.failed || is_bad(run.job_run_state);
    let mut runs = Vec::new();
    for job in jobs(&client, arguments.job).await? {
        runs.extend(runs_of(&client, job, since, last, wanted).await?);
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.started_on));
    runs.truncate(last);
    if arguments.json {
        let told: Vec<Value> = runs.into_iter().map(told).collect();
        let text = serde_json::to_string_pretty(&told);
        println!("{}", text.map_err(|error| Failure::Usage(format!("the runs have no JSON form: {error}")))?);
    } else {
        let terminal = Term::stdout();
        let width = terminal.size_checked().map_or(WIDTH, |(_, columns)| usize::from(columns));
        println!("{}", table(&runs, width).join("\n"));
    }
    Ok(())
}

/// The jobs to look at.
async fn jobs(client: &Client, only: Option<String>) -> Result<Vec<String>, Failure> {
    if let Some(job) = only {
        return Ok(vec![job]);
    }
    let (mut names, mut next_token) = (Vec::new(), None);
    loop {
        let page = client.call::<GetJobs>(GetJobsRequest { next_token, max_results: None }).await?;
        names.extend(page.jobs.into_iter().flatten().filter_map(|job| job.name));
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(names);
        }
    }
}

/// A job's newest runs, as many as are `wanted`.
async fn runs_of(
    client: &Client,
    job_name: String,
    since: Option<Timestamp>,
    last: usize,
    wanted: impl Fn(&JobRun) -> bool,
) -> Result<Vec<JobRun>, Failure> {
    let (mut found, mut next_token) = (Vec::new(), None);
    loop {
        let input = GetJobRunsRequest { job_name: job_name.clone(), next_token, max_results: None };
        let page = client.call::<GetJobRuns>(input).await?;
        for run in page.job_runs.into_iter().flatten() {
            if found.len() == last || since.is_some_and(|since| run.started_on < Some(since)) {
                return Ok(found);
            }
            if wanted(&run) {
                found.push(run);
            }
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(found);
        }
    }
}

fn is_bad(state: Option<JobRunState>) -> bool {
    use JobRunState::{Error, Expired, Failed, Timeout};
    matches!(state, Some(Failed | Timeout | Error | Expired))
}

/// A moment, or how long ago it was.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let ago = [('m', 60), ('h', 3600), ('d', 86_400)].into_iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(unit)?.parse::<u32>().ok()?;
        Some(now.minus(std::time::Duration::from_secs(u64::from(number) * seconds)))
    });
    ago.or_else(|| Timestamp::parse(text))
        .ok_or_else(|| Failure::Usage(format!("--since {text}: not 30m, 12h, 7d, a date or a time")))
}

/// A run for programs.
fn told(run: JobRun) -> Value {
    let cost = price::of(&run);
    let mut value = serde_json::to_value(run.into_value()).unwrap_or_default();
    if let Value::Object(members) = &mut value {
        members.insert(
            "CostOnAws".to_owned(),
            json!({"Amount": cost, "Currency": "USD", "Region": price::REGION}),
        );
    }
    value
}

const HEADING: [&str; 7] = ["started", "job", "run", "state", "took", "DPU-s", "on AWS"];

/// Which columns are set to the right.
const RIGHT: [bool; 7] = [false, false, false, false, true, true, true];

/// The column of jobs, which gives way where the line is narrow, and the least that it keeps.
const JOB: usize = 1;
const LEAST: usize = 8;

fn table(runs: &[JobRun], width: usize) -> Vec<String> {
    if runs.is_empty() {
        return vec!["No runs.".to_owned()];
    }
    let rows: Vec<[String; 7]> = runs.iter().map(cells).collect();
    let mut widths = HEADING.map(|title| title.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let whole: usize = widths.iter().map(|width| width + 2).sum();
    if let Some(job) = widths.get_mut(JOB) {
        *job = job.saturating_sub(whole.saturating_sub(width)).max(LEAST.min(*job));
    }
    let mut lines = vec![
        line(&HEADING.map(str::to_owned), &widths, None),
        line(&widths.map(|width| "─".repeat(width)), &widths, None),
    ];
    for (run, row) in runs.iter().zip(&rows) {
        lines.push(line(row, &widths, run.job_run_state));
        if let Some(message) = run.error_message.as_deref().filter(|_| is_bad(run.job_run_state)) {
            lines.push(format!("    {}", run.id.as_deref().unwrap_or_default()));
            lines.extend(
                wrapped(message, width.saturating_sub(4)).into_iter().map(|text| format!("    {text}")),
            );
        }
    }
    lines.push(String::new());
    lines.extend(wrapped(&sum(runs), width));
    lines
}

fn cells(run: &JobRun) -> [String; 7] {
    let started = run.started_on.unwrap_or_default().iso8601();
    let id = run.id.as_deref().unwrap_or_default();
    let attempt = run.attempt.filter(|attempt| *attempt > 0).map_or_else(String::new, |n| format!("+{n}"));
    [
        // To the minute, without the year.
        started.get(5..16).unwrap_or_default().replace('T', " "),
        run.job_name.clone().unwrap_or_default(),
        format!("{}{attempt}", id.get(..11).unwrap_or(id)),
        run.job_run_state.map_or("", JobRunState::as_str).to_owned(),
        took(price::seconds(run)),
        format!("{:.1}", run.dpu_seconds.unwrap_or_default()),
        dollars(price::of(run)),
    ]
}

fn line(cells: &[String; 7], widths: &[usize; 7], state: Option<JobRunState>) -> String {
    let columns = cells.iter().zip(widths).zip(RIGHT).enumerate().map(|(place, ((cell, width), right))| {
        let cell = shortened(cell, *width);
        let cell = if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
        if place == 3 { style(state).apply_to(cell).to_string() } else { cell }
    });
    columns.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn style(state: Option<JobRunState>) -> Style {
    match state {
        Some(JobRunState::Succeeded) => Style::new().green(),
        state if is_bad(state) => Style::new().red(),
        Some(JobRunState::Starting | JobRunState::Running | JobRunState::Waiting) => Style::new().cyan(),
        _ => Style::new(),
    }
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Lines of words, none longer than `width` unless a word is.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn took(seconds: f64) -> String {
    match seconds {
        ..60.0 => format!("{seconds:.1} s"),
        60.0..3600.0 => format!("{:.1} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

fn dollars(amount: f64) -> String {
    if amount >= 0.01 || amount == 0.0 { format!("${amount:.2}") } else { format!("${amount:.4}") }
}

fn sum(runs: &[JobRun]) -> String {
    let seconds: f64 = runs.iter().filter_map(|run| run.dpu_seconds).sum();
    let cost: f64 = runs.iter().map(price::of).sum();
    let many = if runs.len() == 1 { "1 run".to_owned() } else { format!("{} runs", runs.len()) };
    format!("{many}, {seconds:.1} DPU-seconds; on AWS {}: {}", dollars(cost), price::TOLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(state: JobRunState, message: Option<&str>) -> JobRun {
        JobRun {
            id: Some(format!("jr_{}", "4be1c0a9".repeat(8))),
            job_name: Some("a-job-with-a-rather-long-name".to_owned()),
            attempt: Some(i32::from(message.is_some())),
            started_on: Timestamp::parse("2026-11-22T05:18:39Z"),
            job_run_state: Some(state),
            max_capacity: Some(10.0),
            execution_time: Some(90),
            dpu_seconds: Some(900.0),
            error_message: message.map(str::to_owned),
            ..JobRun::default()
        }
    }

    #[test]
    fn a_table_fits_its_width() {
        let runs = [
            sample(JobRunState::Succeeded, None),
            sample(
                JobRunState::Failed,
                Some("Error Category: PERMISSION_ERROR; not authorized to perform: s3:GetObject"),
            ),
        ];
        let lines = table(&runs, 80);
        assert_eq!(
            lines,
            [
                "started      job              run            state         took  DPU-s  on AWS",
                "───────────  ───────────────  ─────────────  ─────────  ───────  ─────  ──────",
                "11-22 05:18  a-job-with-a-r…  jr_4be1c0a9    SUCCEEDED  1.5 min  900.0   $0.11",
                "11-22 05:18  a-job-with-a-r…  jr_4be1c0a9+1  FAILED     1.5 min  900.0   $0.11",
                "    jr_4be1c0a94be1c0a94be1c0a94be1c0a94be1c0a94be1c0a94be1c0a94be1c0a9",
                "    Error Category: PERMISSION_ERROR; not authorized to perform: s3:GetObject",
                "",
                "2 runs, 1800.0 DPU-seconds; on AWS $0.22: $0.44 a DPU-hour, FLEX $0.29, at least",
                "a minute for each run (us-east-1, 2026).",
            ]
        );
        assert_eq!(table(&[], 80), ["No runs."]);
        assert!(table(&runs, 120).iter().any(|line| line.contains("a-job-with-a-rather-long-name")));
    }

    #[test]
    fn moments() {
        let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
        let since = |text: &str| moment(text, now).map(Timestamp::iso8601).ok();
        assert_eq!(since("30m").as_deref(), Some("2026-11-22T11:30:00Z"));
        assert_eq!(since("2d").as_deref(), Some("2026-11-20T12:00:00Z"));
        assert_eq!(since("2026-11-01").as_deref(), Some("2026-11-01T00:00:00Z"));
        assert_eq!((since("soon"), since("h"), since("-1d")), (None, None, None));
    }
}
