//! The script of a visual job, stored at the job's script location ("AWS Glue Visual Job API" in the AWS Glue User Guide:
//! nodes that are given have their code generated).

use mastic_api_glue::glue::types::Job;
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_kernel::ports::ReadyObject;

use super::invalid;
use crate::access::account_of;
use crate::draft::location;

/// Writes the job's script, if it has nodes, and readies it for its place: it becomes visible with the definition, and
/// what the caller may not write makes no job. A job that names no place gets the one that AWS Glue Studio gives it,
/// where that bucket exists. A bucket that does not exist keeps no script, and no job from being made.
///
/// # Errors
/// Nodes that no script can say, a location that is none in S3, and that the caller may not write there.
pub(crate) async fn ready(ctx: &Ctx, job: &mut Job) -> Result<Option<ReadyObject>, Fault> {
    let Some(nodes) = job.code_gen_configuration_nodes.as_ref().filter(|nodes| !nodes.is_empty()) else {
        return Ok(None);
    };
    let script = mastic_script::visual(nodes).map_err(|error| invalid(error.to_string()))?;
    let named = job.command.as_ref().and_then(|command| command.script_location.clone());
    let place = match named.filter(|place| !place.is_empty()) {
        Some(place) => place,
        None => of_studio(ctx, job.name.as_deref().unwrap_or_default())?,
    };
    let file = location(&place).filter(|(_, key)| !key.is_empty() && !key.ends_with('/'));
    let (bucket, key) =
        file.ok_or_else(|| invalid(format!("The script location {place} names no file in S3.")))?;
    match ctx.kernel().object_writer()?.ready(ctx, bucket, key, script.into_bytes()).await {
        Ok(ready) => {
            job.command.get_or_insert_default().script_location = Some(place);
            Ok(Some(ready))
        }
        Err(fault) if fault.code() == "NoSuchBucket" => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Where AWS Glue Studio keeps scripts.
fn of_studio(ctx: &Ctx, job: &str) -> Result<String, Fault> {
    let account = account_of(ctx.call())?;
    Ok(format!("s3://aws-glue-assets-{account}-{}/scripts/{job}.py", ctx.region()))
}
