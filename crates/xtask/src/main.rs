//! The workspace's own tools.

mod api;
mod floors;
mod lists;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Mastic's workspace tools.
#[derive(Parser)]
#[command(name = "xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Generates the API crates from botocore's service models.
    Api {
        /// botocore's `data` directory; asked of the `python3` on the path if not given.
        #[arg(long)]
        models: Option<PathBuf>,
        /// Write nothing; fail if what is checked in differs.
        #[arg(long)]
        check: bool,
    },
    /// Checks that crates depend only on lower floors, and that only the engine tower sees DataFusion.
    Floors,
    /// Compares lists/not-implemented.txt with the models.
    Lists {
        /// botocore's `data` directory; asked of the `python3` on the path if not given.
        #[arg(long)]
        models: Option<PathBuf>,
        /// Write the list anew; look at the difference before it is committed.
        #[arg(long)]
        update: bool,
    },
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    // Cargo says where it runs this; the place of compilation may have been another clone.
    let crate_root =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let root = Path::new(&crate_root).join("../..");
    let outcome = match Arguments::parse().task {
        Task::Api { models, check } => api::run(&root, models, check),
        Task::Floors => floors::run(&root),
        Task::Lists { models, update } => lists::run(&root, models, update),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
