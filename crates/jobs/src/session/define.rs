//! What no session can be, and what is filled in where its request is silent.

use std::iter::once;

use mastic_api_glue::glue::types::*;
use mastic_core::Fault;
use mastic_handoff::bytes_of;
use mastic_kernel::Ctx;

use super::SessionRecord;
use crate::definition::{self, Kind, Size};
use crate::limits::Limits;
use crate::{access, start};

/// Minutes of a session that does not say: 48 hours.
const LASTS: i32 = 2880;

/// Workers of a session that does not say ("Configuring AWS Glue interactive sessions for Jupyter and AWS Glue Studio
/// notebooks", AWS Glue User Guide).
const WORKERS: i32 = 5;

fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInputException", text)
}

/// The session that a request asks for, whose process is called `run`.
pub(super) fn define(ctx: &Ctx, mut input: CreateSessionRequest, run: &str) -> Result<SessionRecord, Fault> {
    let profile = match Limits::of_sessions(ctx)? {
        Some(limits) => Some(limits.begin(&mut input)?),
        None => None,
    };
    if let Some(name) = &input.security_configuration {
        definition::security_configuration(ctx, name)?;
    }
    definition::connections(ctx, input.connections.as_ref())?;
    let complete = complete(&mut input)?;
    let source = access::session_arn(ctx.call(), &input.id)?;
    let role = access::pass_role(ctx, &input.role, &source, |arn| {
        invalid(format!("Role {arn} should be given assume role permissions for Glue Service."))
    })?;
    let Complete { dpus, memory, timeout } = complete;
    let session = Session {
        id: Some(input.id),
        created_on: Some(ctx.now()),
        status: Some(SessionStatus::Provisioning),
        error_message: None,
        description: input.description,
        role: Some(role.to_string()),
        command: Some(input.command),
        default_arguments: Some(input.default_arguments.unwrap_or_default()),
        connections: input.connections,
        progress: Some(0.0),
        max_capacity: Some(dpus),
        security_configuration: input.security_configuration,
        glue_version: input.glue_version,
        number_of_workers: input.number_of_workers,
        worker_type: input.worker_type,
        completed_on: None,
        execution_time: Some(0.0),
        dpu_seconds: Some(0.0),
        idle_timeout: input.idle_timeout,
        profile_name: profile,
    };
    Ok(SessionRecord { session, role, run: run.to_owned(), timeout, memory, began: None, statements: 0 })
}

/// What follows from a request.
#[derive(Debug, PartialEq)]
struct Complete {
    dpus: f64,
    memory: (u64, String),
    /// Minutes.
    timeout: i32,
}

fn complete(input: &mut CreateSessionRequest) -> Result<Complete, Fault> {
    let kind = kind(&input.command)?;
    let version = definition::glue_version(&mut input.glue_version)?;
    if version < (2, 0) {
        return Err(invalid("Interactive sessions need Glue version 2.0 or later."));
    }
    if input.max_capacity.is_none() {
        input.worker_type.get_or_insert(WorkerType::G1x);
        input.number_of_workers.get_or_insert(WORKERS);
    }
    let size = Size {
        allocated: None,
        max: input.max_capacity,
        worker: input.worker_type,
        workers: input.number_of_workers,
    };
    size.check(kind, version)?;
    for minutes in [input.timeout, input.idle_timeout] {
        definition::timeout(minutes)?;
    }
    let timeout = *input.timeout.get_or_insert(LASTS);
    input.idle_timeout.get_or_insert(timeout);
    let arguments = input.default_arguments.get_or_insert_default();
    definition::arguments(once(&*arguments))?;
    for name in ["--session-language", "--job-language"] {
        if let Some(language) = arguments.get(name).filter(|language| *language != "python") {
            let text =
                format!("{name} {language} is not supported: sessions of this server run Python statements.");
            return Err(invalid(text));
        }
    }
    let asked = arguments.get(start::MEMORY).map(|text| bytes_of(start::MEMORY, text)).transpose();
    let asked = asked.map_err(invalid)?;
    let worker = JobRun { worker_type: input.worker_type, ..JobRun::default() };
    let (of_whom, bytes) = definition::memory(&worker, None);
    let memory = asked.map_or((bytes, of_whom), |bytes| (bytes, start::MEMORY.to_owned()));
    Ok(Complete { dpus: size.dpus(kind), memory, timeout })
}

