use datafusion::common::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::prelude::DataFrame;

use super::fields::column;
use super::wrong;
use crate::cast::{Reshape, glue_cast, reshape};
use crate::plan::Mapping;
use crate::types::arrow_type;

/// ApplyMapping: only what is mapped comes out, in the order of the mappings. A value that does not fit its new
/// type is null.
pub(super) fn apply(frame: DataFrame, mappings: &[Mapping]) -> Result<DataFrame, DataFusionError> {
    let mut exprs: Vec<Expr> = Vec::with_capacity(mappings.len());
    for mapping in mappings.iter().filter(|mapping| !mapping.dropped) {
        let (expr, of) = column(&frame, &mapping.from)?;
        let expr = if mapping.children.is_empty() {
            match target(mapping)? {
                Some(to) if to != of => glue_cast(expr, &to),
                _ => expr,
            }
        } else {
            reshape(expr, children(mapping)?)
        };
        exprs.push(expr.alias(&mapping.to));
    }
    if exprs.is_empty() {
        return Err(wrong("no field is mapped"));
    }
    frame.select(exprs)
}

fn target(mapping: &Mapping) -> Result<Option<datafusion::arrow::datatypes::DataType>, DataFusionError> {
    let Some(text) = mapping.to_type.as_deref() else { return Ok(None) };
    // `struct` and `array` alone say only that the value stays what it is.
    if matches!(text, "struct" | "array" | "map" | "choice") {
        return Ok(None);
    }
    arrow_type(text).map(Some).map_err(|error| wrong(format!("the mapping to `{}`: {error}", mapping.to)))
}

fn children(mapping: &Mapping) -> Result<Vec<Reshape>, DataFusionError> {
    let kept = mapping.children.iter().filter(|child| !child.dropped);
    kept.map(|child| {
        // A child's path may be written from the top.
        let from = match child.from.strip_prefix(mapping.from.as_slice()) {
            Some(rest) if !rest.is_empty() => rest,
            _ => &child.from,
        };
        let cast = target(child)?;
        Ok(Reshape { from: from.to_vec(), to: child.to.clone(), cast, children: children(child)? })
    })
    .collect()
}
