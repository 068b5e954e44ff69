//! `mastic runtime`: the Python of scripts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use mastic_runtime::{Place, REQUIREMENTS};

use crate::failure::Failure;

/// Variables that installers of Python packages and what scripts start need: settings of pip, proxies, certificates.
const HANDED_ON: [&str; 15] = [
    "PATH",
    "HOME",
    "LANG",
    "TZ",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "XDG_CACHE_HOME",
];

/// Where the Python of scripts is.
#[derive(Args, Clone)]
pub struct PlaceArguments {
    /// The folder for the Python environment of scripts; without it, `mastic/runtime` in the user's cache.
    #[arg(long, env = "MASTIC_RUNTIME")]
    runtime: Option<PathBuf>,
    /// A Python interpreter of your own for scripts, with the packages that `mastic runtime requirements` prints.
    #[arg(long, env = "MASTIC_PYTHON")]
    python: Option<PathBuf>,
}

impl PlaceArguments {
    /// The place.
    pub fn place(&self) -> Result<Place, Failure> {
        let folder = match &self.runtime {
            Some(folder) => folder.clone(),
            None => cache()?.join("mastic/runtime"),
        };
        // Runs have working directories of their own.
        let absolute = |path: PathBuf| std::path::absolute(path).map_err(Failure::from);
        Ok(Place::new(absolute(folder)?, self.python.clone().map(absolute).transpose()?))
    }
}

fn cache() -> Result<PathBuf, Failure> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache"))).ok_or_else(|| {
        Failure::Usage("There is no HOME: --runtime says where the Python of scripts goes.".to_owned())
    })
}

/// What of this process's environment Python gets.
pub fn handed_on() -> BTreeMap<String, String> {
    let wanted = |name: &str| HANDED_ON.contains(&name) || name.starts_with("PIP_");
    std::env::vars().filter(|(name, _)| wanted(name)).collect()
}

/// The Python of scripts: makes it, or tells about it.
#[derive(Args)]
pub struct RuntimeArguments {
    #[command(subcommand)]
    command: RuntimeCommand,
    #[command(flatten)]
    place: PlaceArguments,
}

#[derive(Subcommand)]
enum RuntimeCommand {
    /// Makes the environment, unless it is there; the first run of a script does so by itself.
    Install,
    /// Prints the packages that scripts find installed, as pip reads them.
    Requirements,
}

/// `mastic runtime`.
#[expect(clippy::print_stdout, reason = "it is what was asked for")]
pub fn run(arguments: &RuntimeArguments) -> Result<(), Failure> {
    match arguments.command {
        RuntimeCommand::Requirements => print!("{REQUIREMENTS}"),
        RuntimeCommand::Install => {
            let place = arguments.place.place()?;
            let made = place.install(&mut |line| eprintln!("{line}"));
            let runtime = made.map_err(|error| Failure::Usage(error.to_string()))?;
            println!("{}", runtime.python.display());
        }
    }
    Ok(())
}
