use datafusion::common::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::prelude::DataFrame;

use super::fields::{column, exact, names};
use super::wrong;
use crate::plan::{FieldPath, UnionType};

/// DropDuplicates: one row of those that are equal in the named fields, or in all.
pub(super) fn distinct(frame: DataFrame, paths: &[FieldPath]) -> Result<DataFrame, DataFusionError> {
    if paths.is_empty() {
        return frame.distinct();
    }
    let keys =
        paths.iter().map(|path| Ok(column(&frame, path)?.0)).collect::<Result<Vec<_>, DataFusionError>>()?;
    let all: Vec<Expr> = names(&frame).iter().map(|name| exact(name)).collect();
    frame.distinct_on(keys, all, None)
}

/// Union: column by column, by position; the names are the first input's.
pub(super) fn union(
    first: DataFrame,
    second: DataFrame,
    kind: UnionType,
) -> Result<DataFrame, DataFusionError> {
    let (left, right) = (names(&first), names(&second));
    if left.len() != right.len() {
        return Err(wrong(format!("its inputs have {} and {} columns", left.len(), right.len())));
    }
    match kind {
        UnionType::All => first.union(second),
        UnionType::Distinct => first.union_distinct(second),
    }
}