fn kind(command: &SessionCommand) -> Result<Kind, Fault> {
    let kind = match command.name.as_deref().unwrap_or_default() {
        "glueetl" => Kind::Spark,
        "gluestreaming" => Kind::Streaming,
        "glueray" => {
            return Err(invalid("Ray sessions (Command glueray) are not supported: use glueetl."));
        }
        "" => return Err(invalid("A session's Command needs a Name: glueetl or gluestreaming.")),
        other => {
            let text = format!("There is no session Command {other}: it is glueetl or gluestreaming.");
            return Err(invalid(text));
        }
    };
    match command.python_version.as_deref() {
        Some("2") => Err(invalid("PythonVersion 2 is not supported: sessions run Python 3.")),
        _ => Ok(kind),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn request() -> CreateSessionRequest {
        let command =
            SessionCommand { name: Some("glueetl".to_owned()), python_version: Some("3".to_owned()) };
        CreateSessionRequest { id: "s".to_owned(), command, ..CreateSessionRequest::default() }
    }

    fn with(name: &str, value: &str) -> CreateSessionRequest {
        let arguments = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        CreateSessionRequest { default_arguments: Some(arguments), ..request() }
    }

    #[test]
    fn what_is_silent_is_filled_in() {
        let mut silent = request();
        let complete_ = complete(&mut silent).unwrap();
        let memory = (16 << 30, "worker type G.1X".to_owned());
        assert_eq!(complete_, Complete { dpus: 5.0, memory, timeout: 2880 });
        assert_eq!((silent.worker_type, silent.number_of_workers), (Some(WorkerType::G1x), Some(5)));
        assert_eq!((silent.timeout, silent.idle_timeout), (Some(2880), Some(2880)));
        let mut half = CreateSessionRequest { number_of_workers: Some(2), timeout: Some(9), ..request() };
        assert_eq!(complete(&mut half).unwrap().dpus, 2.0);
        assert_eq!((half.worker_type, half.idle_timeout), (Some(WorkerType::G1x), Some(9)));
        let mut capacity = CreateSessionRequest { max_capacity: Some(3.0), ..request() };
        assert_eq!(complete(&mut capacity).unwrap().dpus, 3.0);
        assert_eq!((capacity.worker_type, capacity.number_of_workers), (None, None));
        let mut small = with(start::MEMORY, "512m");
        assert_eq!(complete(&mut small).unwrap().memory, (512 << 20, start::MEMORY.to_owned()));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let command = |name: &str, python: &str| CreateSessionRequest {
            command: SessionCommand { name: Some(name.to_owned()), python_version: Some(python.to_owned()) },
            ..request()
        };
        for (mut request, said) in [
            (command("glueray", "3.9"), "Ray sessions"),
            (command("pythonshell", "3"), "no session Command pythonshell"),
            (command("", "3"), "needs a Name"),
            (command("glueetl", "2"), "PythonVersion 2"),
            (CreateSessionRequest { glue_version: Some("1.0".to_owned()), ..request() }, "2.0 or later"),
            (CreateSessionRequest { glue_version: Some("7.0".to_owned()), ..request() }, "Glue version 7.0"),
            (CreateSessionRequest { idle_timeout: Some(10_081), ..request() }, "10080 minutes"),
            (CreateSessionRequest { number_of_workers: Some(1), ..request() }, "minimum allowed value"),
            (
                CreateSessionRequest {
                    max_capacity: Some(2.0),
                    worker_type: Some(WorkerType::G1x),
                    ..request()
                },
                "do not set Max Capacity",
            ),
            (with("--session-language", "scala"), "--session-language scala"),
            (with(start::MEMORY, "much"), start::MEMORY),
        ] {
            let refusal = complete(&mut request).unwrap_err();
            assert!(refusal.message().contains(said), "{refusal}");
        }
    }
}
