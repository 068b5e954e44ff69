//! Iceberg's types in Hive's words, and the other way round ("Schemas and Data Types" in the Iceberg Table Spec).

use mastic_core::Fault;
use mastic_hive::{HiveType, StructField};
use serde_json::{Value as Json, json};

use crate::errors;

/// Gives numbers to fields.
pub(crate) struct Ids(i32);

impl Ids {
    /// Numbers that follow those of so many columns.
    pub(crate) fn after(columns: usize) -> Self {
        Self(i32::try_from(columns).unwrap_or(i32::MAX))
    }

    /// The last number that was given.
    pub(crate) fn last(&self) -> i32 {
        self.0
    }

    fn next(&mut self) -> i32 {
        self.0 = self.0.saturating_add(1);
        self.0
    }
}

/// A column's type as Iceberg's.
///
/// # Errors
/// If the text is no type, or of a type that Iceberg does not have.
pub(crate) fn of_hive(text: &str, ids: &mut Ids) -> Result<Json, Fault> {
    let ty: HiveType = text.parse().map_err(|error| errors::invalid(format!("{error}")))?;
    converted(&ty, ids)
}

fn converted(ty: &HiveType, ids: &mut Ids) -> Result<Json, Fault> {
    Ok(match ty {
        HiveType::Boolean => json!("boolean"),
        HiveType::TinyInt | HiveType::SmallInt | HiveType::Int => json!("int"),
        HiveType::BigInt => json!("long"),
        HiveType::Float => json!("float"),
        HiveType::Double => json!("double"),
        HiveType::Decimal { precision, scale } => json!(format!("decimal({precision}, {scale})")),
        HiveType::String | HiveType::Char(_) | HiveType::Varchar(_) => json!("string"),
        HiveType::Binary => json!("binary"),
        HiveType::Date => json!("date"),
        HiveType::Timestamp => json!("timestamp"),
        HiveType::TimestampLocal => json!("timestamptz"),
        HiveType::Array(element) => {
            let id = ids.next();
            let element = converted(element, ids)?;
            json!({"type": "list", "element-id": id, "element-required": false, "element": element})
        }
        HiveType::Map(key, value) => {
            let (key_id, value_id) = (ids.next(), ids.next());
            let (key, value) = (converted(key, ids)?, converted(value, ids)?);
            json!({
                "type": "map", "key-id": key_id, "key": key,
                "value-id": value_id, "value-required": false, "value": value,
            })
        }
        HiveType::Struct(fields) => {
            let numbered: Vec<_> = fields.iter().map(|field| (ids.next(), field)).collect();
            let fields: Vec<Json> = numbered
                .into_iter()
                .map(|(id, field)| {
                    let ty = converted(&field.ty, ids)?;
                    Ok(json!({"id": id, "name": field.name, "required": false, "type": ty}))
                })
                .collect::<Result<_, Fault>>()?;
            json!({"type": "struct", "fields": fields})
        }
        HiveType::Void | HiveType::IntervalYearMonth | HiveType::IntervalDayTime | HiveType::Union(_) => {
            return Err(errors::invalid(format!("Iceberg tables have no columns of type {ty}.")));
        }
    })
}

/// An Iceberg type as Glue shows it.
///
/// # Errors
/// If it is none.
pub(crate) fn to_hive(ty: &Json) -> Result<String, Fault> {
    shown(ty, 0)
        .map(|ty| ty.to_string())
        .ok_or_else(|| errors::invalid(format!("{ty} is not a type of Iceberg's.")))
}

fn shown(ty: &Json, depth: usize) -> Option<HiveType> {
    if depth > HiveType::MAX_DEPTH {
        return None;
    }
    let inner = |name: &str| shown(ty.get(name)?, depth + 1);
    match (ty, ty.get("type").and_then(Json::as_str)) {
        (Json::String(name), _) => primitive(name),
        (_, Some("list")) => Some(HiveType::Array(Box::new(inner("element")?))),
        (_, Some("map")) => Some(HiveType::Map(Box::new(inner("key")?), Box::new(inner("value")?))),
        (_, Some("struct")) => {
            let fields = ty.get("fields")?.as_array()?.iter();
            let fields = fields.map(|field| {
                Some(StructField::new(field.get("name")?.as_str()?, shown(field.get("type")?, depth + 1)?))
            });
            Some(HiveType::Struct(fields.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

fn primitive(name: &str) -> Option<HiveType> {
    Some(match name {
        "boolean" => HiveType::Boolean,
        "int" => HiveType::Int,
        "long" => HiveType::BigInt,
        "float" => HiveType::Float,
        "double" => HiveType::Double,
        "date" => HiveType::Date,
        "timestamp" | "timestamptz" => HiveType::Timestamp,
        "string" | "uuid" | "time" => HiveType::String,
        "binary" => HiveType::Binary,
        _ if name.starts_with("fixed[") => HiveType::Binary,
        _ if name.starts_with("decimal(") => name.parse().ok()?,
        _ => return None,
    })
}

/// The greatest number of a field within a type.
pub(crate) fn greatest_id(ty: &Json) -> i32 {
    let own =
        ["id", "element-id", "key-id", "value-id"].into_iter().filter_map(|name| ty.get(name)?.as_i64());
    let own = own.filter_map(|id| i32::try_from(id).ok()).max().unwrap_or(0);
    let inner = match ty {
        Json::Object(members) => members.values().map(greatest_id).max(),
        Json::Array(items) => items.iter().map(greatest_id).max(),
        _ => None,
    };
    own.max(inner.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{Ids, greatest_id, of_hive, to_hive};

    #[test]
    fn types_go_both_ways() {
        for ty in [
            "bigint",
            "decimal(9,2)",
            "array<struct<a:int,b:map<string,double>>>",
            "struct<at:timestamp,on:date,raw:binary,yes:boolean,part:float>",
        ] {
            let mut ids = Ids::after(3);
            let iceberg = of_hive(ty, &mut ids).unwrap();
            assert_eq!(to_hive(&iceberg).unwrap(), ty);
            assert_eq!(greatest_id(&iceberg).max(3), ids.last(), "{ty}");
        }
    }

    #[test]
    fn what_either_does_not_have_is_refused() {
        assert!(of_hive("interval_day_time", &mut Ids::after(0)).is_err());
        assert!(of_hive("nonsense", &mut Ids::after(0)).is_err());
        for text in ["\"variant\"", "7", "{\"type\":\"list\"}", "{\"type\":\"set\",\"element\":\"int\"}"] {
            assert!(to_hive(&serde_json::from_str(text).unwrap()).is_err(), "{text}");
        }
    }
}
