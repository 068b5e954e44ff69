//! What no job can be, and what AWS fills in where a definition is silent. Sources: "Jobs" (AWS Glue Web API Reference),
//! "AWS Glue job parameters" and "Configuring job properties for Spark jobs in AWS Glue" (AWS Glue Developer Guide).

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::*;
use mastic_core::Fault;
use mastic_kernel::Ctx;

use super::capacity::Size;
use super::invalid;
use crate::node;

/// The version of a job that does not say.
const NEWEST: &str = "5.1";

/// The versions there are. Python shell jobs have 1.0 to 3.0 and pay them no heed, Ray jobs 4.0.
const VERSIONS: [&str; 8] = ["0.9", "1.0", "2.0", "3.0", "4.0", "5.0", "5.1", "6.0"];

/// Minutes that a run may take at most: seven days.
const LONGEST: i32 = 10_080;

const MOST_RETRIES: i32 = 10;

/// Bytes that a job's arguments may take.
const ARGUMENTS: usize = 260 << 10;

/// The kinds of jobs, as `Command` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Spark,
    Streaming,
    PythonShell,
    Ray,
}

impl Kind {
    pub(crate) fn parse(name: Option<&str>) -> Result<Self, Fault> {
        match name.unwrap_or_default() {
            "glueetl" => Ok(Self::Spark),
            "gluestreaming" => Ok(Self::Streaming),
            "pythonshell" => Ok(Self::PythonShell),
            "glueray" => Ok(Self::Ray),
            "" => {
                Err(invalid("A job's Command needs a Name: glueetl, gluestreaming, pythonshell or glueray."))
            }
            other => Err(invalid(format!(
                "There is no Job Command {other}: it is glueetl, gluestreaming, pythonshell or glueray."
            ))),
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Spark => "glueetl",
            Self::Streaming => "gluestreaming",
            Self::PythonShell => "pythonshell",
            Self::Ray => "glueray",
        }
    }
}

/// The version of a definition that has been completed.
pub(crate) fn version(job: &Job) -> (u32, u32) {
    numbers(job.glue_version.as_deref().unwrap_or(NEWEST))
}

fn numbers(text: &str) -> (u32, u32) {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    (major.parse().unwrap_or_default(), minor.parse().unwrap_or_default())
}

/// Fills in the version that is meant where none is named, and refuses one that there is not.
pub(crate) fn glue_version(given: &mut Option<String>) -> Result<(u32, u32), Fault> {
    let text = given.get_or_insert_with(|| NEWEST.to_owned());
    if !VERSIONS.contains(&text.as_str()) {
        return Err(invalid(format!("Glue version {text} is not supported.")));
    }
    Ok(numbers(text))
}

/// Refuses what cannot be and completes the rest.
pub(super) fn complete(ctx: &Ctx, job: &mut Job) -> Result<(), Fault> {
    if let Some(name) = &job.security_configuration {
        security_configuration(ctx, name)?;
    }
    connections(ctx, job.connections.as_ref())?;
    define(job)
}

/// Connections must be there.
pub(crate) fn connections(ctx: &Ctx, list: Option<&ConnectionsList>) -> Result<(), Fault> {
    for name in list.iter().flat_map(|list| list.connections.iter().flatten()) {
        if !ctx.kernel().tables()?.connection(ctx, name)? {
            return Err(invalid(format!(
                "Unable to retrieve connection {name}: Connection {name} not found."
            )));
        }
    }
    Ok(())
}

/// A security configuration must be there.
pub(crate) fn security_configuration(ctx: &Ctx, name: &str) -> Result<(), Fault> {
    match ctx.kernel().tables()?.security_configuration(ctx, name)? {
        true => Ok(()),
        false => Err(invalid(format!("Security configuration with name {name} does not exist."))),
    }
}

