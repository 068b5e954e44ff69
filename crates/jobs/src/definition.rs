//! Job definitions: `CreateJob` to `BatchGetJobs`.

mod capacity;
mod check;

use std::sync::Arc;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Arn, Fault, Timestamp};
use mastic_kernel::{Access, Ctx, Need, Registry, tags};
use mastic_store::ReadTx;

use crate::limits::Limits;
use crate::records::{JOBS, JobRecord, NameKey};
use crate::{Jobs, access, bookmark, page, script};

pub(crate) use capacity::{Size, memory};
pub(crate) use check::{
    Kind, arguments, connections, execution_class, glue_version, security_configuration, timeout, version,
};

impl Jobs {
    pub(crate) fn register_definitions(self: &Arc<Self>, registry: &mut Registry) {
        registry.on::<op::CreateJob, _, _>(
            |call, input| {
                let need = Need::new("glue:CreateJob", access::job_arn(call, &input.name)?.as_str());
                access::with_role(call, access::with_tags(need, input.tags.as_ref()), Some(&input.role))
            },
            |ctx, input| async move { create(&ctx, input).await },
        );
        registry.on::<op::UpdateJob, _, _>(
            |call, input| {
                let access = access::job(call, "UpdateJob", &input.job_name)?;
                access::with_role(call, access, input.job_update.role.as_deref())
            },
            |ctx, input| async move { update(&ctx, input).await },
        );
        registry.on::<op::DeleteJob, _, _>(
            |call, input| access::job(call, "DeleteJob", &input.job_name),
            |ctx, input| async move { delete(&ctx, input).await },
        );
        registry.on::<op::GetJob, _, _>(
            |call, input| access::job(call, "GetJob", &input.job_name),
            |ctx, input| async move {
                let found = ctx.read(|tx| Ok::<_, Fault>(JOBS.get(tx, &key(&ctx, &input.job_name)?)?))?;
                let record = found.ok_or_else(|| missing(&input.job_name))?;
                Ok(GetJobResponse { job: Some(record.job) })
            },
        );
        registry.on::<op::GetJobs, _, _>(
            |_, _| Ok(access::any("GetJobs")),
            |ctx, input| async move {
                let limit = page::limit(input.max_results, 1000);
                let (jobs, next_token) =
                    list(&ctx, input.next_token.as_deref(), limit, |_, r| Ok(Some(r.job)))?;
                Ok(GetJobsResponse { jobs: Some(jobs), next_token })
            },
        );
        registry.on::<op::ListJobs, _, _>(
            |_, _| Ok(access::any("ListJobs")),
            |ctx, input| async move {
                let limit = page::limit(input.max_results, 1000);
                let wanted = input.tags.unwrap_or_default();
                let (names, next_token) = list(&ctx, input.next_token.as_deref(), limit, |tx, record| {
                    let Some(name) = record.job.name else { return Ok(None) };
                    let arn = access::job_arn(ctx.call(), &name)?;
                    Ok(access::carries(tx, &arn, &wanted)?.then_some(name))
                })?;
                Ok(ListJobsResponse { job_names: Some(names), next_token })
            },
        );
        registry.on::<op::BatchGetJobs, _, _>(
            |_, _| Ok(Access::PerEntry),
            |ctx, input| async move {
                let needs = input.job_names.iter().map(|name| {
                    Ok(Need::new("glue:BatchGetJobs", access::job_arn(ctx.call(), name)?.as_str()))
                });
                ctx.authorize(&needs.collect::<Result<Vec<_>, Fault>>()?)?;
                let mut jobs = Vec::new();
                let mut jobs_not_found = Vec::new();
                for name in input.job_names {
                    match ctx.read(|tx| Ok::<_, Fault>(JOBS.get(tx, &key(&ctx, &name)?)?))? {
                        Some(record) => jobs.push(record.job),
                        None => jobs_not_found.push(name),
                    }
                }
                Ok(BatchGetJobsResponse { jobs: Some(jobs), jobs_not_found: Some(jobs_not_found) })
            },
        );
    }
}

pub(crate) fn key(ctx: &Ctx, name: &str) -> Result<NameKey, Fault> {
    Ok((ctx.account()?.to_string(), ctx.region().to_string(), name.to_owned()))
}

pub(crate) fn missing(name: &str) -> Fault {
    Fault::sender("EntityNotFoundException", format!("Job {name} not found."))
}

fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInputException", text)
}

