//! PIIDetection: finds personal data by its form, its check digits and the words around it, and hides it (AWS Glue
//! developer guide: "Detect and process sensitive data").

mod entity;

use std::sync::Arc;

use datafusion::arrow::array::types::Int64Type;
use datafusion::arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, Int32Builder, ListBuilder, MapBuilder, StringBuilder,
    StringViewArray, StructBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use datafusion::functions::math::expr_fn::random;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf, lit, when};
use datafusion::prelude::DataFrame;
use datafusion_spark::expr_fn::sha2;
use regex::Regex;

use self::entity::{Entity, Find};
use super::dynamic::with;
use super::fields::exact;
use super::wrong;
use crate::cast::cast_array;
use crate::plan::{PiiAction, PiiDetection, Sensitivity};
use crate::spark::compiled;
use crate::types::is_text;

/// What hides a find if the author says nothing else.
const MASK: &str = "*******";
/// The column that tells what was found.
const OUTPUT: &str = "DetectedEntities";
/// The part of the rows that is looked at to find columns, and of these the part that must hold personal data.
const PART: f64 = 0.1;

/// Finds personal data in the text columns, in each row or column by column.
pub(super) async fn apply(frame: DataFrame, detection: &PiiDetection) -> Result<DataFrame> {
    let entities = detection
        .entities
        .iter()
        .map(|name| {
            entity::entity(name)?.ok_or_else(|| wrong(format!("the entity type `{name}` is not supported")))
        })
        .collect::<Result<Vec<_>>>()?;
    if entities.is_empty() {
        return Err(wrong("it names no entity type"));
    }
    let search = Arc::new(Search {
        entities,
        strict: detection.sensitivity == Sensitivity::Low,
        mask: detection.mask.clone().unwrap_or_else(|| MASK.to_owned()),
        letter: detection.redact.clone().unwrap_or_else(|| "*".to_owned()),
        pattern: detection.pattern.as_deref().map(compiled).transpose()?,
        left: detection.left,
        right: detection.right,
    });
    let columns: Vec<String> = frame
        .schema()
        .fields()
        .iter()
        .filter(|field| is_text(field.data_type()))
        .map(|field| field.name().clone())
        .collect();
    match detection.action {
        PiiAction::RowAudit => {
            let told = audit(&search, &columns, detection.action)
                .call(columns.iter().map(|name| exact(name)).collect());
            with(frame, detection.output.as_deref().unwrap_or(OUTPUT), told)
        }
        PiiAction::RowHashing | PiiAction::RowMasking | PiiAction::RowPartialMasking => {
            let told = detection.output.as_ref().map(|output| {
                let of = columns.iter().map(|name| exact(name)).collect();
                (output, audit(&search, &columns, detection.action).call(of))
            });
            // What was found is told of the rows as they were.
            let frame = match told {
                Some((output, told)) => with(frame, output, told)?,
                None => frame,
            };
            columns.iter().try_fold(frame, |frame, name| {
                let hidden = hide(&search, name, detection.action).call(vec![exact(name)]);
                with(frame, name, hidden)
            })
        }
        PiiAction::ColumnAudit => {
            let found = classified(&frame, detection, &search, &columns).await?;
            let (mut names, mut types) = (Vec::new(), ListBuilder::new(StringBuilder::new()));
            for (name, entities) in found {
                names.push(name);
                entities.iter().for_each(|entity| types.values().append_value(entity));
                types.append(true);
            }
            let types: ArrayRef = Arc::new(types.finish());
            let names: ArrayRef = Arc::new(StringViewArray::from_iter_values(names));
            DataFrame::from_columns(vec![("columnName", names), ("entityTypes", types)])
        }
        PiiAction::ColumnHashing | PiiAction::ColumnMasking => {
            let found = classified(&frame, detection, &search, &columns).await?;
            found.into_iter().try_fold(frame, |frame, (name, _)| {
                let value = exact(&name);
                let hidden = match detection.action {
                    PiiAction::ColumnHashing => sha2(value.clone(), lit(256)),
                    _ => lit(search.mask.as_str()),
                };
                with(frame, &name, when(value.is_not_null(), hidden).end()?)
            })
        }
    }
}

