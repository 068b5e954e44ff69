//! The Python of runs with a script and of sessions. The first of them has it made, and its log shows how far that is.

use mastic_handoff::{Log, Python, ScriptWork, SessionWork, Work};
use tokio::sync::mpsc;

use super::Lines;
use crate::Jobs;

impl Jobs {
    /// The work with the Python that it needs.
    pub(super) async fn with_python(&self, work: Work, lines: &Lines) -> Result<Work, String> {
        let (python, remote) = match &work {
            Work::Script(_) | Work::Session(_) => {
                (self.python(lines).await?, self.config.spark_remote.clone())
            }
            _ => return Ok(work),
        };
        Ok(match work {
            Work::Script(script) => {
                Work::Script(Box::new(ScriptWork { python, spark_remote: remote, ..*script }))
            }
            Work::Session(session) => {
                Work::Session(Box::new(SessionWork { python, spark_remote: remote, ..*session }))
            }
            other => other,
        })
    }

    async fn python(&self, lines: &Lines) -> Result<Python, String> {
        let place = &self.config.runtime;
        let runtime = match place.ready() {
            Some(runtime) => runtime,
            None => {
                let place = place.clone();
                let (told, mut heard) = mpsc::unbounded_channel::<String>();
                let making = tokio::task::spawn_blocking(move || {
                    place.install(&mut |line| {
                        // Nobody listens any more when the server ends.
                        let _ = told.send(line.to_owned());
                    })
                });
                while let Some(line) = heard.recv().await {
                    tracing::info!("{line}");
                    // A log that is gone is told where it is written.
                    let _ = lines.send((Log::Error, self.background.now(), line)).await;
                }
                let made = making.await.map_err(|error| error.to_string())?;
                made.map_err(|error| format!("There is no Python for scripts: {error}"))?
            }
        };
        Ok(Python {
            interpreter: runtime.python,
            packages: runtime.packages,
            modules: runtime.modules,
            environment: self.config.python_environment.clone(),
        })
    }
}
