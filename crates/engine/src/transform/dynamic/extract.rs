//! Columns out of text: by a regular expression, or by JSON paths ("Extracting string fragments using a regular
//! expression", "Extracting a JSON path", AWS Glue Developer Guide).

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::DataFrame;
use regex::Regex;

use super::{Parameters, column, exact, function, names};
use crate::cast::glue_cast;
use crate::transform::wrong;
use crate::types::is_text;

/// `gs_regex_extract`: a column for each group, empty where the expression does not match. Groups whose column has no name
/// are skipped.
pub(super) fn by_regex(frame: DataFrame, given: &Parameters<'_>) -> Result<DataFrame, DataFusionError> {
    given.only(&["colName", "regex", "newCols"])?;
    let value = text(&frame, given)?;
    let pattern = given.text("regex")?;
    let regex =
        Regex::new(pattern).map_err(|error| wrong(format!("`regex` is no regular expression: {error}")))?;
    let groups = regex.captures_len() - 1;
    let columns = given.list("newCols")?;
    if columns.len() != groups.max(1) {
        let count = columns.len();
        return Err(wrong(format!(
            "the regular expression has {groups} groups, and `newCols` {count} columns"
        )));
    }
    let first = i64::from(groups > 0);
    let made = columns.into_iter().zip(first..).filter(|(name, _)| !name.is_empty());
    let made = made.map(|(name, group)| {
        Ok((name, function("regexp_extract", vec![value.clone(), lit(pattern), lit(group)])?))
    });
    let made = made.collect::<Result<Vec<_>, DataFusionError>>()?;
    with_all(frame, made, None)
}

/// `gs_extract_json`: a column of text for each path, null where there is nothing.
pub(super) fn by_path(frame: DataFrame, given: &Parameters<'_>) -> Result<DataFrame, DataFusionError> {
    given.only(&["colName", "jsonPaths", "colList", "dropCol"])?;
    let value = text(&frame, given)?;
    let (paths, columns) = (given.list("jsonPaths")?, given.list("colList")?);
    if paths.len() != columns.len() {
        let (paths, columns) = (paths.len(), columns.len());
        return Err(wrong(format!(
            "there are {paths} paths in `jsonPaths` and {columns} columns in `colList`"
        )));
    }
    let made = columns.into_iter().zip(paths).map(|(name, path)| {
        let path = if path.starts_with('$') { path } else { format!("$.{path}") };
        Ok((name, function("get_json_object", vec![value.clone(), lit(path)])?))
    });
    let made = made.collect::<Result<Vec<_>, DataFusionError>>()?;
    let dropped = if given.flag("dropCol") { Some(given.column("colName")?) } else { None };
    with_all(frame, made, dropped.as_deref())
}

/// The column that is read, as text.
fn text(frame: &DataFrame, given: &Parameters<'_>) -> Result<Expr, DataFusionError> {
    let (value, of) = column(frame, &[given.column("colName")?])?;
    Ok(if is_text(&of) { value } else { glue_cast(value, &DataType::Utf8View) })
}

/// The frame with columns, each in its place if there is one of that name, and without one that is dropped.
fn with_all(
    frame: DataFrame,
    made: Vec<(String, Expr)>,
    dropped: Option<&str>,
) -> Result<DataFrame, DataFusionError> {
    let known = names(&frame);
    let new = |name: &String| made.iter().find(|(made, _)| made == name).map(|(_, value)| value.clone());
    let mut exprs: Vec<Expr> = Vec::new();
    for name in &known {
        match new(name) {
            Some(value) => exprs.push(value.alias(name)),
            None if dropped.is_some_and(|dropped| dropped.eq_ignore_ascii_case(name)) => {}
            None => exprs.push(exact(name)),
        }
    }
    let behind = made.iter().filter(|(name, _)| !known.contains(name));
    exprs.extend(behind.map(|(name, value)| value.clone().alias(name)));
    frame.select(exprs)
}
