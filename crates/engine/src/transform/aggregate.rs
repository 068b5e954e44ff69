use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::functions_aggregate::expr_fn;
use datafusion::logical_expr::Expr;
use datafusion::prelude::DataFrame;

use super::fields::{column, exact};
use super::moments::{kurtosis, skewness};
use super::wrong;
use crate::cast::glue_cast;
use crate::plan::{Aggregate, AggregateFunction};
use crate::types::is_text;

/// Aggregate: the groups, then one column per function, named as Spark names it: `avg(delay)`.
pub(super) fn apply(frame: DataFrame, aggregate: &Aggregate) -> Result<DataFrame, DataFusionError> {
    let mut groups = Vec::new();
    let mut out: Vec<Expr> = Vec::new();
    for path in &aggregate.groups {
        let (expr, _) = column(&frame, path)?;
        let Some(name) = path.last() else { return Err(wrong("a group's path is empty")) };
        groups.push(expr.alias(name));
        out.push(exact(name));
    }
    let mut aggregates = Vec::new();
    for (path, function) in &aggregate.aggregates {
        let (expr, of) = column(&frame, path)?;
        let (expr, name) = call(expr, &of, *function, &path.join("."));
        if !aggregates.iter().any(|(_, taken)| *taken == name) {
            out.push(exact(&name));
            aggregates.push((expr.alias(&name), name));
        }
    }
    if aggregates.is_empty() {
        return Err(wrong("it computes nothing"));
    }
    frame.aggregate(groups, aggregates.into_iter().map(|(expr, _)| expr).collect())?.select(out)
}

/// A function's call, and what Spark names it.
pub(super) fn call(expr: Expr, of: &DataType, function: AggregateFunction, name: &str) -> (Expr, String) {
    use AggregateFunction as F;
    let number = |expr: Expr| if is_text(of) { glue_cast(expr, &DataType::Float64) } else { expr };
    let double = |expr: Expr| glue_cast(expr, &DataType::Float64);
    let (call, spark) = match function {
        F::Avg => (expr_fn::avg(number(expr)), "avg"),
        F::Count => (expr_fn::count(expr), "count"),
        F::CountDistinct => (expr_fn::count_distinct(expr), "count(DISTINCT"),
        F::First => (expr_fn::first_value(expr, vec![]), "first"),
        F::Last => (expr_fn::last_value(expr, vec![]), "last"),
        F::Kurtosis => (kurtosis(double(expr)), "kurtosis"),
        F::Max => (expr_fn::max(expr), "max"),
        F::Min => (expr_fn::min(expr), "min"),
        F::Skewness => (skewness(double(expr)), "skewness"),
        F::StddevSamp => (expr_fn::stddev(double(expr)), "stddev_samp"),
        F::StddevPop => (expr_fn::stddev_pop(double(expr)), "stddev_pop"),
        F::Sum => (expr_fn::sum(number(expr)), "sum"),
        F::SumDistinct => (expr_fn::sum_distinct(number(expr)), "sum(DISTINCT"),
        F::VarSamp => (expr_fn::var_sample(double(expr)), "var_samp"),
        F::VarPop => (expr_fn::var_pop(double(expr)), "var_pop"),
    };
    let name =
        if spark.ends_with("DISTINCT") { format!("{spark} {name})") } else { format!("{spark}({name})") };
    (call, name)
}
