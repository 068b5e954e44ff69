//! MySQL's and MariaDB's types as Glue's: what their JDBC driver calls each, and what Hive calls that.

use mastic_hive::HiveType;

use crate::postgres_types::decimal;

/// The Glue type of a `COLUMN_TYPE`. What Hive has no type for is text.
pub(crate) fn hive_type(raw: &str, tiny_is_boolean: bool) -> HiveType {
    let raw = raw.to_ascii_lowercase();
    let end = raw.find(['(', ' ']).unwrap_or(raw.len());
    let name = raw.get(..end).unwrap_or_default();
    let numbers: Vec<i64> = raw
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(inner, _)| inner.split(',').filter_map(|number| number.trim().parse().ok()).collect())
        .unwrap_or_default();
    let unsigned = raw.contains(" unsigned");
    let first = numbers.first().copied();
    match (name, unsigned) {
        ("tinyint", _) if tiny_is_boolean && first == Some(1) => HiveType::Boolean,
        ("tinyint", false) => HiveType::TinyInt,
        ("tinyint", true) | ("smallint", false) => HiveType::SmallInt,
        ("smallint", true) | ("mediumint", _) | ("int", false) => HiveType::Int,
        ("int", true) | ("bigint", false) => HiveType::BigInt,
        ("bigint", true) => HiveType::Decimal { precision: 20, scale: 0 },
        ("float", _) => HiveType::Float,
        ("double", _) => HiveType::Double,
        ("decimal", _) => decimal(first.unwrap_or(10), numbers.get(1).copied().unwrap_or(0)),
        ("bit", _) if first.is_none_or(|bits| bits == 1) => HiveType::Boolean,
        ("date" | "year", _) => HiveType::Date,
        ("datetime" | "timestamp", _) => HiveType::Timestamp,
        (
            "bit" | "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "geometry"
            | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
            | "geometrycollection",
            _,
        ) => HiveType::Binary,
        _ => HiveType::String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        for (raw, hive) in [
            ("tinyint(1)", "boolean"),
            ("tinyint(4)", "tinyint"),
            ("tinyint(3) unsigned", "smallint"),
            ("smallint", "smallint"),
            ("smallint(5) unsigned zerofill", "int"),
            ("mediumint(9)", "int"),
            ("int(11)", "int"),
            ("int unsigned", "bigint"),
            ("bigint(20)", "bigint"),
            ("bigint(20) unsigned", "decimal(20,0)"),
            ("float", "float"),
            ("double unsigned", "double"),
            ("decimal(10,2)", "decimal(10,2)"),
            ("decimal(65,30) unsigned", "decimal(38,30)"),
            ("bit(1)", "boolean"),
            ("bit(8)", "binary"),
            ("date", "date"),
            ("year(4)", "date"),
            ("datetime(6)", "timestamp"),
            ("timestamp", "timestamp"),
            ("time", "string"),
            ("char(3)", "string"),
            ("varchar(20)", "string"),
            ("longtext", "string"),
            ("json", "string"),
            ("enum('a(1)','b unsigned')", "string"),
            ("set('a','b')", "string"),
            ("uuid", "string"),
            ("inet6", "string"),
            ("varbinary(16)", "binary"),
            ("longblob", "binary"),
            ("point", "binary"),
        ] {
            assert_eq!(hive_type(raw, true).to_string(), hive, "{raw}");
        }
        assert_eq!(hive_type("tinyint(1)", false), HiveType::TinyInt);
    }
}
