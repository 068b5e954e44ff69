//! Development endpoints, which AWS itself has left behind: every operation on them says what to use.

use mastic_api_glue::glue::{op, types::*};
use mastic_core::Fault;
use mastic_kernel::{Access, Need, Registry};

use crate::access;

/// What everybody is told.
const INSTEAD: &str = "Development endpoints are not supported. Use an interactive session in place of one: CreateSession, \
     RunStatement and GetStatement, or a notebook with the Jupyter kernel aws-glue-sessions.";

fn refused<T>() -> Result<T, Fault> {
    Err(Fault::sender("InvalidInputException", INSTEAD))
}

pub(super) fn register(registry: &mut Registry) {
    registry.on::<op::CreateDevEndpoint, _, _>(
        |call, input: &CreateDevEndpointRequest| {
            let need = access::with_tags(Need::new("glue:CreateDevEndpoint", "*"), input.tags.as_ref());
            access::with_role(call, need, Some(&input.role_arn))
        },
        |_, _| async { refused() },
    );
    registry.on::<op::GetDevEndpoint, _, _>(
        |call, input| access::dev_endpoint(call, "GetDevEndpoint", &input.endpoint_name),
        |_, _| async { refused() },
    );
    registry.on::<op::UpdateDevEndpoint, _, _>(
        |call, input| access::dev_endpoint(call, "UpdateDevEndpoint", &input.endpoint_name),
        |_, _| async { refused() },
    );
    registry.on::<op::DeleteDevEndpoint, _, _>(
        |call, input| access::dev_endpoint(call, "DeleteDevEndpoint", &input.endpoint_name),
        |_, _| async { refused() },
    );
    registry.on::<op::GetDevEndpoints, _, _>(
        |_, _| Ok(access::any("GetDevEndpoints")),
        |_, _| async { refused() },
    );
    registry.on::<op::ListDevEndpoints, _, _>(
        |_, _| Ok(access::any("ListDevEndpoints")),
        |_, _| async { refused() },
    );
    registry.on::<op::BatchGetDevEndpoints, _, _>(
        |call, input| {
            let needs = input.dev_endpoint_names.iter().map(|name| {
                match access::dev_endpoint(call, "BatchGetDevEndpoints", name)? {
                    Access::All(needs) => Ok(needs),
                    _ => Ok(Vec::new()),
                }
            });
            Ok(Access::All(needs.collect::<Result<Vec<_>, Fault>>()?.concat()))
        },
        |_, _| async { refused() },
    );
}
