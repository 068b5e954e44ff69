//! The visual transforms that AWS Glue Studio brings along, by the names of their functions.

mod extract;
mod pivot;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::DataFusionError;
use datafusion::functions::datetime::expr_fn::to_char;
use datafusion::functions::string::expr_fn::uuid;
use datafusion::functions_nested::expr_fn::{map_keys, map_values};
use datafusion::logical_expr::{Expr, lit, when};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::scalar::ScalarValue;

use super::fields::{column, exact, names};
use super::relationalize::{flattened, row_number, unnest};
use super::{resolve, sql, wrong};
use crate::cast::glue_cast;
use crate::plan::{DynamicTransform, SqlQuery};
use crate::spark::named;
use crate::types::is_text;

/// DynamicTransform: one of the managed transforms. Others are Python, which visual jobs do not run.
pub(super) async fn apply(
    context: &SessionContext,
    now: i64,
    frame: DataFrame,
    dynamic: &DynamicTransform,
) -> Result<DataFrame, DataFusionError> {
    let given = Parameters { given: &dynamic.parameters, function: &dynamic.function };
    match dynamic.function.as_str() {
        "gs_now" => {
            given.only(&["colName", "dateFormat"])?;
            let now = lit(ScalarValue::TimestampMicrosecond(Some(now), None));
            let value = match given.optional("dateFormat") {
                None => now,
                // The format is Python's, as is Arrow's.
                Some(format) => to_char(now, lit(format)),
            };
            with(frame, given.text("colName")?, value)
        }
        "gs_uuid" => {
            given.only(&["colName"])?;
            with(frame, given.text("colName")?, uuid())
        }
        "gs_sequence_id" => {
            given.only(&["colName", "unique"])?;
            let first = if given.flag("unique") { now.saturating_mul(1000) } else { 0 };
            with(frame, given.text("colName")?, row_number() + lit(first))
        }
        "gs_concat" => {
            given.only(&["colName", "colList", "spacer"])?;
            let parts = given.list("colList")?;
            let mut values = vec![lit(given.optional("spacer").unwrap_or_default())];
            for part in parts {
                values.push(column(&frame, &[part])?.0);
            }
            with(frame, given.text("colName")?, function("spark_concat_ws", values)?)
        }
        "gs_split" => {
            given.only(&["colName", "pattern", "newColName"])?;
            let value = column(&frame, &[given.column("colName")?])?.0;
            let value = function("split", vec![value, lit(given.text("pattern")?)])?;
            with(frame, &given.target()?, value)
        }
        "gs_extract_json" => extract::by_path(frame, &given),
        "gs_regex_extract" => extract::by_regex(frame, &given),
        "gs_pivot" => pivot::apply(frame, &given).await,
        "resolveChoice" => resolve_choice(frame, &given),
        "gs_array_to_cols" => array_to_cols(frame, &given),
        "gs_explode" => explode(context, frame, &given),
        "gs_flatten" => {
            given.only(&["maxLevels", "separator"])?;
            let levels: usize = match given.optional("maxLevels") {
                None => 0,
                Some(text) => {
                    text.parse().map_err(|_| wrong(format!("`maxLevels` is no number: `{text}`")))?
                }
            };
            let joint = given.optional("separator").unwrap_or(".");
            let levels = if levels == 0 { usize::MAX } else { levels };
            let exprs = flattened(&frame, joint, levels);
            frame.select(exprs.into_iter().map(|(name, value)| value.alias(name)).collect::<Vec<_>>())
        }
        "gs_to_timestamp" => to_timestamp(frame, &given),
        "gs_format_timestamp" => {
            given.only(&["colName", "dateFormat", "newColName"])?;
            let (value, of) = column(&frame, &[given.column("colName")?])?;
            if !of.is_temporal() {
                return Err(wrong(format!("the column is no timestamp but `{of}`")));
            }
            let value = function("date_format", vec![value, lit(given.text("dateFormat")?)])?;
            with(frame, &given.target()?, value)
        }
        "gs_derived" => {
            given.only(&["colName", "expr"])?;
            derived(context, frame, given.text("colName")?, given.text("expr")?).await
        }
        "gs_null_rows" => {
            given.only(&["extended"])?;
            null_rows(frame, given.flag("extended"))
        }
        // Says only how the work is spread.
        "gs_repartition" => Ok(frame),
        other => Err(wrong(format!(
            "the function `{other}` is none of Glue Studio's that are supported here, and visual jobs run no Python"
        ))),
    }
}

