//! An interactive session: a Python process that is told statements and tells what came of them.

use std::process::ExitStatus;
use std::sync::Arc;

use mastic_handoff::{Category, Log, Outcome, Raised, SessionEvent, SessionInput, SessionWork, Tally};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Child;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::events::Events;
use crate::failure::Failure;
use crate::session::Session;

use super::arguments::{self, Special};
use super::bridge::Bridge;
use super::engine::Engine;
use super::files::{self, Folders};
use super::modules;
use super::outcome;
use super::python::{Interpreter, carry};

/// What the process tells, a line each.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Done(Answer),
    Ready { ready: bool },
}

/// What came of a statement.
#[derive(Deserialize)]
struct Answer {
    id: i32,
    text: String,
    error: Option<Raised>,
    cancelled: bool,
}

/// Runs statements until the input ends; it returns when the process ends by itself.
pub(crate) async fn run(
    session: &Arc<Session>,
    work: SessionWork,
    mut words: UnboundedReceiver<SessionInput>,
) -> Result<Tally, Failure> {
    let special = Special::of(&work.arguments)?;
    let folders = Folders::make(&session.scratch)?;
    let engine = Engine::new(session, folders.scratch.join("exchange"), None, work.arguments.clone())?;
    let engine = Arc::new(engine);
    let paths = files::fetch(session, &special, &folders).await?;
    let (program, bridge) = tokio::join!(
        modules::interpreter(session, &work.python, &special, &folders),
        Bridge::open(Arc::clone(session), engine),
    );
    let bridge = bridge?;
    let interpreter =
        Interpreter { program: program?, python: &work.python, bridge: &bridge, folders: &folders };
    let settings = json!({
        "mode": "kernel",
        "arguments": argv(&work),
        "paths": paths,
        "spark": super::spark(session, &special, work.spark_remote.as_deref(), &work.glue_version),
    });
    let (mut child, mut input) = interpreter.start(session, &work.session_id, &settings).await?;
    tokio::spawn(carry(child.stderr.take(), Log::Error, session.events.clone()));
    let hearing = hear(&mut child, &session.events);
    let telling = async {
        while let Some(word) = words.recv().await {
            // A process that does not read has ended, which is heard.
            let _ = input.write_all(format!("{}\n", line(word)).as_bytes()).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = hearing => {}
        () = telling => {}
    }
    let status = child.wait().await.map_err(|error| Failure::new(format!("Python was lost: {error}")))?;
    Err(ended(status, &folders))
}

/// What statements find in `sys.argv`. dbt's adapter looks for the session's id there.
fn argv(work: &SessionWork) -> Vec<String> {
    let mut arguments = work.arguments.clone();
    arguments.insert("--SESSION_ID".to_owned(), work.session_id.clone());
    arguments::flat(arguments)
}

fn line(word: SessionInput) -> Value {
    match word {
        SessionInput::Run { statement, code } => json!({ "id": statement, "code": code }),
        SessionInput::Cancel { statement } => json!({ "cancel": statement }),
    }
}

/// Hands on what the process tells until it has nothing to say any more.
async fn hear(child: &mut Child, events: &Events) {
    let Some(out) = child.stdout.take() else { return };
    let mut lines = BufReader::new(out).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(Told::Done(Answer { id, text, error, cancelled })) => {
                let outcome = Outcome { text, error, cancelled };
                events.session(SessionEvent::Done { statement: id, outcome });
            }
            Ok(Told::Ready { ready: true }) => events.session(SessionEvent::Ready),
            _ => events.output(line),
        }
    }
}

fn ended(status: ExitStatus, folders: &Folders) -> Failure {
    match status.code() {
        Some(code) => {
            let text = format!("The session's Python ended with exit code {code}.");
            Failure::of(Category::SystemExit, text)
        }
        // There is no note of an outcome: that is for scripts.
        None => outcome::of(status, &folders.scratch.join("outcome.json"))
            .err()
            .unwrap_or_else(|| Failure::new("Python ended.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_process_are_told_apart() {
        let ready: Told = serde_json::from_str(r#"{"ready": true}"#).unwrap();
        assert!(matches!(ready, Told::Ready { ready: true }));
        let text = r#"{"id": 2, "text": "a", "error": {"name": "E", "value": "v", "traceback": ["l"]}, "cancelled": true}"#;
        let Told::Done(answer) = serde_json::from_str(text).unwrap() else { panic!("no answer") };
        assert_eq!((answer.id, answer.text.as_str(), answer.cancelled), (2, "a", true));
        assert_eq!(answer.error.unwrap().traceback, ["l"]);
    }

    #[test]
    fn words_are_lines() {
        let run = line(SessionInput::Run { statement: 1, code: "a\nb".to_owned() }).to_string();
        assert_eq!(run, r#"{"code":"a\nb","id":1}"#);
        assert_eq!(line(SessionInput::Cancel { statement: 1 }).to_string(), r#"{"cancel":1}"#);
    }
}
