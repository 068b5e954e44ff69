//! The Python in which scripts run.
//!
//! An *environment* is a virtual environment with the packages of `python/mastic_host/requirements.txt`, made once and used
//! by every run; the *packages* are Mastic's own Python, `awsglue` among them, which this crate carries. Both are in
//! folders named after what they hold, so that another version makes its own beside them.

mod install;
mod packages;

use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

pub use install::RuntimeError;

/// What scripts find installed, as pip reads it.
pub const REQUIREMENTS: &str = include_str!("../../../python/mastic_host/requirements.txt");

/// Where runtimes are kept, and with which Python.
#[derive(Debug, Clone)]
pub struct Place {
    folder: PathBuf,
    python: Option<PathBuf>,
}

/// A runtime that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// The interpreter.
    pub python: PathBuf,
    /// The folder with Mastic's own packages.
    pub packages: PathBuf,
    /// The folder for what `--additional-python-modules` asks for, a folder for each list.
    pub modules: PathBuf,
}

impl Place {
    /// Runtimes under a folder; `python` is an interpreter of the user's own, with all that scripts need.
    #[must_use]
    pub fn new(folder: PathBuf, python: Option<PathBuf>) -> Self {
        Self { folder, python }
    }

    /// Where runtimes are kept.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The runtime, if it has been made.
    #[must_use]
    pub fn ready(&self) -> Option<Runtime> {
        let runtime = self.planned();
        let made = match &self.python {
            Some(python) => self.checked(python).is_file(),
            None => self.environment().join(COMPLETE).is_file() && runtime.python.exists(),
        };
        (made && runtime.packages.is_dir()).then_some(runtime)
    }

    fn planned(&self) -> Runtime {
        let python = self.python.clone().unwrap_or_else(|| self.environment().join("bin/python"));
        Runtime {
            python,
            packages: self.folder.join(format!("packages-{}", *packages::VERSION)),
            modules: self.folder.join("modules"),
        }
    }

    fn environment(&self) -> PathBuf {
        self.folder.join(format!("python-{}", short(REQUIREMENTS.as_bytes())))
    }

    /// The note that an interpreter of the user's own has been found complete.
    fn checked(&self, python: &Path) -> PathBuf {
        let mut known = python.as_os_str().as_encoded_bytes().to_vec();
        known.extend(REQUIREMENTS.as_bytes());
        self.folder.join(format!("checked-{}", short(&known)))
    }
}

/// In an environment that is whole.
const COMPLETE: &str = "complete";

/// A name for content.
fn short(content: &[u8]) -> String {
    let mut name = hex::encode(Md5::digest(content));
    name.truncate(16);
    name
}
