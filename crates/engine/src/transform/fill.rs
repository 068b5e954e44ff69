use datafusion::common::{DataFusionError, JoinType};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{avg, count};
use datafusion::logical_expr::{Expr, lit, when};
use datafusion::prelude::DataFrame;

use super::fields::{column, exact, names};
use super::wrong;
use crate::cast::glue_cast;
use crate::plan::FieldPath;
use crate::types::is_text;

const FILL: &str = "__fill";

/// FillMissingValues: a copy of the column in which gaps (null, in text also nothing) hold the mean of the numbers, or the most
/// frequent of other values.
pub(super) fn apply(
    frame: DataFrame,
    path: &FieldPath,
    filled: Option<&str>,
) -> Result<DataFrame, DataFusionError> {
    let (value, of) = column(&frame, path)?;
    let Some(last) = path.last() else { return Err(wrong("the imputed path is empty")) };
    let filled = filled.map_or_else(|| format!("{last}_filled"), str::to_owned);
    let text = is_text(&of);
    let value = if text { when(value.clone().not_eq(lit("")), value).end()? } else { value };
    let others = names(&frame);
    let fill = if of.is_numeric() {
        frame.clone().aggregate(vec![], vec![avg(value.clone()).alias(FILL)])?
    } else {
        let counted = frame
            .clone()
            .filter(value.clone().is_not_null())?
            .aggregate(vec![value.clone().alias(FILL)], vec![count(lit(1)).alias("__count")])?
            .sort(vec![exact("__count").sort(false, false), exact(FILL).sort(true, false)])?
            .limit(0, Some(1))?;
        counted.select(vec![exact(FILL)])?
    };
    let joined = frame.join_on(fill, JoinType::Left, vec![lit(true)])?;
    let fill = if of.is_numeric() { glue_cast(exact(FILL), &of) } else { exact(FILL) };
    let mut out: Vec<Expr> = others.iter().filter(|name| **name != filled).map(|name| exact(name)).collect();
    out.push(coalesce(vec![value, fill]).alias(filled));
    joined.select(out)
}
