//! Recipes: steps of DataBrew ("Recipe action reference" in the DataBrew Developer Guide) as classes of
//! `recipe_transforms`, in the groups of that reference.

use super::Outcome;
use super::node::{Node, Settings};
use super::writer::{Import, Writer};
use crate::python::{Py, assign, is_identifier};

/// Where the class of an operation is.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Column",
        &[
            "CHANGE_DATA_TYPE",
            "DELETE",
            "DUPLICATE",
            "MOVE_BEFORE",
            "MOVE_AFTER",
            "MOVE_TO_END",
            "MOVE_TO_INDEX",
            "MOVE_TO_START",
            "RENAME",
            "SORT",
        ],
    ),
    (
        "DataCleaning",
        &[
            "CAPITAL_CASE",
            "FORMAT_DATE",
            "LOWER_CASE",
            "UPPER_CASE",
            "SENTENCE_CASE",
            "TRIM",
            "ADD_DOUBLE_QUOTES",
            "ADD_PREFIX",
            "ADD_SINGLE_QUOTES",
            "ADD_SUFFIX",
            "EXTRACT_BETWEEN_DELIMITERS",
            "EXTRACT_BETWEEN_POSITIONS",
            "EXTRACT_PATTERN",
            "EXTRACT_VALUE",
            "REMOVE_COMBINED",
            "REPLACE_BETWEEN_DELIMITERS",
            "REPLACE_BETWEEN_POSITIONS",
            "REPLACE_TEXT",
        ],
    ),
    (
        "DataQuality",
        &[
            "ADVANCED_DATATYPE_FILTER",
            "ADVANCED_DATATYPE_FLAG",
            "DELETE_DUPLICATE_ROWS",
            "EXTRACT_ADVANCED_DATATYPE_DETAILS",
            "FILL_WITH_AVERAGE",
            "FILL_WITH_CUSTOM",
            "FILL_WITH_EMPTY",
            "FILL_WITH_LAST_VALID",
            "FILL_WITH_MAXIMUM",
            "FILL_WITH_MEDIAN",
            "FILL_WITH_MINIMUM",
            "FILL_WITH_MODE",
            "FILL_WITH_MOST_FREQUENT",
            "FILL_WITH_NULL",
            "FILL_WITH_SUM",
            "FLAG_DUPLICATE_ROWS",
            "FLAG_DUPLICATES_IN_COLUMN",
            "GET_ADVANCED_DATATYPE",
            "REMOVE_DUPLICATES",
            "REMOVE_INVALID",
            "REMOVE_MISSING",
            "REMOVE_OUTLIERS",
            "REMOVE_VALUES",
            "REPLACE_OUTLIERS",
            "REPLACE_WITH_AVERAGE",
            "REPLACE_WITH_CUSTOM",
            "REPLACE_WITH_EMPTY",
            "REPLACE_WITH_LAST_VALID",
            "REPLACE_WITH_MEDIAN",
            "REPLACE_WITH_MODE",
            "REPLACE_WITH_MOST_FREQUENT",
            "REPLACE_WITH_NULL",
            "REPLACE_WITH_ROLLING_AVERAGE",
            "REPLACE_WITH_ROLLING_SUM",
            "RESCALE_OUTLIERS_WITH_SKEW",
        ],
    ),
    (
        "ColumnStructure",
        &[
            "BOOLEAN_OPERATION",
            "CASE_OPERATION",
            "FLAG_COLUMN_FROM_NULL",
            "FLAG_COLUMN_FROM_PATTERN",
            "MERGE",
            "SPLIT_COLUMN_BETWEEN_DELIMITER",
            "SPLIT_COLUMN_BETWEEN_POSITIONS",
            "SPLIT_COLUMN_FROM_END",
            "SPLIT_COLUMN_FROM_START",
            "SPLIT_COLUMN_MULTIPLE_DELIMITER",
            "SPLIT_COLUMN_SINGLE_DELIMITER",
            "SPLIT_COLUMN_WITH_INTERVALS",
        ],
    ),
    (
        "DataStructure",
        &[
            "NEST_TO_ARRAY",
            "NEST_TO_MAP",
            "NEST_TO_STRUCT",
            "UNNEST_ARRAY",
            "UNNEST_MAP",
            "UNNEST_STRUCT",
            "UNNEST_STRUCT_N",
            "GROUP_BY",
            "JOIN",
            "PIVOT",
            "SCALE",
            "TRANSPOSE",
            "UNION",
            "UNPIVOT",
        ],
    ),
    ("MathFunctions", &["ABSOLUTE", "CEIL", "EXP", "FLOOR", "LN", "NEGATE", "ROUND", "SQUARE_ROOT"]),
    (
        "DateTimeFunctions",
        &[
            "CONVERT_TIMEZONE",
            "DATE",
            "DATE_ADD",
            "DATE_DIFF",
            "DATE_FORMAT",
            "DATE_TIME",
            "DAY",
            "HOUR",
            "MILLISECOND",
            "MINUTE",
            "MONTH",
            "MONTH_NAME",
            "NOW",
            "QUARTER",
            "SECOND",
            "TIME",
            "TODAY",
            "UNIX_TIME",
            "UNIX_TIME_FORMAT",
            "WEEK_DAY",
            "WEEK_NUMBER",
            "YEAR",
        ],
    ),
];

