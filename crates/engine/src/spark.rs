//! Spark's SQL on DataFusion: functions that it lacks or answers otherwise, and the rewriting of queries.
//!
//! `datafusion-spark` has many of Spark's functions; what is here takes precedence over it.

mod dialect;
mod function;
mod json;
mod pattern;
mod rewrite;
mod select;
mod text;
mod time;
mod value;

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion_spark::planner::SparkFunctionPlanner;

pub(crate) use dialect::SparkDialect;
pub(crate) use rewrite::Rewrite;
pub(crate) use text::compiled;

use crate::transform::{moments, places};

/// A state in which Spark's functions answer as Spark's do. It must have DataFusion's own already.
pub(crate) fn with_functions(mut builder: SessionStateBuilder) -> SessionStateBuilder {
    builder.expr_planners().get_or_insert_default().insert(0, Arc::new(SparkFunctionPlanner));
    let scalars = builder.scalar_functions().get_or_insert_default();
    scalars.extend(datafusion_spark::all_default_scalar_functions());
    scalars.extend(functions().into_iter().map(Arc::new));
    let aggregates = builder.aggregate_functions().get_or_insert_default();
    aggregates.extend(datafusion_spark::all_default_aggregate_functions());
    aggregates.extend(moments::functions().into_iter().map(Arc::<AggregateUDF>::new));
    builder
}

/// Our own functions, by the names that rewritten queries use.
fn functions() -> Vec<ScalarUDF> {
    let all = [text::functions(), time::functions(), value::functions(), json::functions()];
    all.into_iter().flatten().map(function::Definition::udf).chain([places()]).collect()
}

/// One of our own functions.
pub(crate) fn named(name: &str) -> Option<ScalarUDF> {
    functions().into_iter().find(|function| function.name() == name)
}
