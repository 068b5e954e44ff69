//! `--additional-python-modules`: an environment over the runtime's, in which pip installs what is wanted and not there. It is
//! kept for the next run that wants the same, unless a wheel of S3's is in it, which only the run's role may read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use mastic_handoff::{Category, Python};
use tokio::process::Command;

use crate::failure::Failure;
use crate::session::Session;

use super::arguments::Special;
use super::files::{self, Folders};

/// Tells where an interpreter's packages are, in the form of a file that adds them to another's.
const SITES: &str = "import sys; print('\\n'.join(p for p in sys.path if p.endswith('-packages')))";

/// The interpreter with the modules that the run wants.
pub(super) async fn interpreter(
    session: &Session,
    python: &Python,
    special: &Special<'_>,
    folders: &Folders,
) -> Result<PathBuf, Failure> {
    if special.modules.is_empty() {
        return Ok(python.interpreter.clone());
    }
    let mut wanted = Vec::new();
    let mut own = false;
    for module in &special.modules {
        if module.contains("://") && module.starts_with("s3") {
            own = true;
            let wheel = files::fetch_one(session, module, &folders.scratch).await;
            let wheel =
                wheel.map_err(|failure| failure.at(format!("--additional-python-modules {module}")))?;
            wanted.push(wheel.display().to_string());
        } else {
            wanted.push((*module).to_owned());
        }
    }
    wanted.extend(special.pip.iter().map(|option| (*option).to_owned()));
    let kept = python.modules.join(name(python, &wanted));
    if !own && kept.join("bin/python").exists() {
        return Ok(kept.join("bin/python"));
    }
    // Environments know their own place, so it is made where it stays; what another run made meanwhile is as good.
    let folder = if own { folders.scratch.join("environment") } else { kept };
    session.events.error(format!("Installing {}", special.modules.join(", ")));
    match make(python, &folder, &wanted).await {
        Ok(()) => Ok(folder.join("bin/python")),
        Err(failure) => {
            // A half of it would be taken for the whole by the next run.
            let _ = tokio::fs::remove_dir_all(&folder).await;
            Err(failure.at("--additional-python-modules"))
        }
    }
}

fn name(python: &Python, wanted: &[String]) -> String {
    let mut hasher = DefaultHasher::new();
    (&python.interpreter, wanted).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

async fn make(python: &Python, folder: &Path, wanted: &[String]) -> Result<(), Failure> {
    let draft = folder.with_extension("lock");
    let lock = std::fs::File::create(&draft).map_err(|error| unmade(&error.to_string()))?;
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await;
    let _lock =
        lock.map_err(|error| unmade(&error.to_string()))?.map_err(|error| unmade(&error.to_string()))?;
    if folder.join("complete").is_file() {
        return Ok(());
    }
    let step = |program: &Path| {
        let mut command = Command::new(program);
        command.envs(&python.environment).stdin(Stdio::null()).kill_on_drop(true);
        command
    };
    let mut venv = step(&python.interpreter);
    venv.args(["-m", "venv", "--clear", "--without-pip"]).arg(folder);
    done(&mut venv).await?;
    let mut sites = step(&python.interpreter);
    let sites = done(sites.args(["-c", SITES])).await?;
    let own = folder.join("bin/python");
    let mut purelib = step(&own);
    purelib.args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]);
    let purelib = done(&mut purelib).await?;
    let link = Path::new(purelib.trim()).join("runtime.pth");
    std::fs::write(&link, sites).map_err(|error| unmade(&error.to_string()))?;
    let mut pip = step(&own);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--no-input"]).args(wanted);
    done(&mut pip).await?;
    std::fs::write(folder.join("complete"), "").map_err(|error| unmade(&error.to_string()))
}

/// Runs a step; what it prints.
async fn done(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().await.map_err(|error| unmade(&error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> = errors.lines().filter(|line| line.contains("ERROR")).collect();
    Err(unmade(&errors.join(" ")))
}

fn unmade(why: &str) -> Failure {
    Failure::of(Category::Import, format!("the modules cannot be installed: {why}"))
}