struct Search {
    entities: Vec<Entity>,
    strict: bool,
    mask: String,
    letter: String,
    pattern: Option<Regex>,
    left: usize,
    right: usize,
}

impl Search {
    fn finds(&self, column: &str, text: &str) -> Vec<Find> {
        entity::finds(&self.entities, column, text, self.strict)
    }

    fn hidden(&self, found: &str, action: PiiAction) -> String {
        match action {
            PiiAction::RowHashing => hash(found),
            PiiAction::RowPartialMasking => match &self.pattern {
                Some(pattern) => pattern
                    .replace_all(found, |part: &regex::Captures<'_>| {
                        let whole = part.get(0).map_or("", |part| part.as_str());
                        self.letter.repeat(whole.chars().count())
                    })
                    .into_owned(),
                None => {
                    let count = found.chars().count();
                    let kept = |at: usize| at < self.left || at + self.right >= count;
                    let letters = found.chars().enumerate();
                    letters
                        .map(|(at, letter)| if kept(at) { letter.to_string() } else { self.letter.clone() })
                        .collect()
                }
            },
            _ => self.mask.clone(),
        }
    }
}

/// SHA-256 in hexadecimal digits.
fn hash(text: &str) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text as the functions here take it.
fn texts(value: &ColumnarValue) -> Result<StringViewArray> {
    let array = value.to_array(1)?;
    Ok(cast_array(&array, &DataType::Utf8View)?.as_string_view().clone())
}

/// A column with what was found hidden.
fn hide(search: &Arc<Search>, column: &str, action: PiiAction) -> ScalarUDF {
    let (search, name) = (Arc::clone(search), column.to_owned());
    let work = move |args: &[ColumnarValue]| {
        let Some(value) = args.first() else { return Err(wrong("a value is missing")) };
        let values = texts(value)?;
        let hidden = values.iter().map(|text| {
            let text = text?;
            let (mut out, mut end) = (String::with_capacity(text.len()), 0);
            for find in search.finds(&name, text) {
                out.push_str(text.get(end..find.place.start).unwrap_or_default());
                out.push_str(&search.hidden(text.get(find.place.clone()).unwrap_or_default(), action));
                end = find.place.end;
            }
            out.push_str(text.get(end..).unwrap_or_default());
            Some(out)
        });
        let hidden: StringViewArray = hidden.collect();
        Ok(ColumnarValue::Array(Arc::new(hidden)))
    };
    // Text of any kind is taken as a view: the planner casts it.
    create_udf(
        "glue_hide",
        vec![DataType::Utf8View],
        DataType::Utf8View,
        Volatility::Immutable,
        Arc::new(work),
    )
}

fn find_fields() -> Fields {
    Fields::from(vec![
        Field::new("entityType", DataType::Utf8, true),
        Field::new("actionUsed", DataType::Utf8, true),
        Field::new("start", DataType::Int32, true),
        Field::new("end", DataType::Int32, true),
    ])
}

fn find_map() -> MapBuilder<StringBuilder, ListBuilder<StructBuilder>> {
    let one = StructBuilder::from_fields(find_fields(), 0);
    MapBuilder::new(None, StringBuilder::new(), ListBuilder::new(one))
}

