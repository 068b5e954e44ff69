use std::sync::Arc;

use datafusion::arrow::array::types::Int64Type;
use datafusion::arrow::array::{ArrayRef, AsArray, StringArray};
use datafusion::common::DataFusionError;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, lit, when};
use datafusion::prelude::DataFrame;
use datafusion::scalar::ScalarValue;

use super::fields::{exact, names};
use super::wrong;
use crate::cast::cast_array;
use crate::plan::NullRules;
use crate::types::{arrow_type, is_text};

/// DropNullFields: leaves out the columns of which every value is null or counts as such; none where there are no rows. The
/// data is read once to find them.
pub(super) async fn apply(frame: DataFrame, rules: &NullRules) -> Result<DataFrame, DataFusionError> {
    let mut counts = Vec::new();
    for (at, field) in frame.schema().fields().iter().enumerate() {
        let mut value = exact(field.name());
        for nothing in nothings(field.data_type(), rules)? {
            value = when(value.clone().not_eq(nothing), value).end()?;
        }
        counts.push(count(value).alias(format!("__{at}")));
    }
    counts.push(count(lit(1)).alias("__rows"));
    let counted = frame.clone().aggregate(vec![], counts)?.collect().await?;
    let values: Vec<i64> = counted
        .iter()
        .filter(|batch| batch.num_rows() == 1)
        .flat_map(|batch| batch.columns())
        .filter_map(|column| column.as_primitive::<Int64Type>().values().first().copied())
        .collect();
    // No rows tell nothing of their columns: of a source without new files, say.
    if values.last() == Some(&0) {
        return Ok(frame);
    }
    let kept: Vec<Expr> = names(&frame)
        .iter()
        .zip(values)
        .filter(|(_, count)| *count > 0)
        .map(|(name, _)| exact(name))
        .collect();
    if kept.is_empty() {
        return Err(wrong("every field is empty: nothing is left"));
    }
    frame.select(kept)
}

/// The values of a type that count as nothing.
fn nothings(
    of: &datafusion::arrow::datatypes::DataType,
    rules: &NullRules,
) -> Result<Vec<Expr>, DataFusionError> {
    let mut out = Vec::new();
    if is_text(of) {
        out.extend(rules.empty.then(|| lit("")));
        out.extend(rules.null_text.then(|| lit("null")));
    }
    if of.is_integer() && rules.minus_one {
        out.push(lit(-1i64));
    }
    for (value, named) in &rules.values {
        let named = arrow_type(named).map_err(wrong)?;
        if named == *of || (named.is_integer() && of.is_integer()) || (is_text(&named) && is_text(of)) {
            let text: ArrayRef = Arc::new(StringArray::from(vec![value.as_str()]));
            let cast = cast_array(&text, of)?;
            if cast.is_null(0) {
                return Err(wrong(format!("`{value}` is no value of type `{of}`")));
            }
            out.push(lit(ScalarValue::try_from_array(&cast, 0)?));
        }
    }
    Ok(out)
}
