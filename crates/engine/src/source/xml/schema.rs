//! The option `withSchema`: the columns of a source, as the JSON text of a `StructType`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use serde_json::Value;

use crate::types::{arrow_type, type_text};

/// The columns that a schema names: one of Glue's (`dataType`, `container`) or of Spark's (`type`).
///
/// # Errors
/// Says what of it is wrong or not supported.
pub(crate) fn declared(text: &str) -> Result<Vec<(String, DataType)>, String> {
    let schema: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    if kind(&schema) != Some("struct") {
        return Err("it is no StructType".to_owned());
    }
    fields(&schema)?.into_iter().map(|(name, of)| Ok((name.to_owned(), data_type(of, true)?))).collect()
}

/// The columns that the option `withSchema` names, with their types in Glue's grammar.
///
/// # Errors
/// Says what of it is wrong or not supported.
pub fn declared_columns(text: &str) -> Result<Vec<(String, String)>, String> {
    Ok(declared(text)?.into_iter().map(|(name, of)| (name, type_text(&of))).collect())
}

fn kind(of: &Value) -> Option<&str> {
    of.as_str().or_else(|| of.get("dataType")?.as_str()).or_else(|| of.get("type")?.as_str())
}

fn fields(of: &Value) -> Result<Vec<(&str, &Value)>, String> {
    let fields = of.get("fields").and_then(Value::as_array).ok_or("a struct has no `fields`")?;
    let field = |field| {
        let name = Value::get(field, "name").and_then(Value::as_str).ok_or("a field has no `name`")?;
        let of = field.get("container").or_else(|| field.get("type"));
        Ok((name, of.ok_or_else(|| format!("the field `{name}` has no type"))?))
    };
    fields.iter().map(field).collect()
}

fn data_type(of: &Value, top: bool) -> Result<DataType, String> {
    let kind = kind(of).ok_or_else(|| format!("`{of}` is no type"))?;
    Ok(match kind {
        "struct" => {
            let fields = fields(of)?.into_iter();
            let fields = fields.map(|(name, of)| Ok(Field::new(name, data_type(of, false)?, true)));
            DataType::Struct(fields.collect::<Result<_, String>>()?)
        }
        "array" => {
            let element = of.get("elementType").ok_or("an array has no `elementType`")?;
            DataType::List(Arc::new(Field::new_list_field(data_type(element, false)?, true)))
        }
        "map" => return Err("a map is no element of XML: a struct is".to_owned()),
        "decimal" if of.get("precision").is_some() => {
            let number = |name: &str| of.get(name).and_then(Value::as_u64).unwrap_or_default();
            arrow_type(&format!("decimal({},{})", number("precision"), number("scale")))?
        }
        "integer" => DataType::Int32,
        kind => match arrow_type(kind)? {
            DataType::Utf8View if !top => DataType::Utf8,
            of => of,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<Vec<String>, String> {
        Ok(declared(text)?
            .into_iter()
            .map(|(name, of)| format!("{name} {}", crate::types::type_text(&of)))
            .collect())
    }

    #[test]
    fn glue_s_and_spark_s() {
        let glue = r#"{"dataType":"struct","properties":{},"fields":[
            {"name":"id","container":{"dataType":"int","properties":{}},"properties":{}},
            {"name":"price","container":{"dataType":"decimal","precision":20,"scale":4,"properties":{}}},
            {"name":"to","container":{"dataType":"struct","fields":[
                {"name":"zips","container":{"dataType":"array","elementType":{"dataType":"long"}}}]}}]}"#;
        let spark = r#"{"type":"struct","fields":[
            {"name":"id","type":"integer","nullable":true,"metadata":{}},
            {"name":"price","type":"decimal(20,4)","nullable":true},
            {"name":"to","type":{"type":"struct","fields":[
                {"name":"zips","type":{"type":"array","elementType":"long","containsNull":true}}]}}]}"#;
        let expected = ["id int", "price decimal(20,4)", "to struct<zips:array<bigint>>"];
        assert_eq!(told(glue).unwrap(), expected);
        assert_eq!(told(spark).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, what) in [
            ("id int", "it is no JSON"),
            (r#"{"dataType":"int"}"#, "no StructType"),
            (r#"{"dataType":"struct"}"#, "no `fields`"),
            (r#"{"type":"struct","fields":[{"name":"a"}]}"#, "the field `a` has no type"),
            (r#"{"type":"struct","fields":[{"name":"a","type":"choice"}]}"#, "choice"),
            (
                r#"{"type":"struct","fields":[{"name":"a","type":{"type":"array"}}]}"#,
                "an array has no `elementType`",
            ),
        ] {
            let error = told(text).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
    }
}
