//! Steps that make other rows: groups, pivots and back.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::functions_aggregate::expr_fn;
use datafusion::functions_nested::expr_fn::make_array;
use datafusion::logical_expr::{Expr, ExprFunctionExt, lit};
use datafusion::prelude::{DataFrame, SessionContext};
use serde::Deserialize;

use super::super::fields::{column, exact, names};
use super::super::moments::{kurtosis, skewness};
use super::super::relationalize::unnest;
use super::super::wrong;
use super::Step;
use crate::cast::{cast_array, glue_cast};
use crate::types::{arrow_type, is_text};

/// The most columns that a pivot makes.
const PIVOTED: usize = 10;

/// Takes the step.
pub(super) async fn apply(
    context: &SessionContext,
    frame: DataFrame,
    told: &Step<'_>,
) -> Result<DataFrame, DataFusionError> {
    match told.step.operation.as_str() {
        "GROUP_BY" => group(frame, told),
        "PIVOT" => pivot(frame, told).await,
        "UNPIVOT" => unpivot(context, frame, told),
        "JOIN" => Err(wrong("it needs a second dataset, which a recipe does not have here: use a Join node")),
        _ => Err(wrong("it needs a second dataset, which a recipe does not have here: use a Union node")),
    }
}

/// What is computed of each group.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Computed {
    source_column_name: String,
    target_column_name: String,
    target_column_data_type: Option<String>,
    function_name: String,
}

fn group(frame: DataFrame, told: &Step<'_>) -> Result<DataFrame, DataFusionError> {
    if !told.flag("useNewDataFrame") {
        return Err(wrong("`useNewDataFrame` must be true: groups take the place of the rows"));
    }
    let (groups, mut out) = grouped(&frame, told.columns()?)?;
    let mut computed = Vec::new();
    for one in told.json::<Vec<Computed>>("groupByAggFunctionOptions")? {
        let (value, of) = column(&frame, &[one.source_column_name])?;
        let call = aggregate(&one.function_name, value, &of, None)?.alias(&one.target_column_name);
        computed.push(call);
        let value = exact(&one.target_column_name);
        out.push(match one.target_column_data_type.as_deref() {
            // Numbers of any type are `number`.
            None | Some("" | "number") => value,
            Some(of) => glue_cast(value, &arrow_type(of).map_err(wrong)?).alias(&one.target_column_name),
        });
    }
    if computed.is_empty() {
        return Err(wrong("it computes nothing"));
    }
    frame.aggregate(groups, computed)?.select(out)
}

/// Expressions to group by columns, and to select them afterwards.
fn grouped(frame: &DataFrame, columns: Vec<String>) -> Result<(Vec<Expr>, Vec<Expr>), DataFusionError> {
    let one = |name: String| Ok((column(frame, std::slice::from_ref(&name))?.0.alias(&name), exact(&name)));
    columns.into_iter().map(one).collect()
}

/// A function of a column's values, of those rows only where the condition is met.
fn aggregate(name: &str, value: Expr, of: &DataType, only: Option<Expr>) -> Result<Expr, DataFusionError> {
    let number = |value: Expr| if is_text(of) { glue_cast(value, &DataType::Float64) } else { value };
    let double = |value: Expr| glue_cast(value, &DataType::Float64);
    // A list is one of values that are there.
    let listed = matches!(name, "COLLECT_LIST" | "UNAGGREGATED").then(|| value.clone().is_not_null());
    let call = match name {
        "ANY" | "FIRST" => expr_fn::first_value(value, vec![]),
        "LAST" => expr_fn::last_value(value, vec![]),
        "AVERAGE" | "AVG" | "MEAN" => expr_fn::avg(number(value)),
        "COUNT" => expr_fn::count(value),
        "COUNT_DISTINCT" => expr_fn::count_distinct(value),
        "MAX" => expr_fn::max(value),
        "MEDIAN" => expr_fn::median(number(value)),
        "MIN" => expr_fn::min(value),
        "SUM" => expr_fn::sum(number(value)),
        "STANDARD_DEVIATION" => expr_fn::stddev(double(value)),
        "VARIANCE" => expr_fn::var_sample(double(value)),
        "SKEWNESS" => skewness(double(value)),
        "KURTOSIS" => kurtosis(double(value)),
        "COLLECT_LIST" | "UNAGGREGATED" => expr_fn::array_agg(value),
        other => return Err(wrong(format!("the function `{other}` is not supported"))),
    };
    match only.into_iter().chain(listed).reduce(Expr::and) {
        Some(condition) => call.filter(condition).build(),
        None => Ok(call),
    }
}

/// A column for each value of one column, with what another column has there, for each group of all others.
async fn pivot(frame: DataFrame, told: &Step<'_>) -> Result<DataFrame, DataFusionError> {
    let (source, values) = (told.text("sourceColumn")?.to_owned(), told.text("valueColumn")?.to_owned());
    let function = told.text("aggregateFunction")?;
    let key = glue_cast(column(&frame, std::slice::from_ref(&source))?.0, &DataType::Utf8);
    let (value, of) = column(&frame, std::slice::from_ref(&values))?;
    let others = names(&frame).into_iter().filter(|name| *name != source && *name != values).collect();
    let (groups, mut out) = grouped(&frame, others)?;
    let found = frame.clone().select(vec![key.clone().alias("key")])?.distinct()?;
    let found = found.limit(0, Some(PIVOTED + 1))?.collect().await?;
    let mut keys: Vec<Option<String>> = Vec::new();
    for batch in &found {
        for column in batch.columns() {
            let texts = cast_array(column, &DataType::Utf8)?;
            keys.extend(texts.as_string::<i32>().iter().map(|text| text.map(str::to_owned)));
        }
    }
    if keys.len() > PIVOTED {
        return Err(wrong(format!("the column `{source}` has more than {PIVOTED} different values")));
    }
    keys.sort();
    let mut computed = Vec::new();
    for found in keys {
        let name = found.clone().unwrap_or_else(|| "null".to_owned());
        if out.contains(&exact(&name)) {
            return Err(wrong(format!("there is a column `{name}` already")));
        }
        let here = match found {
            Some(found) => key.clone().eq(lit(found)),
            None => key.clone().is_null(),
        };
        let call = aggregate(function, value.clone(), &of, Some(here))?;
        computed.push(call.alias(&name));
        out.push(exact(&name));
    }
    frame.aggregate(groups, computed)?.select(out)
}

/// A row for each of the columns, with its name and its value.
fn unpivot(
    context: &SessionContext,
    frame: DataFrame,
    told: &Step<'_>,
) -> Result<DataFrame, DataFusionError> {
    let (sources, named, valued) = (told.columns()?, told.text("unpivotColumn")?, told.text("valueColumn")?);
    let mut values = Vec::new();
    for source in &sources {
        values.push(column(&frame, std::slice::from_ref(source))?);
    }
    let same = values.windows(2).all(|pair| matches!(pair, [(_, one), (_, other)] if one == other));
    // Values of several types have their text in common.
    let values =
        values.into_iter().map(|(value, _)| if same { value } else { glue_cast(value, &DataType::Utf8View) });
    let mut out: Vec<Expr> =
        names(&frame).iter().filter(|name| !sources.contains(name)).map(|name| exact(name)).collect();
    if out.iter().any(|known| *known == exact(named) || *known == exact(valued)) {
        return Err(wrong("`unpivotColumn` and `valueColumn` must be new columns"));
    }
    out.push(make_array(sources.iter().map(|name| lit(name.as_str())).collect()).alias(named));
    out.push(make_array(values.collect()).alias(valued));
    unnest(context, frame.select(out)?, &[named, valued])
}
