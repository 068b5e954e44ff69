//! Columns split into several: `SPLIT_COLUMN_...`. The new ones are called by the column's name and their number, and follow
//! all others; the column itself stays.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::DataFusionError;
use datafusion::functions::expr_fn::{character_length, left, replace, strpos, substr, substring};
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::{Expr, lit, when};
use datafusion::prelude::DataFrame;
use serde::Deserialize;

use super::super::dynamic::{function, with};
use super::super::fields::column;
use super::super::wrong;
use super::Step;
use crate::cast::glue_cast;

/// The most splits of a column.
const MOST: u8 = 20;

/// What stands for the first delimiter, the second, and so on, where a text is split: characters that no text has.
const MARKS: std::ops::RangeInclusive<char> = '\u{fdd0}'..='\u{fdef}';

/// A delimiter.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delimiter {
    /// Its text.
    pattern: String,
    /// Whether it stays with the text before it.
    #[serde(default)]
    include_in_split: bool,
}

/// Splits the step's column.
pub(super) async fn apply(
    frame: DataFrame,
    told: &Step<'_>,
    met: Option<Expr>,
) -> Result<DataFrame, DataFusionError> {
    let source = told.text("sourceColumn")?;
    let value = glue_cast(column(&frame, &[source.to_owned()])?.0, &DataType::Utf8View);
    let from = |at: i64| substr(value.clone(), lit(at + 1));
    let parts = match told.step.operation.as_str() {
        "SPLIT_COLUMN_SINGLE_DELIMITER" => {
            let include_in_split = told.flag("includeInSplit");
            let delimiter = Delimiter { pattern: told.text("pattern")?.to_owned(), include_in_split };
            delimited(&value, &[delimiter], told)?
        }
        "SPLIT_COLUMN_MULTIPLE_DELIMITER" => {
            delimited(&value, &told.json::<Vec<Delimiter>>("patternOptions")?, told)?
        }
        "SPLIT_COLUMN_BETWEEN_DELIMITER" => between(&value, told)?,
        "SPLIT_COLUMN_FROM_START" => {
            let position = told.number("position")?;
            vec![left(value.clone(), lit(position)), from(position)]
        }
        "SPLIT_COLUMN_FROM_END" => {
            let position = character_length(value.clone()) - lit(told.number("position")?);
            let position = when(position.clone().gt(lit(0i64)), position).otherwise(lit(0i64))?;
            vec![left(value.clone(), position.clone()), substr(value.clone(), position + lit(1i64))]
        }
        "SPLIT_COLUMN_BETWEEN_POSITIONS" => {
            let (start, end) = (told.number("startPosition")?, told.number("endPosition")?);
            if end < start {
                return Err(wrong("`endPosition` is before `startPosition`"));
            }
            vec![
                left(value.clone(), lit(start)),
                substring(value.clone(), lit(start + 1), lit(end - start)),
                from(end),
            ]
        }
        "SPLIT_COLUMN_WITH_INTERVALS" => {
            let (start, interval) = (told.number("startPosition")?, told.number("interval")?);
            if interval == 0 {
                return Err(wrong("`interval` must be above zero"));
            }
            let longest = longest(&frame, &value).await?;
            let cuts = (0..).map(|number| start.saturating_add(interval.saturating_mul(number)));
            let cuts = cuts.skip_while(|cut| *cut == 0).take_while(|cut| *cut < longest);
            let cuts: Vec<i64> = cuts.take(usize::from(MOST) + 1).collect();
            if cuts.len() > usize::from(MOST) {
                return Err(wrong(format!("that would be more than {MOST} splits of the longest text")));
            }
            let begins = std::iter::once(0).chain(cuts.iter().copied());
            let ends = cuts.iter().copied().chain(std::iter::once(longest));
            let part = |(begin, end): (i64, i64)| substring(value.clone(), lit(begin + 1), lit(end - begin));
            begins.zip(ends).map(part).collect()
        }
        other => return Err(wrong(format!("the operation `{other}` is not supported"))),
    };
    parts.into_iter().enumerate().try_fold(frame, |frame, (number, part)| {
        let part = match &met {
            Some(met) => when(met.clone(), part).end()?,
            None => part,
        };
        with(frame, &format!("{source}_{}", number + 1), part)
    })
}

