//! PostgreSQL's types as Glue's: what its JDBC driver calls each, and what Hive calls that.

use mastic_hive::HiveType;

/// Digits of a decimal at most.
const DIGITS: u8 = 38;

/// The type of a `numeric` without bounds, as Spark reads it.
pub(crate) const UNBOUNDED: HiveType = HiveType::Decimal { precision: DIGITS, scale: 18 };

/// The Glue type of a type as `format_type` writes it. What Hive has no type for is text.
pub(crate) fn hive_type(raw: &str) -> HiveType {
    if let Some(element) = raw.strip_suffix("[]") {
        return HiveType::Array(Box::new(hive_type(element)));
    }
    let (name, arguments) = split(raw);
    match name.as_str() {
        "smallint" => HiveType::SmallInt,
        "integer" => HiveType::Int,
        "bigint" | "oid" => HiveType::BigInt,
        "real" => HiveType::Float,
        "double precision" | "money" => HiveType::Double,
        "numeric" => match arguments.first() {
            None => UNBOUNDED,
            Some(precision) => decimal(*precision, arguments.get(1).copied().unwrap_or(0)),
        },
        "boolean" => HiveType::Boolean,
        "bit" if arguments.first().is_none_or(|length| *length == 1) => HiveType::Boolean,
        "date" => HiveType::Date,
        "timestamp without time zone" | "timestamp with time zone" => HiveType::Timestamp,
        "bytea" => HiveType::Binary,
        _ => HiveType::String,
    }
}

/// `timestamp(3) without time zone` as its name and its numbers.
fn split(raw: &str) -> (String, Vec<i64>) {
    let Some((before, rest)) = raw.split_once('(') else { return (raw.to_owned(), Vec::new()) };
    let (inner, after) = rest.split_once(')').unwrap_or((rest, ""));
    let numbers = inner.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    (format!("{}{after}", before.trim_end()), numbers)
}

/// A decimal as far as Hive has it. A negative scale stands for zeros before the point.
pub(crate) fn decimal(precision: i64, scale: i64) -> HiveType {
    let (precision, scale) = if scale < 0 { (precision - scale, 0) } else { (precision.max(scale), scale) };
    let bounded = |number: i64| u8::try_from(number.clamp(0, DIGITS.into())).unwrap_or(DIGITS);
    HiveType::Decimal { precision: bounded(precision).max(1), scale: bounded(scale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        for (raw, hive) in [
            ("smallint", "smallint"),
            ("integer", "int"),
            ("bigint", "bigint"),
            ("oid", "bigint"),
            ("real", "float"),
            ("double precision", "double"),
            ("numeric", "decimal(38,18)"),
            ("numeric(10,2)", "decimal(10,2)"),
            ("numeric(5)", "decimal(5,0)"),
            ("numeric(3,-2)", "decimal(5,0)"),
            ("numeric(2,5)", "decimal(5,5)"),
            ("numeric(100,50)", "decimal(38,38)"),
            ("money", "double"),
            ("boolean", "boolean"),
            ("bit(1)", "boolean"),
            ("bit(8)", "string"),
            ("bit varying(8)", "string"),
            ("date", "date"),
            ("timestamp without time zone", "timestamp"),
            ("timestamp(3) with time zone", "timestamp"),
            ("time without time zone", "string"),
            ("interval", "string"),
            ("character varying(20)", "string"),
            ("character(3)", "string"),
            ("text", "string"),
            ("\"char\"", "string"),
            ("bytea", "binary"),
            ("uuid", "string"),
            ("jsonb", "string"),
            ("inet", "string"),
            ("mood", "string"),
            ("integer[]", "array<int>"),
            ("numeric(4,1)[]", "array<decimal(4,1)>"),
            ("character varying(20)[]", "array<string>"),
        ] {
            assert_eq!(hive_type(raw).to_string(), hive, "{raw}");
        }
    }
}
