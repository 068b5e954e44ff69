//! Functions of JSON text.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, StringViewArray, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::json::{LineDelimitedWriter, ReaderBuilder};
use datafusion::common::{DataFusionError, Result};
use serde_json::Value;

use super::function::{Definition, always_text, argument, texts};
use crate::types::arrow_type;

/// The functions of this part.
pub(super) fn functions() -> Vec<Definition> {
    vec![
        Definition {
            name: "get_json_object",
            arguments: 2..=2,
            typed: always_text,
            evaluated: get_json_object,
        },
        Definition { name: "to_json", arguments: 1..=1, typed: always_text, evaluated: to_json },
        Definition {
            name: "from_json",
            arguments: 2..=2,
            typed: |_, constants| {
                let schema = constants.get(1).and_then(Option::as_deref).unwrap_or_default();
                schema_type(schema)
            },
            evaluated: |args, to| from_json(&texts(args, 0)?, to),
        },
    ]
}

/// A schema as Spark's functions take it: `a INT, b ARRAY<STRING>`, or one type.
fn schema_type(schema: &str) -> Result<DataType> {
    let lower = schema.trim();
    let nested = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["struct<", "array<", "map<"].iter().any(|kind| text.starts_with(kind))
    };
    let text = if nested(lower) {
        lower.to_owned()
    } else {
        let (mut depth, mut fields) = (0i32, vec![String::new()]);
        for letter in lower.chars() {
            match letter {
                '<' | '(' => depth += 1,
                '>' | ')' => depth -= 1,
                _ => {}
            }
            match (letter, fields.last_mut()) {
                (',', _) if depth == 0 => fields.push(String::new()),
                (letter, Some(last)) => last.push(letter),
                _ => {}
            }
        }
        let fields: Option<Vec<String>> = fields
            .iter()
            .map(|field| {
                let (name, of) = field.trim().split_once([' ', ':'])?;
                Some(format!("{}:{}", name.trim_matches('`'), of.trim()))
            })
            .collect();
        let fields = fields
            .ok_or_else(|| DataFusionError::Plan(format!("from_json: `{schema}` is no schema in DDL")))?;
        format!("struct<{}>", fields.join(","))
    };
    arrow_type(&text).map_err(|error| DataFusionError::Plan(format!("from_json: {error}")))
}

/// Values from JSON text; what is none, or does not fit, is null.
///
/// # Errors
/// If values of the type are not read from JSON.
fn from_json(texts: &StringViewArray, to: &DataType) -> Result<ArrayRef> {
    if texts.is_empty() {
        return Ok(new_null_array(to, 0));
    }
    let mut lines = Vec::new();
    for text in texts {
        let fits = |value: &Value| match to {
            DataType::Struct(_) | DataType::Map(..) => value.is_object(),
            DataType::List(_) => value.is_array(),
            _ => true,
        };
        let value = text.filter(|text| serde_json::from_str::<Value>(text).is_ok_and(|value| fits(&value)));
        lines.extend_from_slice(b"{\"v\":");
        lines.extend_from_slice(value.unwrap_or("null").as_bytes());
        lines.extend_from_slice(b"}\n");
    }
    let schema = Arc::new(Schema::new(vec![Field::new("v", to.clone(), true)]));
    let mut decoder = ReaderBuilder::new(schema)
        .with_batch_size(texts.len())
        .with_coerce_primitive(true)
        .with_ignore_type_conflicts(true)
        .build_decoder()?;
    decoder.decode(&lines)?;
    match decoder.flush()? {
        Some(batch) if batch.num_rows() == texts.len() => Ok(Arc::clone(batch.column(0))),
        _ => Err(DataFusionError::Execution("JSON text was not read whole".to_owned())),
    }
}

fn to_json(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let value = argument(args, 0)?;
    let schema = Arc::new(Schema::new(vec![Field::new("v", value.data_type().clone(), true)]));
    let batch = RecordBatch::try_new(schema, vec![Arc::clone(value)])?;
    let mut bytes = Vec::new();
    let mut writer = LineDelimitedWriter::new(&mut bytes);
    writer.write(&batch)?;
    writer.finish()?;
    drop(writer);
    let text = String::from_utf8_lossy(&bytes);
    let rows = text.lines().enumerate().map(|(row, line)| {
        let inner = line.strip_prefix("{\"v\":")?.strip_suffix('}')?;
        value.is_valid(row).then(|| inner.to_owned())
    });
    Ok(Arc::new(rows.collect::<StringViewArray>()))
}

fn get_json_object(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, paths) = (texts(args, 0)?, texts(args, 1)?);
    let rows = values.iter().zip(&paths).map(|(value, path)| {
        let value: Value = serde_json::from_str(value?).ok()?;
        match found(&value, path?.strip_prefix('$')?)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    });
    Ok(Arc::new(rows.collect::<StringViewArray>()))
}

/// What lies at a path behind its `$`.
fn found(value: &Value, path: &str) -> Option<Value> {
    if path.is_empty() {
        return Some(value.clone());
    }
    if let Some(rest) = path.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at_checked(end)?;
        return found(value.get(name)?, rest);
    }
    let (inner, rest) = path.strip_prefix('[')?.split_once(']')?;
    if inner == "*" {
        let all: Vec<Value> = value.as_array()?.iter().filter_map(|value| found(value, rest)).collect();
        return match all.len() {
            0 => None,
            1 => all.into_iter().next(),
            _ => Some(Value::Array(all)),
        };
    }
    match inner.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')) {
        Some(name) => found(value.get(name)?, rest),
        None => found(value.get(inner.parse::<usize>().ok()?)?, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let value = serde_json::json!({"a": {"b": [1, {"c": "x"}], "d e": null}});
        let at = |path| found(&value, path).map(|value| value.to_string());
        assert_eq!(at(".a.b[1].c"), Some("\"x\"".to_owned()));
        assert_eq!(at(".a.b[*]"), Some("[1,{\"c\":\"x\"}]".to_owned()));
        assert_eq!(at(".a['d e']"), Some("null".to_owned()));
        assert_eq!(at(".a.z"), None);
    }

    #[test]
    fn schemas() {
        assert_eq!(
            schema_type("a INT, b ARRAY<STRING>").unwrap(),
            schema_type("struct<a:int,b:array<string>>").unwrap()
        );
        assert!(schema_type("a").is_err());
    }
}
