//! `CreateScript`, `GetDataflowGraph` and `GetPlan` ("Autogenerating ETL scripts API", AWS Glue web API).

use mastic_api_glue::glue::{op, types::*};
use mastic_core::Fault;
use mastic_kernel::Registry;
use mastic_script::{GraphError, Plan, annotated, graph};

use super::{check_language, invalid};
use crate::access;

pub(super) fn register(registry: &mut Registry) {
    registry.on::<op::CreateScript, _, _>(
        |_, _| Ok(access::any("CreateScript")),
        |_, input| async move { create(&input) },
    );
    registry.on::<op::GetDataflowGraph, _, _>(
        |_, _| Ok(access::any("GetDataflowGraph")),
        |_, input| async move { read(&input) },
    );
    registry
        .on::<op::GetPlan, _, _>(|_, _| Ok(access::any("GetPlan")), |_, input| async move { plan(&input) });
}

fn wrong(error: GraphError) -> Fault {
    invalid(error.to_string())
}

fn create(input: &CreateScriptRequest) -> Result<CreateScriptResponse, Fault> {
    check_language(input.language)?;
    let (nodes, edges) = (input.dag_nodes.as_deref(), input.dag_edges.as_deref());
    let script = annotated(nodes.unwrap_or_default(), edges.unwrap_or_default()).map_err(wrong)?;
    Ok(CreateScriptResponse { python_script: Some(script), scala_code: None })
}

fn read(input: &GetDataflowGraphRequest) -> Result<GetDataflowGraphResponse, Fault> {
    let script = input.python_script.as_deref().ok_or_else(|| invalid("PythonScript is missing."))?;
    let (nodes, edges) = graph(script).map_err(wrong)?;
    Ok(GetDataflowGraphResponse { dag_nodes: Some(nodes), dag_edges: Some(edges) })
}

fn plan(input: &GetPlanRequest) -> Result<GetPlanResponse, Fault> {
    check_language(input.language)?;
    let plan = Plan {
        source: &input.source,
        mapping: &input.mapping,
        sinks: input.sinks.as_deref().unwrap_or_default(),
        location: input.location.as_ref(),
        options: &input.additional_plan_options_map.clone().unwrap_or_default(),
    };
    let (nodes, edges) = plan.graph().map_err(wrong)?;
    let script = annotated(&nodes, &edges).map_err(wrong)?;
    Ok(GetPlanResponse { python_script: Some(script), scala_code: None })
}
