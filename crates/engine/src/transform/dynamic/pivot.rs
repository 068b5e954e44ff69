//! Rows that become columns ("Pivot rows into columns transform", Amazon SageMaker Unified Studio User Guide).

use std::collections::BTreeSet;

use datafusion::arrow::array::Array;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::{Expr, lit, when};
use datafusion::prelude::DataFrame;
use datafusion::scalar::ScalarValue;

use super::{Parameters, column, exact, names};
use crate::cast::cast_array;
use crate::plan::AggregateFunction;
use crate::transform::{aggregate, wrong};

/// Columns that are made at most, as Spark has it (`spark.sql.pivotMaxValues`).
const MOST: usize = 10_000;

/// The column of a group's aggregate.
const VALUE: &str = "__mastic_value";

/// `gs_pivot`: a column for each value of one column, with an aggregate of another; the rows are those that have the same
/// in all columns else. The data is read once to find the values.
pub(super) async fn apply(frame: DataFrame, given: &Parameters<'_>) -> Result<DataFrame, DataFusionError> {
    given.only(&["aggCol", "aggFunction", "colList"])?;
    let by = given.list("colList")?;
    let [by] = by.as_slice() else {
        return Err(wrong("`gs_pivot` by several columns is not supported: give one in `colList`"));
    };
    let by = top(&frame, by)?;
    let value = top(&frame, &given.column("aggCol")?)?;
    let of = frame.schema().field_with_unqualified_name(&value)?.data_type().clone();
    let (call, _) = aggregate::call(exact(&value), &of, kind(given.text("aggFunction")?)?, &value);
    let values = values(&frame, &by).await?;
    let groups: Vec<Expr> =
        names(&frame).iter().filter(|name| **name != by && **name != value).map(|name| exact(name)).collect();
    let grouped = groups.iter().cloned().chain([exact(&by)]).collect();
    let cells = frame.aggregate(grouped, vec![call.alias(VALUE)])?;
    // There is one cell at most of a row and a column.
    let columns = values.into_iter().map(|(value, name)| {
        let same = if value.is_null() { exact(&by).is_null() } else { exact(&by).eq(lit(value)) };
        Ok(max(when(same, exact(VALUE)).end()?).alias(name))
    });
    let columns = columns.collect::<Result<Vec<Expr>, DataFusionError>>()?;
    if groups.is_empty() && columns.is_empty() {
        return Err(wrong("there are no rows to make columns of, and no other columns"));
    }
    cells.aggregate(groups, columns)
}

/// A column by its own name; no nested field.
fn top(frame: &DataFrame, name: &str) -> Result<String, DataFusionError> {
    match column(frame, &[name.trim_matches('`').to_owned()])?.0 {
        Expr::Column(found) => Ok(found.name),
        _ => Err(wrong(format!("`{name}` is no column"))),
    }
}

fn kind(name: &str) -> Result<AggregateFunction, DataFusionError> {
    use AggregateFunction as F;
    Ok(match name.to_ascii_lowercase().as_str() {
        "avg" | "mean" => F::Avg,
        "count" => F::Count,
        "countdistinct" | "count_distinct" => F::CountDistinct,
        "first" => F::First,
        "last" => F::Last,
        "kurtosis" => F::Kurtosis,
        "max" => F::Max,
        "min" => F::Min,
        "skewness" => F::Skewness,
        "stddev" | "stddev_samp" => F::StddevSamp,
        "stddev_pop" => F::StddevPop,
        "sum" => F::Sum,
        "sumdistinct" | "sum_distinct" => F::SumDistinct,
        "variance" | "var_samp" => F::VarSamp,
        "var_pop" => F::VarPop,
        other => return Err(wrong(format!("the aggregation `{other}` is not supported"))),
    })
}

/// The values of a column in their order, each with the name of the column that it becomes.
async fn values(frame: &DataFrame, by: &str) -> Result<Vec<(ScalarValue, String)>, DataFusionError> {
    let found = frame.clone().select(vec![exact(by)])?.distinct()?.limit(0, Some(MOST + 1))?;
    let found = found.sort(vec![exact(by).sort(true, true)])?.collect().await?;
    let mut values = Vec::new();
    for column in found.iter().flat_map(|batch| batch.columns()) {
        let texts = cast_array(column, &DataType::Utf8)?;
        for at in 0..column.len() {
            let name = match ScalarValue::try_from_array(&texts, at)? {
                ScalarValue::Utf8(text) => text,
                _ => None,
            };
            values.push((ScalarValue::try_from_array(column, at)?, name));
        }
    }
    if values.len() > MOST {
        return Err(wrong(format!("the column `{by}` has more than {MOST} values")));
    }
    let taken: BTreeSet<String> = values.iter().filter_map(|(_, name)| name.clone()).collect();
    Ok(values.into_iter().map(|(value, name)| (value, name.unwrap_or_else(|| of_null(&taken)))).collect())
}

/// The column of the rows without a value: `null`, unless that is the text of other rows.
fn of_null(taken: &BTreeSet<String>) -> String {
    let numbered = (2u32..).map(|number| format!("null_{number}"));
    std::iter::once("null".to_owned()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or_default()
}
