//! `mastic preflight`.

use std::path::PathBuf;

use clap::Args;
use mastic_api_mastic::mastic::op::Preflight;
use mastic_api_mastic::mastic::types::PreflightRequest;

use crate::explain::json;
use crate::failure::Failure;
use crate::remote::Reach;

/// Tells, before anything runs, which permissions a job, crawler or column statistics task needs, and which of them are missing.
#[derive(Args)]
pub struct PreflightArguments {
    /// The job.
    #[arg(long, required_unless_present_any = ["crawler", "statistics"], conflicts_with_all = ["crawler", "statistics"])]
    job: Option<String>,
    /// The crawler.
    #[arg(long, conflicts_with = "statistics")]
    crawler: Option<String>,
    /// A table whose column statistics are to be computed, as `database.table`.
    #[arg(long, value_parser = table_of)]
    statistics: Option<(String, String)>,
    /// A role by name or ARN; without it, the one of the definition.
    #[arg(long)]
    role: Option<String>,
    /// A file with a session policy that will narrow the run.
    #[arg(long)]
    session_policy: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

fn table_of(text: &str) -> Result<(String, String), String> {
    let (database, table) = text.split_once('.').ok_or("it is not database.table")?;
    Ok((database.to_owned(), table.to_owned()))
}

/// `mastic preflight`: fails if something is missing.
#[expect(clippy::print_stdout, reason = "its output is the command's purpose")]
pub async fn run(arguments: PreflightArguments) -> Result<(), Failure> {
    let session_policy = match &arguments.session_policy {
        Some(path) => Some(std::fs::read_to_string(path).map_err(Failure::file(path))?),
        None => None,
    };
    let (database_name, table_name) = arguments.statistics.unzip();
    let input = PreflightRequest {
        database_name,
        table_name,
        job_name: arguments.job,
        crawler_name: arguments.crawler,
        role: arguments.role,
        session_policy,
    };
    let output = arguments.reach.client()?.call::<Preflight>(input).await?;
    let missing = output.permissions.iter().filter(|permission| !permission.allowed).count();
    if arguments.json {
        println!("{}", json(output)?);
    } else {
        println!("{}", output.text.trim_end());
    }
    match missing {
        0 => Ok(()),
        missing => Err(Failure::Missing(missing)),
    }
}