pub(super) fn write(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    if let Some(arn) = node.text("RecipeReference.RecipeArn") {
        return Err(format!("The recipe {arn} is DataBrew's: give its steps as RecipeSteps."));
    }
    writer.import(Import::DynamicFrame);
    let steps = node.items("RecipeSteps");
    let suffix = node.variable.rsplit_once("_node").map_or(node.variable.as_str(), |(_, rest)| rest);
    let function = writer.name(&format!("applyRecipe_node{suffix}"));
    let mut lines = vec![format!("def {function}(inputFrame, glueContext, transformation_ctx):")];
    lines.push("    df0 = inputFrame.toDF()".to_owned());
    for (nth, step) in steps.iter().enumerate() {
        let call = apply(node, step, nth)?;
        let statement = assign(&format!("df{}", nth + 1), &call);
        lines.extend(statement.lines().map(|line| format!("    {line}")));
    }
    lines.push(format!("    return DynamicFrame.fromDF(df{}, glueContext, transformation_ctx)", steps.len()));
    if !steps.is_empty() {
        writer.import(Import::Recipe);
    }
    writer.function(node, lines.join("\n"));
    let named = [
        ("inputFrame", Py::code(input)),
        ("glueContext", Py::code("glueContext")),
        ("transformation_ctx", Py::str(&node.variable)),
    ];
    writer.assign(&node.variable, &Py::call(function, named));
    Ok(())
}

fn apply(node: &Node, step: &Settings, nth: usize) -> Outcome<Py> {
    let operation = step.required("Action.Operation")?;
    let class = class(operation).ok_or_else(|| format!("The recipe step {operation} has no script."))?;
    let context = format!("{}-df{}", node.variable, nth + 1);
    let mut text = vec![
        format!("data_frame=df{nth}"),
        "glue_context=glueContext".to_owned(),
        format!("transformation_ctx={}", Py::Str(context).flat()),
    ];
    for (name, value) in step.map("Action.Parameters") {
        let name = snake(&name);
        if !is_identifier(&name) {
            return Err(format!("{name} is no name of a parameter in Python."));
        }
        text.push(format!("{name}={}", literal(&value)));
    }
    let conditions: Vec<Py> = step
        .items("ConditionExpressions")
        .iter()
        .map(|one| {
            let names = ["Condition", "Value", "TargetColumn"];
            let entries = names.into_iter().filter_map(|name| Some((name, Py::str(one.text(name)?))));
            Py::dict(entries)
        })
        .collect();
    if !conditions.is_empty() {
        text.push(format!("condition_expressions={}", Py::List(conditions).flat()));
    }
    Ok(Py::Call(format!("{class}.apply"), text.into_iter().map(Py::Code).collect(), vec![]))
}

/// `DataCleaning.UpperCase` of `UPPER_CASE`.
fn class(operation: &str) -> Option<String> {
    let (group, _) = GROUPS.iter().find(|(_, operations)| operations.contains(&operation))?;
    let camel: String = operation
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters.map(|c| c.to_ascii_lowercase())).collect::<String>()
        })
        .collect();
    let column = *group == "Column" && matches!(operation, "RENAME" | "DELETE" | "DUPLICATE");
    Some(format!("{group}.{camel}{}", if column { "Column" } else { "" }))
}

/// `source_column` of `sourceColumn`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// A parameter's value: truth and whole numbers as such, all else as text.
fn literal(value: &str) -> String {
    match value {
        "true" => "True".to_owned(),
        "false" => "False".to_owned(),
        text => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => text.to_owned(),
            _ => Py::str(text).flat(),
        },
    }
}