fn list<T>(
    ctx: &Ctx,
    token: Option<&str>,
    limit: usize,
    mut keep: impl FnMut(&ReadTx<'_>, JobRecord) -> Result<Option<T>, Fault>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let (account, region, _) = key(ctx, "")?;
    ctx.read(|tx| {
        let range = page::after(JOBS.prefix((account.as_str(), region.as_str())), token)?;
        page::take(&JOBS, JOBS.scan(tx, range), limit, |_, record| keep(tx, record))
    })
}

/// The parts of a definition that creation and update share.
struct Definition {
    job: Job,
    role: Arn,
}

fn define(ctx: &Ctx, mut job: Job) -> Result<Definition, Fault> {
    if let Some(limits) = Limits::of(ctx)? {
        limits.define(&mut job)?;
    }
    check::complete(ctx, &mut job)?;
    let role = job.role.clone().unwrap_or_default();
    let source = access::job_arn(ctx.call(), job.name.as_deref().unwrap_or_default())?;
    let role = access::pass_role(ctx, &role, &source, |arn| {
        invalid(format!("Role {arn} should be given assume role permissions for Glue Service."))
    })?;
    Ok(Definition { job, role })
}

async fn create(ctx: &Ctx, input: CreateJobRequest) -> Result<CreateJobResponse, Fault> {
    let name = input.name.clone();
    let now = ctx.now();
    let job = Job {
        name: Some(input.name),
        job_mode: input.job_mode,
        job_run_queuing_enabled: input.job_run_queuing_enabled,
        description: input.description,
        log_uri: input.log_uri,
        role: Some(input.role),
        created_on: Some(now),
        last_modified_on: Some(now),
        execution_property: input.execution_property,
        command: Some(input.command),
        default_arguments: input.default_arguments,
        non_overridable_arguments: input.non_overridable_arguments,
        connections: input.connections,
        max_retries: input.max_retries,
        allocated_capacity: input.allocated_capacity,
        timeout: input.timeout,
        max_capacity: input.max_capacity,
        worker_type: input.worker_type,
        number_of_workers: input.number_of_workers,
        security_configuration: input.security_configuration,
        notification_property: input.notification_property,
        glue_version: input.glue_version,
        code_gen_configuration_nodes: input.code_gen_configuration_nodes,
        execution_class: input.execution_class,
        source_control_details: input.source_control_details,
        maintenance_window: input.maintenance_window,
        profile_name: None,
    };
    let Definition { mut job, role } = define(ctx, job)?;
    let stored = script::ready(ctx, &mut job).await?;
    let at = key(ctx, &name)?;
    let arn = access::job_arn(ctx.call(), &name)?;
    let given = input.tags.unwrap_or_default();
    tags::check(&given)?;
    ctx.write(move |tx| {
        if !JOBS.insert_new(tx, &at, &JobRecord { job, role })? {
            return Err(Fault::sender(
                "AlreadyExistsException",
                format!("Job with name {} already exists.", at.2),
            ));
        }
        stored.map_or(Ok(()), |stored| stored(tx))?;
        Ok(tags::put(tx, &arn, given)?)
    })
    .await?;
    Ok(CreateJobResponse { name: Some(name) })
}

async fn update(ctx: &Ctx, input: UpdateJobRequest) -> Result<UpdateJobResponse, Fault> {
    let at = key(ctx, &input.job_name)?;
    let old = ctx.read(|tx| Ok::<_, Fault>(JOBS.get(tx, &at)?))?.ok_or_else(|| missing(&input.job_name))?;
    let mut new = input.job_update;
    if new.role.is_none() {
        return Err(invalid("A job needs a Role."));
    }
    let drawn = new.code_gen_configuration_nodes.is_some();
    if !drawn {
        new.code_gen_configuration_nodes.clone_from(&old.job.code_gen_configuration_nodes);
    }
    let job = merged(old.job, new, ctx.now());
    let Definition { mut job, role } = define(ctx, job)?;
    let stored = if drawn { script::ready(ctx, &mut job).await? } else { None };
    ctx.write(move |tx| {
        if !JOBS.contains(tx, &at)? {
            return Err(missing(&at.2));
        }
        stored.map_or(Ok(()), |stored| stored(tx))?;
        Ok::<_, Fault>(JOBS.put(tx, &at, &JobRecord { job, role })?)
    })
    .await?;
    Ok(UpdateJobResponse { job_name: Some(input.job_name) })
}

/// An update overwrites the whole definition but for the Glue version, which it may leave out ("UpdateJob" and
/// "JobUpdate", AWS Glue API reference), and the nodes, which only empty ones remove ("AWS Glue Visual Job API" in the
/// AWS Glue User Guide).
fn merged(old: Job, new: JobUpdate, now: Timestamp) -> Job {
    Job {
        name: old.name,
        job_mode: new.job_mode,
        job_run_queuing_enabled: new.job_run_queuing_enabled,
        description: new.description,
        log_uri: new.log_uri,
        role: new.role,
        created_on: old.created_on,
        last_modified_on: Some(now),
        execution_property: new.execution_property,
        command: new.command,
        default_arguments: new.default_arguments,
        non_overridable_arguments: new.non_overridable_arguments,
        connections: new.connections,
        max_retries: new.max_retries,
        allocated_capacity: new.allocated_capacity,
        timeout: new.timeout,
        max_capacity: new.max_capacity,
        worker_type: new.worker_type,
        number_of_workers: new.number_of_workers,
        security_configuration: new.security_configuration,
        notification_property: new.notification_property,
        glue_version: new.glue_version.or(old.glue_version),
        code_gen_configuration_nodes: new.code_gen_configuration_nodes,
        execution_class: new.execution_class,
        source_control_details: new.source_control_details,
        maintenance_window: new.maintenance_window,
        profile_name: None,
    }
}

async fn delete(ctx: &Ctx, input: DeleteJobRequest) -> Result<DeleteJobResponse, Fault> {
    let at = key(ctx, &input.job_name)?;
    let arn = access::job_arn(ctx.call(), &input.job_name)?;
    // A job that is not there is no error ("DeleteJob", AWS Glue API reference).
    // Past the stage of a run that might call it: nothing of the job's bookmark is left, whatever becomes of the run.
    ctx.write_plain(move |tx| {
        JOBS.delete(tx, &at)?;
        bookmark::delete(tx, &at)?;
        tags::delete(tx, &arn)
    })
    .await?;
    Ok(DeleteJobResponse { job_name: Some(input.job_name) })
}
