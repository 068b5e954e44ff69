//! Making a runtime.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::packages::{self, remove};
use crate::{COMPLETE, Place, REQUIREMENTS, Runtime};

/// The oldest Python that the pinned packages have builds for.
const OLDEST: (u32, u32) = (3, 11);

/// Lines of pip's that tell how far it is.
const TOLD: [&str; 2] = ["Collecting ", "Installing collected packages"];

/// Modules without which an interpreter of the user's own is of no use.
const NEEDED: &str = "boto3, pandas, pyarrow, pyspark.sql.connect.session, pysail.spark";

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// There is no Python.
    #[error(
        "Scripts need Python 3.{} or later, and `{python}` cannot be started: {error}. Install it (Debian: apt-get install \
         python3 python3-venv), or name one with MASTIC_PYTHON.",
        OLDEST.1
    )]
    NoPython {
        /// What was tried.
        python: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Python is too old.
    #[error("Scripts need Python 3.{} or later; `{python}` is {version}. Name another with MASTIC_PYTHON.", OLDEST.1)]
    Old {
        /// What was tried.
        python: PathBuf,
        /// Its version.
        version: String,
    },
    /// A step ended with an error.
    #[error("{step} failed: {told}")]
    Step {
        /// What was done.
        step: String,
        /// The last words.
        told: String,
    },
    /// An interpreter of the user's own lacks what scripts need.
    #[error(
        "`{python}` (MASTIC_PYTHON) lacks what scripts need: {told}. Install the packages that `mastic runtime requirements` \
         prints."
    )]
    Incomplete {
        /// The interpreter.
        python: PathBuf,
        /// What Python says.
        told: String,
    },
    /// A file or folder.
    #[error("`{path}`: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Place {
    /// Makes the runtime, unless it is there, and tells how far it is. Several processes may call this at once: one works,
    /// the others wait.
    ///
    /// # Errors
    /// When there is no Python that would do, when packages cannot be had, when the disk does not take them.
    pub fn install(&self, told: &mut dyn FnMut(&str)) -> Result<Runtime, RuntimeError> {
        let runtime = self.planned();
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| RuntimeError::File { path, error }
        };
        std::fs::create_dir_all(&self.folder).map_err(at(&self.folder))?;
        let lock = self.folder.join("lock");
        let file = File::create(&lock).map_err(at(&lock))?;
        file.lock().map_err(at(&lock))?;
        packages::write(&runtime.packages).map_err(at(&runtime.packages))?;
        std::fs::create_dir_all(&runtime.modules).map_err(at(&runtime.modules))?;
        if let Some(python) = &self.python {
            self.check(python)?;
        } else if self.ready().is_none() {
            self.make(told)?;
        }
        Ok(runtime)
    }

    fn make(&self, told: &mut dyn FnMut(&str)) -> Result<(), RuntimeError> {
        let environment = self.environment();
        let at = |path: &Path, error| RuntimeError::File { path: path.to_owned(), error };
        let system = PathBuf::from("python3");
        version(&system)?;
        told(&format!("Making the Python environment {} for scripts, once", environment.display()));
        remove(&environment).map_err(|error| at(&environment, error))?;
        let step = "Making a virtual environment (Debian: apt-get install python3-venv)";
        run(Command::new(&system).args(["-m", "venv"]).arg(&environment), step, &mut |_| {})?;
        let list = environment.join("requirements.txt");
        std::fs::write(&list, REQUIREMENTS).map_err(|error| at(&list, error))?;
        let mut pip = Command::new(environment.join("bin/python"));
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", "-r"])
            .arg(&list);
        run(&mut pip, "Installing the packages that scripts need", told)?;
        let complete = environment.join(COMPLETE);
        std::fs::write(&complete, "").map_err(|error| at(&complete, error))?;
        told("The Python environment is ready");
        Ok(())
    }

    /// Whether an interpreter of the user's own has what scripts need.
    fn check(&self, python: &Path) -> Result<(), RuntimeError> {
        let note = self.checked(python);
        if note.is_file() {
            return Ok(());
        }
        version(python)?;
        let mut import = Command::new(python);
        import.args(["-c", &format!("import {NEEDED}")]);
        match run(&mut import, "import", &mut |_| {}) {
            Err(RuntimeError::Step { told, .. }) => {
                Err(RuntimeError::Incomplete { python: python.to_owned(), told })
            }
            Err(other) => Err(other),
            Ok(()) => std::fs::write(&note, "").map_err(|error| RuntimeError::File { path: note, error }),
        }
    }
}

/// Refuses a Python that is too old.
fn version(python: &Path) -> Result<(), RuntimeError> {
    let mut asked = Command::new(python);
    asked.args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).stdin(Stdio::null());
    let answer =
        asked.output().map_err(|error| RuntimeError::NoPython { python: python.to_owned(), error })?;
    let version = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    let parsed =
        version.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    match parsed {
        Some(found) if found >= OLDEST => Ok(()),
        _ => Err(RuntimeError::Old { python: python.to_owned(), version }),
    }
}

/// Runs a step to its end, handing on the lines that tell how far it is.
fn run(command: &mut Command, step: &str, told: &mut dyn FnMut(&str)) -> Result<(), RuntimeError> {
    let failed = |told: String| RuntimeError::Step { step: step.to_owned(), told };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let errors = child
        .stderr
        .take()
        .map(|stream| std::thread::spawn(move || io::read_to_string(stream).unwrap_or_default()));
    let mut last = String::new();
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|stream| BufReader::new(stream).lines())
        .map_while(Result::ok)
    {
        let line = line.trim();
        if TOLD.iter().any(|begin| line.starts_with(begin)) {
            told(line.split(" (from ").next().unwrap_or(line));
        }
        if !line.is_empty() {
            line.clone_into(&mut last);
        }
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(());
    }
    let errors = errors.and_then(|thread| thread.join().ok()).unwrap_or_default();
    let words = errors.lines().rev().find(|line| !line.trim().is_empty()).map_or(last, str::to_owned);
    Err(failed(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_written_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("packages-1");
        packages::write(&place).unwrap();
        assert!(place.join("mastic_host/__main__.py").is_file());
        std::fs::write(place.join("mastic_host/mark"), "").unwrap();
        packages::write(&place).unwrap();
        assert!(place.join("mastic_host/mark").is_file());
        assert!(!folder.path().join("packages-1.draft").exists());
    }

    #[test]
    fn what_is_missing_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |python: &str| Place::new(folder.path().to_owned(), Some(python.into()));
        let refused = at("/nowhere/python").install(&mut |_| {}).unwrap_err().to_string();
        assert!(refused.contains("`/nowhere/python` cannot be started"), "{refused}");
        assert_eq!(at("/nowhere/python").ready(), None);
    }

    #[test]
    fn a_failed_step_has_last_words() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo Collecting x; echo seen; echo no such package >&2; exit 1"]);
        let mut lines = Vec::new();
        let refused = run(&mut command, "Installing", &mut |line| lines.push(line.to_owned())).unwrap_err();
        assert_eq!(refused.to_string(), "Installing failed: no such package");
        assert_eq!(lines, ["Collecting x"]);
    }
}
