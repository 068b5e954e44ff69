//! Mastic: the AWS Glue that you run yourself. The server, and the commands around it.

mod account;
mod assemble;
mod bookmark;
mod crawl;
mod demo;
mod explain;
mod failure;
mod home;
mod issuers;
mod machine;
mod master_key;
mod preflight;
mod remote;
mod run_script;
mod runs;
mod runtime;
mod serve;
mod sign_in;
mod thumbprint;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

/// Answers are made of many small values; the system's allocator takes a third of a large page's time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Mastic: the AWS Glue that you run yourself.
#[derive(Parser)]
#[command(name = "mastic", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the server.
    Serve(serve::ServeArguments),
    /// Prints what a shell needs to reach the server: eval "$(mastic env)".
    Env(remote::EnvArguments),
    /// Signs in with a password, and prints credentials: eval "$(mastic sign-in ...)".
    SignIn(sign_in::SignInArguments),
    /// Makes and lists accounts.
    Account(account::AccountArguments),
    /// Tells why a call was allowed or denied, and what would allow it.
    Explain(explain::ExplainArguments),
    /// Tells, before anything runs, which permissions a job or crawler needs and which are missing.
    Preflight(preflight::PreflightArguments),
    /// Tells what a crawl would write, and why.
    Crawl(crawl::CrawlArguments),
    /// Runs a local script as a job, and prints what it prints.
    Run(run_script::RunArguments),
    /// Lists job runs: how they ended and why, and what each would have cost on AWS.
    Runs(runs::RunsArguments),
    /// Shows where a job's bookmark stands and what the next run would read, and sets it back.
    Bookmark(bookmark::BookmarkArguments),
    /// Makes the Python in which scripts run, or tells about it.
    Runtime(runtime::RuntimeArguments),
    /// Shows the whole idea on real data: two accounts, a crawl, a visual job, a denial and its cure.
    Demo(demo::DemoArguments),
}

fn main() -> ExitCode {
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(failure::Failure::from)
        .and_then(|runtime| runtime.block_on(run(Arguments::parse().command)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mastic: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), failure::Failure> {
    match command {
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Env(arguments) => remote::print_env(&arguments),
        Command::SignIn(arguments) => sign_in::run(arguments).await,
        Command::Account(arguments) => account::run(arguments).await,
        Command::Explain(arguments) => explain::run(arguments).await,
        Command::Preflight(arguments) => preflight::run(arguments).await,
        Command::Crawl(arguments) => crawl::run(arguments).await,
        Command::Run(arguments) => run_script::run(arguments).await,
        Command::Runs(arguments) => runs::run(arguments).await,
        Command::Bookmark(arguments) => bookmark::run(arguments).await,
        Command::Runtime(arguments) => runtime::run(&arguments),
        Command::Demo(arguments) => demo::run(arguments).await,
    }
}