struct Parameters<'a> {
    given: &'a [(String, Vec<String>)],
    function: &'a str,
}

impl<'a> Parameters<'a> {
    fn only(&self, known: &[&str]) -> Result<(), DataFusionError> {
        match self.given.iter().find(|(name, values)| !known.contains(&name.as_str()) && !values.is_empty()) {
            None => Ok(()),
            Some((name, _)) => {
                Err(wrong(format!("the parameter `{name}` of `{}` is not supported", self.function)))
            }
        }
    }

    fn optional(&self, name: &str) -> Option<&'a str> {
        let (_, values) = self.given.iter().find(|(known, _)| known == name)?;
        values.first().map(String::as_str).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Result<&'a str, DataFusionError> {
        self.optional(name).ok_or_else(|| wrong(format!("`{}` needs the parameter `{name}`", self.function)))
    }

    /// A column's name, of which backticks are no part.
    fn column(&self, name: &str) -> Result<String, DataFusionError> {
        Ok(self.text(name)?.trim_matches('`').to_owned())
    }

    /// The new column, or the one that is read.
    fn target(&self) -> Result<String, DataFusionError> {
        match self.optional("newColName") {
            Some(name) => Ok(name.to_owned()),
            None => self.column("colName"),
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.optional(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Several values, or one with commas.
    fn list(&self, name: &str) -> Result<Vec<String>, DataFusionError> {
        let values = self.given.iter().find(|(known, _)| known == name).map(|(_, values)| values.as_slice());
        let parts = match values {
            Some([one]) => one.split(',').map(|part| part.trim().to_owned()).collect(),
            Some(many) => many.to_vec(),
            None => vec![],
        };
        if parts.is_empty() {
            Err(wrong(format!("`{}` needs the parameter `{name}`", self.function)))
        } else {
            Ok(parts)
        }
    }
}

/// DynamicFrame's own `resolveChoice`: `choice` for all columns, or `specs`, each a column and its action with a comma
/// between them.
fn resolve_choice(frame: DataFrame, given: &Parameters<'_>) -> Result<DataFrame, DataFusionError> {
    given.only(&["choice", "specs"])?;
    let choice = given.optional("choice").map(resolve::Action::parse).transpose()?;
    let specs = given.given.iter().find(|(name, _)| name == "specs");
    let specs = specs.map(|(_, values)| values.as_slice()).unwrap_or_default().iter().map(|spec| {
        let (path, action) = spec
            .rsplit_once(',')
            .ok_or_else(|| wrong(format!("`{spec}` is no column and action with a comma between them")))?;
        Ok((path.trim().trim_matches('`').to_owned(), resolve::Action::parse(action.trim())?))
    });
    let specs = specs.collect::<Result<Vec<_>, DataFusionError>>()?;
    if specs.is_empty() == choice.is_none() {
        return Err(wrong("`resolveChoice` needs either the parameter `choice` or `specs`"));
    }
    resolve::apply(frame, &specs, choice.as_ref())
}

/// A function of our own SQL.
pub(super) fn function(name: &str, args: Vec<Expr>) -> Result<Expr, DataFusionError> {
    named(name)
        .map(|function| function.call(args))
        .ok_or_else(|| DataFusionError::Internal(format!("the function `{name}` is missing")))
}

/// The frame with a column: in its place if there is one of that name, else behind all others.
pub(super) fn with(frame: DataFrame, name: &str, value: Expr) -> Result<DataFrame, DataFusionError> {
    let known = names(&frame);
    let mut exprs: Vec<Expr> = known
        .iter()
        .map(|known| if known == name { value.clone().alias(name) } else { exact(known) })
        .collect();
    if !known.iter().any(|known| known == name) {
        exprs.push(value.alias(name));
    }
    frame.select(exprs)
}

fn array_to_cols(frame: DataFrame, given: &Parameters<'_>) -> Result<DataFrame, DataFusionError> {
    given.only(&["colName", "colList", "indexes"])?;
    let (value, of) = column(&frame, &[given.column("colName")?])?;
    if !matches!(of, DataType::List(_)) {
        return Err(wrong(format!("the column is no array but `{of}`")));
    }
    let targets = given.list("colList")?;
    let indexes: Vec<i64> = match given.optional("indexes") {
        None => (1..).take(targets.len()).collect(),
        Some(text) => text
            .split(',')
            .map(|index| index.trim().parse().map_err(|_| wrong(format!("`{index}` is no index"))))
            .collect::<Result<_, _>>()?,
    };
    if indexes.len() != targets.len() {
        return Err(wrong(format!("there are {} columns and {} indexes", targets.len(), indexes.len())));
    }
    targets.iter().zip(indexes).try_fold(frame, |frame, (target, index)| {
        with(frame, target, function("spark_element_at", vec![value.clone(), lit(index)])?)
    })
}

fn explode(
    context: &SessionContext,
    frame: DataFrame,
    given: &Parameters<'_>,
) -> Result<DataFrame, DataFusionError> {
    given.only(&["colName", "newCol", "outer"])?;
    let name = given.column("colName")?;
    let target = given.optional("newCol").unwrap_or(&name).to_owned();
    let (value, of) = column(&frame, std::slice::from_ref(&name))?;
    match of {
        DataType::List(_) => {
            let value = if given.flag("outer") { function("spark_outer", vec![value])? } else { value };
            let with = with(frame, &target, value)?;
            unnest(context, with, &[&target])
        }
        DataType::Map(..) => {
            let frame = with(frame, "key", map_keys(value.clone()))?;
            let frame = with(frame, "value", map_values(value))?;
            unnest(context, frame, &["key", "value"])
        }
        other => Err(wrong(format!("the column `{name}` is neither array nor map but `{other}`"))),
    }
}

fn to_timestamp(frame: DataFrame, given: &Parameters<'_>) -> Result<DataFrame, DataFusionError> {
    given.only(&["colName", "colType", "newColName"])?;
    let (value, of) = column(&frame, &[given.column("colName")?])?;
    let kind = given.optional("colType").unwrap_or("autodetect").to_ascii_lowercase();
    let to = DataType::Timestamp(TimeUnit::Microsecond, None);
    let number = glue_cast(value.clone(), &DataType::Int64);
    let scaled = |name: &str, number: Expr| function(name, vec![number]);
    let time = match kind.as_str() {
        "iso" => glue_cast(value, &to),
        "seconds" => scaled("timestamp_seconds", number)?,
        "milliseconds" | "millis" => scaled("timestamp_millis", number)?,
        "microseconds" | "micros" => scaled("timestamp_micros", number)?,
        // Numbers tell their unit by their size: milliseconds begin in March 1973, microseconds likewise.
        "autodetect" => {
            let large = |limit: i64| number.clone().gt_eq(lit(limit));
            let by_size = when(large(100_000_000_000_000), scaled("timestamp_micros", number.clone())?)
                .when(large(100_000_000_000), scaled("timestamp_millis", number.clone())?)
                .otherwise(scaled("timestamp_seconds", number.clone())?)?;
            if is_text(&of) {
                let digits = function("rlike", vec![value.clone(), lit("^[0-9]{5,}$")])?;
                when(digits, by_size).otherwise(glue_cast(value, &to))?
            } else if of.is_numeric() {
                by_size
            } else {
                glue_cast(value, &to)
            }
        }
        other => return Err(wrong(format!("the column type `{other}` is not supported"))),
    };
    with(frame, &given.target()?, time)
}

async fn derived(
    context: &SessionContext,
    frame: DataFrame,
    name: &str,
    expr: &str,
) -> Result<DataFrame, DataFusionError> {
    let known = names(&frame);
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let mut items: Vec<String> = known
        .iter()
        .map(|column| if column == name { format!("{expr} AS {}", quoted(name)) } else { quoted(column) })
        .collect();
    if !known.iter().any(|column| column == name) {
        items.push(format!("{expr} AS {}", quoted(name)));
    }
    let query = SqlQuery {
        query: format!("SELECT {} FROM myDataSource", items.join(", ")),
        aliases: vec![("input".to_owned(), "myDataSource".to_owned())],
        schema: None,
    };
    sql::apply(context, &["input".to_owned()], vec![frame], &query).await
}

/// Leaves out the rows that hold nothing; in the extended form empty text is nothing too.
fn null_rows(frame: DataFrame, extended: bool) -> Result<DataFrame, DataFusionError> {
    let something = frame.schema().fields().iter().map(|field| {
        let value = exact(field.name());
        let held = value.clone().is_not_null();
        if extended && is_text(field.data_type()) { held.and(value.not_eq(lit(""))) } else { held }
    });
    match something.reduce(Expr::or) {
        Some(something) => frame.filter(something),
        None => Ok(frame),
    }
}
