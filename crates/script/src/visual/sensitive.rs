//! PIIDetection ("Detect and process sensitive data" and "Using fine-grained sensitive data detection" in the Developer
//! Guide).

use super::Outcome;
use super::frame::from_df;
use super::node::Node;
use super::writer::{Import, Writer};
use crate::python::{Py, quoted};

const DETECTED: &str = "DetectedEntities";

pub(super) fn write(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    writer.import(Import::Detector);
    let kind = node.required("PiiType")?;
    writer.code("entity_detector = EntityDetector()");
    match kind.strip_prefix("Column") {
        Some(kind) => columns(writer, node, input, kind),
        None => rows(writer, node, input, kind),
    }
}

/// Looks at every value.
fn rows(writer: &mut Writer, node: &Node, input: &str, kind: &str) -> Outcome {
    let entities = node.texts("EntityTypesToDetect");
    let (action, options) = match kind {
        "RowAudit" => ("DETECT", vec![]),
        "RowHashing" => ("SHA256_HASH", vec![]),
        "RowMasking" => ("REDACT", vec![("redactText", Py::str(mask(node)))]),
        "RowPartialMasking" => {
            let number = |name: &str| Py::str(node.whole(name).unwrap_or_default().to_string());
            let mut options = vec![
                ("numLeftCharsToExclude", number("NumLeftCharsToExclude")),
                ("numRightCharsToExclude", number("NumRightCharsToExclude")),
            ];
            options.extend(node.text("MatchPattern").map(|pattern| ("matchPattern", Py::str(pattern))));
            options.push(("redactChar", Py::str(node.text("RedactChar").unwrap_or("*"))));
            ("PARTIAL_REDACT", options)
        }
        other => return Err(format!("The detection {other} has no script.")),
    };
    let parameters = match node.text("DetectionParameters") {
        Some(text) => json(text)?,
        None if kind == "RowAudit" => Py::strings(&entities),
        None => Py::dict(entities.iter().map(|entity| {
            let mut how = vec![("action", Py::str(action))];
            if !options.is_empty() {
                how.push(("actionOptions", Py::dict(options.clone())));
            }
            (entity.clone(), Py::List(vec![Py::dict(how)]))
        })),
    };
    let column = node.text("OutputColumnName").unwrap_or(DETECTED);
    let mut placed = vec![Py::code(input), parameters, Py::str(column)];
    placed.extend(node.text("DetectionSensitivity").map(Py::str));
    writer.assign(&node.variable, &Py::Call("entity_detector.detect".to_owned(), placed, vec![]));
    if kind != "RowAudit" && node.text("OutputColumnName").is_none() {
        // The detector tells in any case.
        let dropped = Py::strings([DETECTED]).flat();
        writer.code(format!("{0} = {0}.drop_fields({dropped})", node.variable));
    }
    Ok(())
}

/// What stands in the place of what was found.
fn mask(node: &Node) -> &str {
    node.text("MaskValue").unwrap_or("*******")
}

/// Looks at a sample, and takes columns as wholes.
fn columns(writer: &mut Writer, node: &Node, input: &str, kind: &str) -> Outcome {
    writer.import(Import::DynamicFrame);
    let fraction = |name: &str, or: f64| Py::code(format!("{:?}", node.number(name).unwrap_or(or)));
    let placed = vec![
        Py::code(input),
        Py::strings(node.texts("EntityTypesToDetect")),
        fraction("SampleFraction", 0.1),
        fraction("ThresholdFraction", 0.1),
    ];
    let sensitivity = node.text("DetectionSensitivity").map(Py::str);
    let placed = placed.into_iter().chain(sensitivity).collect();
    let (found, frame) = (format!("{}_columns", node.variable), format!("{}_df", node.variable));
    writer.assign(&found, &Py::Call("entity_detector.classify_columns".to_owned(), placed, vec![]));
    let put = |writer: &mut Writer, value: String| {
        writer.import(Import::Functions);
        writer.code(format!("{frame} = {input}.toDF()"));
        writer.code(format!("for column in {found}:"));
        writer.code(format!("    {frame} = {frame}.withColumn(column, {value})"));
    };
    match kind {
        "Audit" => {
            writer.import(Import::Types);
            let schema = "StructType([StructField(\"columnName\", StringType()), \
                          StructField(\"entityTypes\", ArrayType(StringType()))])";
            let rows = format!("[(column, list(entities)) for column, entities in {found}.items()]");
            let call =
                Py::call("spark.createDataFrame", [("data", Py::code(rows)), ("schema", Py::code(schema))]);
            writer.assign(&frame, &call);
        }
        "Hashing" => {
            let column = "SqlFuncs.col(column).cast(\"string\")";
            put(writer, format!("SqlFuncs.sha2({column}, 256)"));
        }
        "Masking" => {
            let held = "SqlFuncs.col(column).isNotNull()";
            put(writer, format!("SqlFuncs.when({held}, SqlFuncs.lit({}))", quoted(mask(node))));
        }
        other => return Err(format!("The detection Column{other} has no script.")),
    }
    writer.assign(&node.variable, &from_df(frame.as_str(), &node.variable));
    Ok(())
}

/// What the author wrote as JSON.
fn json(text: &str) -> Outcome<Py> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("DetectionParameters is no JSON: {error}."))?;
    Ok(python(&value))
}

fn python(value: &serde_json::Value) -> Py {
    use serde_json::Value as Json;
    match value {
        Json::Null => Py::code("None"),
        Json::Bool(flag) => Py::Bool(*flag),
        Json::Number(number) => Py::code(number.to_string()),
        Json::String(text) => Py::str(text),
        Json::Array(items) => Py::List(items.iter().map(python).collect()),
        Json::Object(entries) => Py::dict(entries.iter().map(|(key, value)| (key.clone(), python(value)))),
    }
}
