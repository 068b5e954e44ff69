use datafusion::common::DataFusionError;
use datafusion::functions::math::expr_fn::random;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::DataFrame;

use super::fields::{drop, select};
use super::filter::predicate;
use super::wrong;
use crate::plan::{FieldPath, Filter, Spigot};

/// Rows of a sample whose size the author does not say.
const SAMPLE_ROWS: usize = 100;

/// SplitFields: the named fields, and all others.
pub(super) fn split(frame: DataFrame, paths: &[FieldPath]) -> Result<Vec<DataFrame>, DataFusionError> {
    Ok(vec![select(frame.clone(), paths)?, drop(frame, paths)?])
}

/// Route: the rows of each group, then those that are in none. A row may be in several groups.
pub(super) fn route(
    frame: DataFrame,
    groups: &[(String, Filter)],
) -> Result<Vec<DataFrame>, DataFusionError> {
    let taken = groups
        .iter()
        .map(|(group, filter)| {
            predicate(&frame, filter).map_err(|error| match error {
                DataFusionError::Plan(message) => wrong(format!("the group `{group}`: {message}")),
                error => error,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let none = taken.iter().cloned().map(|taken| Expr::IsNotTrue(Box::new(taken))).reduce(Expr::and);
    let none = none.ok_or_else(|| wrong("it has no group"))?;
    taken.into_iter().chain([none]).map(|rows| frame.clone().filter(rows)).collect()
}

/// Spigot: the first rows, or rows by chance.
///
/// # Errors
/// Never, but by DataFusion's signature.
pub(crate) fn sample(frame: DataFrame, spigot: &Spigot) -> Result<DataFrame, DataFusionError> {
    let frame = match spigot.probability {
        Some(probability) if probability < 1.0 => frame.filter(random().lt(lit(probability)))?,
        _ => frame,
    };
    let top = spigot.top.map(|top| usize::try_from(top).unwrap_or(usize::MAX));
    match top.or(spigot.probability.is_none().then_some(SAMPLE_ROWS)) {
        Some(top) => frame.limit(0, Some(top)),
        None => Ok(frame),
    }
}