/// The letters of the longest text of a column.
async fn longest(frame: &DataFrame, value: &Expr) -> Result<i64, DataFusionError> {
    let letters = max(glue_cast(character_length(value.clone()), &DataType::Int64)).alias("letters");
    let found = frame.clone().aggregate(vec![], vec![letters])?.collect().await?;
    let columns = found.iter().flat_map(|batch| batch.columns());
    Ok(columns.flat_map(|column| column.as_primitive::<Int64Type>().iter().flatten()).max().unwrap_or(0))
}

/// The texts between delimiters; the last one is what is left after so many splits.
fn delimited(value: &Expr, delimiters: &[Delimiter], told: &Step<'_>) -> Result<Vec<Expr>, DataFusionError> {
    let limit = if told.optional("limit").is_some() { told.number("limit")? } else { 1 };
    if !(1..=i64::from(MOST)).contains(&limit) {
        return Err(wrong(format!("`limit` is {limit}: it must be from 1 to {MOST}")));
    }
    if delimiters.is_empty()
        || delimiters.len() > MARKS.count()
        || delimiters.iter().any(|one| one.pattern.is_empty())
    {
        return Err(wrong("it needs a delimiter"));
    }
    let (mut marked, mut marks) = (value.clone(), Vec::new());
    for (Delimiter { pattern, include_in_split }, mark) in delimiters.iter().zip(MARKS) {
        // What stays of the delimiter, and what it was where no split was made.
        let (kept, rest) = if *include_in_split { (pattern.as_str(), "") } else { ("", pattern.as_str()) };
        marked = replace(marked, lit(pattern.as_str()), lit(format!("{kept}{mark}")));
        marks.push((mark, rest.to_owned()));
    }
    let any: String = marks.iter().map(|(mark, _)| *mark).collect();
    let pieces = function("split", vec![marked, lit(format!("[{any}]")), lit(limit + 1)])?;
    let piece = |number: i64| -> Result<Expr, DataFusionError> {
        let piece = function("spark_element_at", vec![pieces.clone(), lit(number)])?;
        let restored = marks.iter().filter(|_| number > limit);
        Ok(restored
            .fold(piece, |piece, (mark, rest)| replace(piece, lit(mark.to_string()), lit(rest.as_str()))))
    };
    (1..=limit + 1).map(piece).collect()
}

/// What is before the first delimiter, between it and the next second one, and behind that. A text without them stays whole.
fn between(value: &Expr, told: &Step<'_>) -> Result<Vec<Expr>, DataFusionError> {
    let (first, second): (Delimiter, Delimiter) =
        (told.json("patternOption1")?, told.json("patternOption2")?);
    if first.pattern.is_empty() || second.pattern.is_empty() {
        return Err(wrong("it needs two delimiters"));
    }
    let length = |of: &Delimiter| i64::try_from(of.pattern.chars().count()).unwrap_or(i64::MAX);
    let begin = || glue_cast(strpos(value.clone(), lit(first.pattern.as_str())), &DataType::Int64);
    let inner = || begin() + lit(length(&first));
    let rest = || substr(value.clone(), inner());
    let end = || glue_cast(strpos(rest(), lit(second.pattern.as_str())), &DataType::Int64);
    let found = || begin().gt(lit(0i64)).and(end().gt(lit(0i64)));
    let kept = |of: &Delimiter| if of.include_in_split { length(of) } else { 0 };
    let (before, inside) = (begin() + lit(kept(&first) - 1), end() + lit(kept(&second) - 1));
    Ok(vec![
        when(found(), left(value.clone(), before)).otherwise(value.clone())?,
        when(found(), left(rest(), inside)).end()?,
        when(found(), substr(rest(), end() + lit(length(&second)))).end()?,
    ])
}
