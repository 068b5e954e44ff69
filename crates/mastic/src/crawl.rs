//! `mastic crawl plan`.

use clap::{Args, Subcommand};
use mastic_api_mastic::mastic::op::PlanCrawl;
use mastic_api_mastic::mastic::types::{PlanCrawlRequest, PlanCrawlResponse, PlannedTable};

use crate::explain::json;
use crate::failure::Failure;
use crate::remote::Reach;

/// What crawls would do.
#[derive(Args)]
pub struct CrawlArguments {
    #[command(subcommand)]
    command: CrawlCommand,
}

#[derive(Subcommand)]
enum CrawlCommand {
    /// Tells which tables and partitions a crawl would write, what would change, and why. Nothing is written; files
    /// are read with the permissions of the crawler's role.
    Plan(PlanArguments),
}

#[derive(Args)]
struct PlanArguments {
    /// The crawler.
    name: String,
    /// As if the crawler kept hand-written comments: `{"Version": 1.0, "Mastic": {"KeepComments": true}}`.
    #[arg(long)]
    keep_comments: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

/// `mastic crawl`.
#[expect(clippy::print_stdout, reason = "its output is the command's purpose")]
pub async fn run(arguments: CrawlArguments) -> Result<(), Failure> {
    let CrawlCommand::Plan(arguments) = arguments.command;
    let input = PlanCrawlRequest {
        crawler_name: arguments.name,
        keep_comments: arguments.keep_comments.then_some(true),
    };
    let plan = arguments.reach.client()?.call::<PlanCrawl>(input).await?;
    if arguments.json {
        println!("{}", json(plan)?);
    } else {
        println!("{}", text(&plan).trim_end());
    }
    Ok(())
}

/// How many partitions are named for each table; the JSON names more.
const NAMED: usize = 8;

fn text(plan: &PlanCrawlResponse) -> String {
    let changes = plan.tables.iter().filter(|table| touched(table)).count();
    let mut lines = vec![match changes {
        0 => format!(
            "A crawl of {} would change nothing in database {}.",
            plan.crawler_name, plan.database_name
        ),
        1 => format!(
            "A crawl of {} would change 1 table of database {}.",
            plan.crawler_name, plan.database_name
        ),
        many => format!(
            "A crawl of {} would change {many} tables of database {}.",
            plan.crawler_name, plan.database_name
        ),
    }];
    for table in &plan.tables {
        lines.push(String::new());
        tell(table, &mut lines);
    }
    let notes = plan.log.iter().filter(|line| line.starts_with("WARN") || line.contains("left as it is"));
    let mut notes = notes.peekable();
    if notes.peek().is_some() {
        lines.extend([String::new(), "Notes".to_owned()]);
        lines.extend(notes.map(|line| format!("  {line}")));
    }
    lines.join("\n")
}

fn touched(table: &PlannedTable) -> bool {
    let parts = &table.partitions;
    table.change != "KEEP" || parts.created + parts.updated + parts.deprecated + parts.deleted > 0
}

fn tell(table: &PlannedTable, lines: &mut Vec<String>) {
    let (sign, word) = match table.change.as_str() {
        "CREATE" => ('+', "is created"),
        "UPDATE" => ('~', "is updated"),
        "DEPRECATE" => ('-', "is marked deprecated"),
        "DELETE" => ('-', "is deleted"),
        _ if touched(table) => ('~', "gets other partitions"),
        _ => ('=', "stays"),
    };
    lines.push(format!("{sign} {} {word}", table.name));
    let mut row = |what: &str, text: String| lines.push(format!("    {what:<12}{text}"));
    row("location", table.location.clone());
    if table.change == "CREATE" {
        let width = table.columns.iter().map(|column| column.name.chars().count()).max().unwrap_or_default();
        for (place, column) in table.columns.iter().enumerate() {
            let what = if place == 0 { "columns" } else { "" };
            row(what, format!("{:<width$}  {}", column.name, column.r#type));
        }
        if !table.partition_keys.is_empty() {
            row("keys", table.partition_keys.join(", "));
        }
    }
    for (place, difference) in table.differences.iter().enumerate() {
        let what = if place == 0 { "differs" } else { "" };
        let (was, is) = (difference.before.as_deref(), difference.after.as_deref());
        let text = match (was, is) {
            (Some(was), Some(is)) => format!("{}: {was} -> {is}", difference.what),
            (None, Some(is)) => format!("+ {}: {is}", difference.what),
            (Some(was), None) => format!("- {}: {was}", difference.what),
            (None, None) => difference.what.clone(),
        };
        row(what, text);
    }
    let parts = &table.partitions;
    let counts = [
        (parts.created, "created"),
        (parts.updated, "updated"),
        (parts.deprecated, "deprecated"),
        (parts.deleted, "deleted"),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if !counts.is_empty() {
        row("partitions", counts.join(", "));
        for part in parts.some.iter().take(NAMED) {
            let sign = match part.change.as_str() {
                "CREATE" => '+',
                "UPDATE" => '~',
                _ => '-',
            };
            let pairs = table.partition_keys.iter().zip(&part.values);
            let named: Vec<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
            row("", format!("{sign} {}", named.join("/")));
        }
        if parts.some.len() > NAMED {
            row("", "...".to_owned());
        }
    }
    if let Some(keys) = &table.index_keys {
        row("index", keys.join(", "));
    }
    for (place, reason) in table.reasons.iter().enumerate() {
        row(if place == 0 { "why" } else { "" }, reason.clone());
    }
}