/// What was found in a row, by column.
fn audit(search: &Arc<Search>, columns: &[String], action: PiiAction) -> ScalarUDF {
    let used = match action {
        PiiAction::RowHashing => "SHA256_HASH",
        PiiAction::RowMasking => "REDACT",
        PiiAction::RowPartialMasking => "PARTIAL_REDACT",
        _ => "DETECT",
    };
    let of = ArrayBuilder::finish(&mut find_map()).data_type().clone();
    let (search, names) = (Arc::clone(search), columns.to_vec());
    let work = move |args: &[ColumnarValue]| {
        let columns = args.iter().map(texts).collect::<Result<Vec<_>>>()?;
        let rows = columns.first().map_or(0, Array::len);
        let mut out = find_map();
        for row in 0..rows {
            for (name, column) in names.iter().zip(&columns) {
                let text = if column.is_valid(row) { column.value(row) } else { "" };
                let finds = search.finds(name, text);
                if finds.is_empty() {
                    continue;
                }
                out.keys().append_value(name);
                let list = out.values();
                for find in finds {
                    let letters = |end: usize| {
                        let head = text.get(..end).unwrap_or_default();
                        i32::try_from(head.chars().count()).unwrap_or(i32::MAX)
                    };
                    let one = list.values();
                    if let Some(entity) = one.field_builder::<StringBuilder>(0) {
                        entity.append_value(find.entity);
                    }
                    if let Some(action) = one.field_builder::<StringBuilder>(1) {
                        action.append_value(used);
                    }
                    if let Some(start) = one.field_builder::<Int32Builder>(2) {
                        start.append_value(letters(find.place.start));
                    }
                    if let Some(end) = one.field_builder::<Int32Builder>(3) {
                        end.append_value(letters(find.place.end));
                    }
                    one.append(true);
                }
                list.append(true);
            }
            out.append(true)?;
        }
        Ok(ColumnarValue::Array(Arc::new(out.finish())))
    };
    let inputs = vec![DataType::Utf8View; columns.len()];
    create_udf("glue_audit", inputs, of, Volatility::Immutable, Arc::new(work))
}

/// The columns that hold personal data in enough of the rows looked at, with the types found.
async fn classified(
    frame: &DataFrame,
    detection: &PiiDetection,
    search: &Arc<Search>,
    columns: &[String],
) -> Result<Vec<(String, Vec<&'static str>)>> {
    let sample = detection.sample.unwrap_or(PART);
    let frame = frame.clone();
    let frame = if sample < 1.0 { frame.filter(random().lt(lit(sample)))? } else { frame };
    let mut counts = vec![count(lit(1)).alias("__rows")];
    for (at, name) in columns.iter().enumerate() {
        for (number, found) in search.entities.iter().enumerate() {
            let holds = holds(search, name, found.name).call(vec![exact(name)]);
            counts.push(count(when(holds, lit(1)).end()?).alias(format!("__{at}_{number}")));
        }
    }
    let counted = frame.aggregate(vec![], counts)?.collect().await?;
    let values: Vec<i64> = counted
        .iter()
        .filter(|batch| batch.num_rows() == 1)
        .flat_map(|batch| batch.columns())
        .filter_map(|column| column.as_primitive::<Int64Type>().values().first().copied())
        .collect();
    let (rows, counts) = values.split_first().map_or((0, &[][..]), |(rows, counts)| (*rows, counts));
    let least = detection.threshold.unwrap_or(PART) * rows as f64;
    let mut out = Vec::new();
    for (name, counts) in columns.iter().zip(counts.chunks(search.entities.len())) {
        let found: Vec<&str> = search
            .entities
            .iter()
            .zip(counts)
            .filter(|(_, count)| **count > 0 && **count as f64 >= least)
            .map(|(entity, _)| entity.name)
            .collect();
        if !found.is_empty() {
            out.push((name.clone(), found));
        }
    }
    Ok(out)
}

/// Whether a value holds data of one type.
fn holds(search: &Arc<Search>, column: &str, entity: &'static str) -> ScalarUDF {
    let (search, name) = (Arc::clone(search), column.to_owned());
    let work = move |args: &[ColumnarValue]| {
        let Some(value) = args.first() else { return Err(wrong("a value is missing")) };
        let found = texts(value)?
            .iter()
            .map(|text| Some(search.finds(&name, text?).iter().any(|find| find.entity == entity)))
            .collect::<datafusion::arrow::array::BooleanArray>();
        Ok(ColumnarValue::Array(Arc::new(found)))
    };
    create_udf(
        "glue_holds",
        vec![DataType::Utf8View],
        DataType::Boolean,
        Volatility::Immutable,
        Arc::new(work),
    )
}
