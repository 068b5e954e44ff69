//! The Python process.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use mastic_handoff::{Category, Log, Python};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::events::Events;
use crate::failure::Failure;
use crate::session::Session;

use super::bridge::Bridge;
use super::files::Folders;

/// How long what a script left running may hold the streams open.
const LINGER: Duration = Duration::from_millis(500);

/// An interpreter, and what its process needs to know.
pub(super) struct Interpreter<'a> {
    pub program: PathBuf,
    pub python: &'a Python,
    pub bridge: &'a Bridge,
    pub folders: &'a Folders,
}

impl Interpreter<'_> {
    /// Starts `mastic_host` with these settings.
    pub(super) async fn start(
        &self,
        session: &Session,
        name: &str,
        settings: &Value,
    ) -> Result<(Child, ChildStdin), Failure> {
        let failed = |error: std::io::Error| {
            Failure::of(Category::Launch, format!("`{}` cannot be started: {error}", self.program.display()))
        };
        let mut child = self.command(session, name).spawn().map_err(failed)?;
        let mut input =
            child.stdin.take().ok_or_else(|| Failure::of(Category::Launch, "Python has no input"))?;
        let line = format!("{settings}\n");
        // How a Python that does not read ends tells more than the broken pipe.
        let _ = input.write_all(line.as_bytes()).await;
        Ok((child, input))
    }

    /// Runs `mastic_host` with these settings to its end, and hands its lines on.
    pub(super) async fn run(
        &self,
        session: &Session,
        name: &str,
        settings: &Value,
    ) -> Result<ExitStatus, Failure> {
        let (mut child, input) = self.start(session, name, settings).await?;
        let out = tokio::spawn(carry(child.stdout.take(), Log::Output, session.events.clone()));
        let errors = tokio::spawn(carry(child.stderr.take(), Log::Error, session.events.clone()));
        let status = child.wait().await.map_err(|error| Failure::new(format!("Python was lost: {error}")))?;
        drop(input);
        let _ = tokio::time::timeout(LINGER, async { (out.await, errors.await) }).await;
        Ok(status)
    }

    fn command(&self, session: &Session, name: &str) -> Command {
        let endpoint = session.client.endpoint();
        let mut command = Command::new(&self.program);
        command.args(["-m", "mastic_host"]);
        let kept = ["PATH", "LANG", "TZ", "TMPDIR"];
        let kept = self.python.environment.iter().filter(|(name, _)| kept.contains(&name.as_str()));
        command
            .env_clear()
            .envs(kept)
            .env("HOME", &self.folders.work)
            .env("PYTHONPATH", &self.python.packages)
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONWARNINGS", "ignore::FutureWarning")
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_REGION", &session.region)
            .env("AWS_DEFAULT_REGION", &session.region)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", self.bridge.url("/credentials"))
            .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", self.bridge.token())
            .env("MASTIC_BRIDGE", self.bridge.url(""))
            .env("MASTIC_BRIDGE_TOKEN", self.bridge.token())
            .env("MASTIC_SCRATCH", &self.folders.scratch)
            .env("MASTIC_JOB_NAME", name);
        if let Some(file) = &session.ca_file {
            command.env("AWS_CA_BUNDLE", file).env("SSL_CERT_FILE", file);
        }
        command
            .current_dir(&self.folders.work)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// Carries the lines of a stream to a log.
pub(super) async fn carry(stream: Option<impl AsyncRead + Unpin>, log: Log, events: Events) {
    let Some(stream) = stream else { return };
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    while let Ok(1..) = lines.read_until(b'\n', &mut line).await {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        match log {
            Log::Output => events.output(text),
            Log::Error => events.error(text),
        }
        line.clear();
    }
}

/// Ends this process and all that it has started: the server made them one group. The shell has the call that this takes, so
/// that it needs no unsafe code here.
pub(crate) fn end_all() {
    let _ = std::process::Command::new("sh").args(["-c", "kill -s KILL 0"]).status();
}
