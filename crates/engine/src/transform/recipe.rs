//! Recipe: steps of data preparation (AWS Glue DataBrew developer guide: "Recipe step and function reference").

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions::expr_fn::{abs, lower, replace, upper};
use datafusion::functions_aggregate::expr_fn::{avg, max, median, min, sum};
use datafusion::logical_expr::{Expr, JoinType, lit, when};
use datafusion::prelude::{DataFrame, SessionContext};
use serde::de::DeserializeOwned;

mod split;
mod structure;

use super::dynamic::{function, with};
use super::fields::{column, exact, names};
use super::{rows, wrong};
use crate::cast::glue_cast;
use crate::plan::{RecipeCondition, RecipeStep};
use crate::types::{arrow_type, is_text};

/// Takes the steps one after the other. A pivot reads the data to find its columns.
pub(super) async fn apply(
    context: &SessionContext,
    mut frame: DataFrame,
    steps: &[RecipeStep],
) -> Result<DataFrame, DataFusionError> {
    for (number, step) in steps.iter().enumerate() {
        frame = one(context, frame, step).await.map_err(|error| match error {
            DataFusionError::Plan(text) => wrong(format!("step {} ({}): {text}", number + 1, step.operation)),
            error => error,
        })?;
    }
    Ok(frame)
}

struct Step<'a> {
    step: &'a RecipeStep,
}