fn define(job: &mut Job) -> Result<(), Fault> {
    let Some(command) = &job.command else {
        return Err(invalid("A job needs a Command."));
    };
    let kind = Kind::parse(command.name.as_deref())?;
    let nodes = job.code_gen_configuration_nodes.as_ref().filter(|nodes| !nodes.is_empty());
    if let Some(nodes) = nodes {
        if !matches!(kind, Kind::Spark | Kind::Streaming) {
            let text =
                format!("CodeGenConfigurationNodes are not supported for Job Command {}", kind.as_str());
            return Err(invalid(text));
        }
        node::check(nodes)?;
    }
    if nodes.is_none() && command.script_location.as_deref().unwrap_or_default().is_empty() {
        return Err(invalid("A job needs a Command with a ScriptLocation, or CodeGenConfigurationNodes."));
    }
    let visual = nodes.is_some();
    job.job_mode.get_or_insert(if visual { JobMode::Visual } else { JobMode::Script });
    let version = glue_version(&mut job.glue_version)?;
    let size = Size::of_job(job);
    size.check(kind, version)?;
    execution_class(job.execution_class, kind, version)?;
    if let Some(details) = &mut job.source_control_details {
        // There is no Git provider that it could open, and what is not kept cannot get out.
        details.auth_token = None;
    }
    timeout(job.timeout)?;
    arguments([&job.default_arguments, &job.non_overridable_arguments].into_iter().flatten())?;
    let retries = *job.max_retries.get_or_insert(0);
    if !(0..=MOST_RETRIES).contains(&retries) {
        return Err(invalid(format!("MaxRetries is from 0 to {MOST_RETRIES}, not {retries}.")));
    }
    let concurrent = *job.execution_property.get_or_insert_default().max_concurrent_runs.get_or_insert(1);
    if concurrent < 1 {
        return Err(invalid(format!("MaxConcurrentRuns is at least 1, not {concurrent}.")));
    }
    job.job_run_queuing_enabled.get_or_insert(false);
    job.timeout.get_or_insert(if version >= (5, 0) { 480 } else { 2880 });
    let dpus = size.dpus(kind);
    job.max_capacity = Some(dpus);
    job.allocated_capacity = Some(dpus as i32);
    Ok(())
}

/// Flexible execution is for Spark jobs of newer versions.
pub(crate) fn execution_class(
    class: Option<ExecutionClass>,
    kind: Kind,
    version: (u32, u32),
) -> Result<(), Fault> {
    if class == Some(ExecutionClass::Flex) && (kind != Kind::Spark || version < (3, 0)) {
        return Err(invalid(
            "ExecutionClass FLEX is for jobs of Job Command glueetl and Glue Version 3.0 or later.",
        ));
    }
    Ok(())
}

/// A run ends within seven days.
pub(crate) fn timeout(minutes: Option<i32>) -> Result<(), Fault> {
    match minutes {
        Some(minutes) if minutes > LONGEST => {
            Err(invalid(format!("Timeout is at most {LONGEST} minutes, which are 7 days, not {minutes}.")))
        }
        _ => Ok(()),
    }
}

/// Arguments have a size in all.
pub(crate) fn arguments<'a>(maps: impl Iterator<Item = &'a BTreeMap<String, String>>) -> Result<(), Fault> {
    let bytes: usize = maps.flatten().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > ARGUMENTS {
        return Err(invalid(format!("The job's arguments have {bytes} bytes; {ARGUMENTS} are allowed.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(name: &str) -> Job {
        let command = JobCommand {
            name: Some(name.to_owned()),
            script_location: Some("s3://b/s.py".to_owned()),
            ..JobCommand::default()
        };
        Job { command: Some(command), ..Job::default() }
    }

    fn defined(mut job: Job) -> Result<Job, String> {
        define(&mut job).map(|()| job).map_err(|fault| fault.message().to_owned())
    }

    #[test]
    fn what_is_silent_is_filled_in() {
        let job = defined(script("glueetl")).unwrap();
        assert_eq!((job.glue_version.as_deref(), job.timeout), (Some("5.1"), Some(480)));
        assert_eq!((job.max_capacity, job.allocated_capacity), (Some(10.0), Some(10)));
        assert_eq!((job.max_retries, job.job_mode), (Some(0), Some(JobMode::Script)));
        assert_eq!(job.execution_property.unwrap().max_concurrent_runs, Some(1));
        let older = defined(Job { glue_version: Some("4.0".to_owned()), ..script("glueetl") }).unwrap();
        assert_eq!(older.timeout, Some(2880));
        let shell = defined(script("pythonshell")).unwrap();
        assert_eq!((shell.max_capacity, shell.allocated_capacity), (Some(0.0625), Some(0)));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let some = |number| Some(number);
        let property = ExecutionProperty { max_concurrent_runs: Some(0) };
        let long = BTreeMap::from([("--a".to_owned(), "x".repeat(ARGUMENTS))]);
        for (job, said) in [
            (script("gluemagic"), "There is no Job Command gluemagic"),
            (script(""), "needs a Name"),
            (Job::default(), "needs a Command"),
            (Job { glue_version: Some("7.0".to_owned()), ..script("glueetl") }, "Glue version 7.0"),
            (Job { timeout: some(10_081), ..script("glueetl") }, "10080 minutes"),
            (Job { max_retries: some(11), ..script("glueetl") }, "MaxRetries is from 0 to 10"),
            (Job { max_retries: some(-1), ..script("glueetl") }, "MaxRetries"),
            (Job { execution_property: Some(property), ..script("glueetl") }, "MaxConcurrentRuns"),
            (Job { default_arguments: Some(long), ..script("glueetl") }, "are allowed"),
            (Job { execution_class: Some(ExecutionClass::Flex), ..script("pythonshell") }, "FLEX"),
        ] {
            let refusal = defined(job).unwrap_err();
            assert!(refusal.contains(said), "{refusal}");
        }
    }
}
