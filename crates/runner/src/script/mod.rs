//! A run of a job with a script: fetches it, starts Python as a child, carries its lines, and tells how it ended. Interactive
//! sessions are made of the same ([`mod@kernel`]).
//!
//! Python reaches the server as any client does. What it cannot have by itself it asks of the runner over the
//! [`bridge`]: fresh credentials, and the engine.

mod arguments;
mod bridge;
mod engine;
mod files;
mod kernel;
mod modules;
mod outcome;
mod paths;
mod python;

use std::sync::Arc;

use mastic_handoff::{ScriptKind, ScriptWork, Tally};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::session::Session;

use arguments::Special;
use bridge::Bridge;
use engine::Engine;
use files::Folders;
pub(crate) use kernel::run as kernel;
use python::Interpreter;
pub(crate) use python::end_all;

/// Runs the script.
pub(crate) async fn run(session: &Arc<Session>, work: ScriptWork) -> Result<Tally, Failure> {
    let done = script(session, &work).await;
    if let Err(failure) = &done {
        session.events.error(format!("Job run failed: {failure}"));
    }
    done
}

async fn script(session: &Arc<Session>, work: &ScriptWork) -> Result<Tally, Failure> {
    let special = Special::of(&work.arguments)?;
    special.idle.iter().for_each(|line| session.events.error(line));
    let folders = Folders::make(&session.scratch)?;
    let (exchange, job_name) = (folders.scratch.join("exchange"), Some(work.job_name.clone()));
    let engine = Arc::new(Engine::new(session, exchange, job_name, work.arguments.clone())?);
    let script = files::fetch_script(session, &work.source, &work.job_name, &folders).await?;
    let paths = files::fetch(session, &special, &folders).await?;
    let (interpreter, bridge) = tokio::join!(
        modules::interpreter(session, &work.python, &special, &folders),
        Bridge::open(Arc::clone(session), Arc::clone(&engine)),
    );
    let bridge = bridge?;
    let interpreter =
        Interpreter { program: interpreter?, python: &work.python, bridge: &bridge, folders: &folders };
    let outcome = folders.scratch.join("outcome.json");
    let spark = match work.kind {
        ScriptKind::Spark => spark(session, &special, work.spark_remote.as_deref(), &work.glue_version),
        ScriptKind::PythonShell => Value::Null,
    };
    let settings = json!({
        "mode": "script",
        "glue_version": work.glue_version,
        "script": script,
        "arguments": arguments::argv(work),
        "paths": paths,
        "spark": spark,
        "outcome": outcome,
    });
    let status = interpreter.run(session, &work.job_name, &settings).await?;
    outcome::of(status, &outcome)?;
    Ok(engine.tally())
}

/// What `mastic_host` needs to know of Spark.
fn spark(session: &Session, special: &Special<'_>, remote: Option<&str>, version: &str) -> Value {
    let mut conf = special.conf.clone();
    // Spark 3 makes null of what cannot be cast, Spark 4 fails; Glue has Spark 4 from version 6 on.
    let major = version.split('.').next().and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < 6) {
        conf.entry("spark.sql.ansi.enabled".to_owned()).or_insert_with(|| "false".to_owned());
    }
    json!({
        "remote": special.spark_remote.or(remote),
        "conf": conf,
        "catalog": special.glue_catalog,
        "region": session.region,
        "endpoint": session.client.endpoint(),
    })
}