impl Step<'_> {
    fn optional(&self, name: &str) -> Option<&str> {
        let found = self.step.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Result<&str, DataFusionError> {
        self.optional(name).ok_or_else(|| wrong(format!("the parameter `{name}` is missing")))
    }

    /// Several columns: a list in JSON, or one name.
    fn columns(&self) -> Result<Vec<String>, DataFusionError> {
        match self.optional("sourceColumns") {
            Some(list) => serde_json::from_str(list)
                .map_err(|_| wrong(format!("`sourceColumns` is no list of names: {list}"))),
            None => Ok(vec![self.text("sourceColumn")?.to_owned()]),
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.optional(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn number(&self, name: &str) -> Result<i64, DataFusionError> {
        let text = self.text(name)?;
        let number = text.trim().parse().ok().filter(|number| *number >= 0);
        number.ok_or_else(|| wrong(format!("`{name}` is no number from 0 on: {text}")))
    }

    /// A parameter that is JSON.
    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, DataFusionError> {
        let text = self.text(name)?;
        serde_json::from_str(text).map_err(|error| wrong(format!("`{name}` cannot be read: {error}: {text}")))
    }

    /// Steps that change all rows at once know no conditions.
    fn unconditional(&self) -> Result<(), DataFusionError> {
        match self.step.conditions.as_slice() {
            [] => Ok(()),
            _ => Err(wrong("it takes no conditions")),
        }
    }
}

async fn one(
    context: &SessionContext,
    frame: DataFrame,
    step: &RecipeStep,
) -> Result<DataFrame, DataFusionError> {
    let told = Step { step };
    let operation = step.operation.as_str();
    if let "GROUP_BY" | "PIVOT" | "UNPIVOT" | "JOIN" | "UNION" = operation {
        told.unconditional()?;
        return structure::apply(context, frame, &told).await;
    }
    let met = conditions(&frame, &step.conditions)?;
    if operation.starts_with("SPLIT_COLUMN_") {
        return split::apply(frame, &told, met).await;
    }
    match operation {
        "DELETE" => {
            let dropped = told.columns()?;
            for name in &dropped {
                column(&frame, std::slice::from_ref(name))?;
            }
            let kept: Vec<Expr> =
                names(&frame).iter().filter(|name| !dropped.contains(name)).map(|name| exact(name)).collect();
            return frame.select(kept);
        }
        "RENAME" => {
            let (old, new) = (told.text("sourceColumn")?, told.text("targetColumn")?);
            column(&frame, &[old.to_owned()])?;
            let exprs = names(&frame)
                .into_iter()
                .map(|name| if name == old { exact(&name).alias(new) } else { exact(&name) });
            let exprs: Vec<Expr> = exprs.collect();
            return frame.select(exprs);
        }
        "REMOVE_VALUES" => {
            let met = met.ok_or_else(|| wrong("it needs a condition"))?;
            return frame.filter(Expr::IsNotTrue(Box::new(met)));
        }
        "REMOVE_MISSING" => {
            let (value, of) = column(&frame, &[told.text("sourceColumn")?.to_owned()])?;
            return frame.filter(held(&value, &of));
        }
        "DELETE_DUPLICATE_ROWS" => return rows::distinct(frame, &[]),
        "MERGE" => {
            let mut parts = vec![lit(told.optional("delimiter").unwrap_or_default())];
            for name in told.columns()? {
                parts.push(column(&frame, &[name])?.0);
            }
            return with(frame, told.text("targetColumn")?, function("spark_concat_ws", parts)?);
        }
        _ => {}
    }
    let source = told.text("sourceColumn")?.to_owned();
    let (value, of) = column(&frame, std::slice::from_ref(&source))?;
    let target = told.optional("targetColumn").unwrap_or(&source).to_owned();
    if let Some(filled) = summary(&step.operation, &value) {
        let fill = frame.clone().aggregate(vec![], vec![filled.alias("__fill")])?;
        let known: Vec<Expr> = names(&frame)
            .iter()
            .map(|name| {
                if *name != source {
                    return exact(name);
                }
                coalesce(vec![value.clone(), glue_cast(exact("__fill"), &of)]).alias(name)
            })
            .collect();
        return frame.join_on(fill, JoinType::Left, vec![lit(true)])?.select(known);
    }
    let changed = changed(&told, value.clone(), &of)?;
    let changed = match met {
        // Where the conditions are not met the value stays.
        Some(met) if target == source && !matches!(step.operation.as_str(), "CHANGE_DATA_TYPE") => {
            when(met, changed).otherwise(value)?
        }
        Some(met) => when(met, changed).end()?,
        None => changed,
    };
    with(frame, &target, changed)
}

/// What fills gaps, if the operation computes it from the whole column.
fn summary(operation: &str, value: &Expr) -> Option<Expr> {
    let value = value.clone();
    Some(match operation {
        "FILL_WITH_AVERAGE" => avg(value),
        "FILL_WITH_MEDIAN" => median(value),
        "FILL_WITH_SUM" => sum(value),
        "FILL_WITH_MINIMUM" => min(value),
        "FILL_WITH_MAXIMUM" => max(value),
        _ => return None,
    })
}

/// Whether a value is there: not null, and no empty text.
fn held(value: &Expr, of: &DataType) -> Expr {
    let held = value.clone().is_not_null();
    if is_text(of) { held.and(value.clone().not_eq(lit(""))) } else { held }
}

/// The value that a step makes of one value.
fn changed(told: &Step<'_>, value: Expr, of: &DataType) -> Result<Expr, DataFusionError> {
    let text = || if is_text(of) { value.clone() } else { glue_cast(value.clone(), &DataType::Utf8View) };
    let pattern = |pattern: &str, by: &str| {
        function("spark_regexp_replace", vec![text(), lit(pattern.to_owned()), lit(by.to_owned())])
    };
    let double = || glue_cast(value.clone(), &DataType::Float64);
    Ok(match told.step.operation.as_str() {
        "DUPLICATE" => {
            told.text("targetColumn")?;
            value
        }
        "UPPER_CASE" => upper(text()),
        "LOWER_CASE" => lower(text()),
        "CAPITAL_CASE" => function("spark_initcap", vec![text()])?,
        "SENTENCE_CASE" => {
            let first = datafusion::functions::expr_fn::left(text(), lit(1));
            let rest = datafusion::functions::expr_fn::substr(text(), lit(2));
            datafusion::functions::expr_fn::concat(vec![upper(first), lower(rest)])
        }
        "CHANGE_DATA_TYPE" => {
            let to = told.text("columnDataType")?;
            glue_cast(value, &arrow_type(to).map_err(wrong)?)
        }
        "FILL_WITH_CUSTOM" | "FILL_WITH_VALUE" => {
            let fill = glue_cast(lit(told.text("value")?), of);
            when(held(&value, of), value).otherwise(fill)?
        }
        "FILL_WITH_EMPTY" => coalesce(vec![text(), lit("")]),
        "FILL_WITH_NULL" => when(lit(false), value).end()?,
        "REPLACE_TEXT" => match (told.optional("pattern"), told.optional("sourcePattern")) {
            (Some(found), _) => pattern(found, told.optional("value").unwrap_or_default())?,
            (None, Some(found)) => {
                replace(text(), lit(found), lit(told.optional("value").unwrap_or_default()))
            }
            (None, None) => return Err(wrong("the parameter `pattern` is missing")),
        },
        "REMOVE_COMBINED" => {
            let mut value = text();
            for (name, found, by) in [
                ("removeAllPunctuation", r"[\p{P}\p{S}]", ""),
                ("removeAllQuotes", "[\"'`]", ""),
                ("removeAllWhitespace", r"\s", ""),
                ("removeLeadingAndTrailingPunctuation", r"^[\p{P}\p{S}]+|[\p{P}\p{S}]+$", ""),
                ("removeLeadingAndTrailingQuotes", "^[\"'`]+|[\"'`]+$", ""),
                ("removeLeadingAndTrailingWhitespace", r"^\s+|\s+$", ""),
                ("collapseConsecutiveWhitespace", r"\s+", " "),
                ("removeNumbers", r"\d", ""),
                ("removeLetters", r"\p{L}", ""),
                ("removeSpecialCharacters", r"[^\p{L}\p{N}\s]", ""),
            ] {
                if told.flag(name) {
                    value = function("spark_regexp_replace", vec![value, lit(found), lit(by)])?;
                }
            }
            if told.flag("removeCustomValue") {
                value = replace(value, lit(told.text("customValue")?), lit(""));
            }
            if told.flag("removeCustomCharacters") {
                for letter in told.text("customCharacters")?.chars() {
                    value = replace(value, lit(letter.to_string()), lit(""));
                }
            }
            value
        }
        "TRIM" => pattern(r"^\s+|\s+$", "")?,
        "ABSOLUTE" => abs(value),
        "CEIL" => function("spark_ceil", vec![value])?,
        "FLOOR" => function("spark_floor", vec![value])?,
        "ROUND" => function("spark_round", vec![value])?,
        "SQUARE_ROOT" => datafusion::functions::expr_fn::sqrt(double()),
        "EXPONENTIAL" | "EXP" => datafusion::functions::expr_fn::exp(double()),
        "NATURAL_LOG" | "LN" => datafusion::functions::expr_fn::ln(double()),
        "NEGATE" => Expr::Negative(Box::new(value)),
        other => return Err(wrong(format!("the operation `{other}` is not supported"))),
    })
}

/// What must be true of a row for the step to touch it.
fn conditions(frame: &DataFrame, conditions: &[RecipeCondition]) -> Result<Option<Expr>, DataFusionError> {
    let all = conditions
        .iter()
        .map(|one| {
            let (value, of) = column(frame, std::slice::from_ref(&one.column))?;
            let given = one.value.as_deref();
            let wanted =
                || given.ok_or_else(|| wrong(format!("the condition `{}` needs a value", one.condition)));
            let typed = || Ok::<_, DataFusionError>(glue_cast(lit(wanted()?), &of));
            let like = |found: String| {
                function("rlike", vec![glue_cast(value.clone(), &DataType::Utf8View), lit(found)])
            };
            Ok(match one.condition.as_str() {
                "IS" | "EQUALS" => value.eq(typed()?),
                "IS_NOT" | "NOT_EQUALS" => value.not_eq(typed()?),
                "LESS_THAN" => value.lt(typed()?),
                "LESS_THAN_EQUAL" => value.lt_eq(typed()?),
                "GREATER_THAN" => value.gt(typed()?),
                "GREATER_THAN_EQUAL" => value.gt_eq(typed()?),
                "IS_MISSING" => Expr::IsNotTrue(Box::new(held(&value, &of))),
                "IS_NOT_MISSING" => held(&value, &of),
                "CONTAINS" => like(regex::escape(wanted()?))?,
                "NOT_CONTAINS" => Expr::Not(Box::new(like(regex::escape(wanted()?))?)),
                "STARTS_WITH" => like(format!("^{}", regex::escape(wanted()?)))?,
                "ENDS_WITH" => like(format!("{}$", regex::escape(wanted()?)))?,
                other => return Err(wrong(format!("the condition `{other}` is not supported"))),
            })
        })
        .collect::<Result<Vec<_>, DataFusionError>>()?;
    Ok(all.into_iter().reduce(Expr::and))
}
