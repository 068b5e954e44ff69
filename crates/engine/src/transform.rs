//! Transforms: from frames to a frame.

mod aggregate;
mod collection;
mod dynamic;
mod fields;
mod fill;
mod filter;
mod join;
mod mapping;
mod merge;
pub(crate) mod moments;
mod nulls;
mod pii;
mod predicate;
mod recipe;
mod relationalize;
mod resolve;
mod rows;
mod sql;

pub(crate) use collection::sample;
pub(crate) use fields::{column, exact, names};
pub(crate) use relationalize::places;

use datafusion::common::DataFusionError;
use datafusion::prelude::{DataFrame, SessionContext};

use crate::environment::Environment;
use crate::error::NodeError;
use crate::plan::{Kind, Node};

/// Builds what a transform node answers from what its inputs answer, in their order.
///
/// # Errors
/// The node's settings do not fit its inputs, or, where a node has to look at the data first, what
/// went wrong with that.
pub(crate) async fn apply(
    context: &SessionContext,
    environment: &Environment,
    node: &Node,
    inputs: Vec<DataFrame>,
) -> Result<DataFrame, DataFusionError> {
    let mut inputs = inputs.into_iter();
    let mut next = || inputs.next().ok_or_else(|| wrong("an input is missing"));
    match &node.kind {
        Kind::ApplyMapping(mappings) => mapping::apply(next()?, mappings),
        Kind::SelectFields(paths) => fields::select(next()?, paths),
        Kind::DropFields(paths) => fields::drop(next()?, paths),
        Kind::RenameField { from, to } => fields::rename(next()?, from, to),
        Kind::Filter(filter) => filter::apply(next()?, filter),
        Kind::Where(kept) => predicate::apply(next()?, kept),
        Kind::Join(join) => join::apply(next()?, next()?, join),
        Kind::Aggregate(aggregate) => aggregate::apply(next()?, aggregate),
        Kind::DropDuplicates(paths) => rows::distinct(next()?, paths),
        Kind::Union(kind) => rows::union(next()?, next()?, *kind),
        Kind::Sql(query) => sql::apply(context, &node.inputs, inputs.collect(), query).await,
        Kind::FillMissingValues { imputed, filled } => fill::apply(next()?, imputed, filled.as_deref()),
        Kind::DropNullFields(rules) => nulls::apply(next()?, rules).await,
        Kind::Merge(merge) => merge::apply(&node.inputs, next()?, next()?, merge),
        Kind::Dynamic(dynamic) => {
            let now = environment.clock.now().millis().saturating_mul(1000);
            dynamic::apply(context, now, next()?, dynamic).await
        }
        Kind::PiiDetection(detection) => pii::apply(next()?, detection).await,
        Kind::Recipe(steps) => recipe::apply(context, next()?, steps).await,
        _ => Err(wrong("it is no transform")),
    }
    .map_err(|error| named(node, error))
}

/// Builds the frames of a node that answers a collection. Its input is read once for all of them.
///
/// # Errors
/// The node's settings do not fit its input.
pub(crate) fn collection(
    context: &SessionContext,
    node: &Node,
    input: DataFrame,
) -> Result<Vec<DataFrame>, DataFusionError> {
    match &node.kind {
        Kind::SplitFields(paths) => collection::split(input, paths),
        Kind::Route(groups) => collection::route(input, groups),
        Kind::Relationalize { root } => {
            let tables = relationalize::apply(context, &node.name, input, root)?;
            Ok(tables.into_iter().map(|(_, frame)| frame).collect())
        }
        _ => Err(wrong("it answers no collection")),
    }
    .map_err(|error| named(node, error))
}

fn named(node: &Node, error: DataFusionError) -> DataFusionError {
    match error {
        DataFusionError::Plan(message) => NodeError::new(&node.name, message).into(),
        error => error,
    }
}

/// The node's settings are wrong, as `message` says.
fn wrong(message: impl Into<String>) -> DataFusionError {
    DataFusionError::Plan(message.into())
}
