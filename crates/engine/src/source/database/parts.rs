//! Parts of a relation that are read side by side, as conditions.

use mastic_hive::HiveType;
use mastic_jdbc::{Column, Engine};

use crate::plan::Parts;

/// Parts at most.
const MOST: u64 = 10_000;

/// One condition for each part; every row meets exactly one. None is met by all.
///
/// # Errors
/// What of the settings cannot be used.
pub(super) fn conditions(
    engine: Engine,
    parts: &Parts,
    columns: &[Column],
) -> Result<Vec<Option<String>>, String> {
    let (Parts::Range { count, .. } | Parts::Number { count, .. } | Parts::Hash { count, .. }) = parts;
    if *count > MOST {
        return Err(format!("{count} parts are too many: {MOST} are allowed"));
    }
    let named = |name: &str| {
        let same = columns.iter().find(|column| column.name == name);
        let found = same.or_else(|| columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)));
        found.ok_or_else(|| format!("there is no column `{name}` to tell parts by"))
    };
    Ok(match parts {
        _ if *count <= 1 => vec![None],
        Parts::Number { expression, count } => {
            (0..*count).map(|part| Some(engine.part_by_number(expression, *count, part))).collect()
        }
        Parts::Hash { column, count } => {
            let column = &named(column)?.name;
            (0..*count).map(|part| Some(engine.part_by_hash(column, *count, part))).collect()
        }
        Parts::Range { column, lower, upper, count } => {
            let column = named(column)?;
            let whole = matches!(
                column.ty,
                HiveType::TinyInt
                    | HiveType::SmallInt
                    | HiveType::Int
                    | HiveType::BigInt
                    | HiveType::Decimal { .. }
            );
            if !whole {
                return Err(format!(
                    "PartitionColumn `{}` is of type {}: numbers are wanted",
                    column.name, column.ty
                ));
            }
            if lower > upper {
                return Err(format!("LowerBound {lower} is above UpperBound {upper}"));
            }
            ranges(&engine.quoted(&column.name), *lower, *upper, *count)
        }
    })
}

/// Ranges of one width, as Spark cuts them: the first and the last are open, and the first has the nulls.
fn ranges(column: &str, lower: i64, upper: i64, count: u64) -> Vec<Option<String>> {
    let width = i128::from(upper) - i128::from(lower);
    let count = i128::from(count).min(width);
    if count <= 1 {
        return vec![None];
    }
    let bound = |number: i128| i128::from(lower) + width * number / count;
    let range = |number: i128| {
        let (from, to) = (bound(number), bound(number + 1));
        Some(match number {
            0 => format!("{column} < {to} OR {column} IS NULL"),
            _ if number + 1 == count => format!("{column} >= {from}"),
            _ => format!("{column} >= {from} AND {column} < {to}"),
        })
    };
    (0..count).map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_as_wide_as_each_other() {
        let text = |lower, upper, count| -> Vec<String> {
            ranges("c", lower, upper, count).into_iter().map(Option::unwrap_or_default).collect()
        };
        assert_eq!(text(0, 30, 3), ["c < 10 OR c IS NULL", "c >= 10 AND c < 20", "c >= 20"]);
        assert_eq!(text(0, 2, 10), ["c < 1 OR c IS NULL", "c >= 1"]);
        assert_eq!(text(5, 5, 10), [""]);
        assert_eq!(
            text(0, i64::MAX, 2),
            ["c < 4611686018427387903 OR c IS NULL", "c >= 4611686018427387903"]
        );
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let range = |lower, upper| Parts::Range { column: "c".to_owned(), lower, upper, count: 2 };
        let error = |parts: Parts| conditions(Engine::MySql, &parts, &[]).unwrap_err();
        assert_eq!(error(range(0, 9)), "there is no column `c` to tell parts by");
        let many = Parts::Number { expression: "id".to_owned(), count: 20_000 };
        assert!(error(many).contains("too many"));
        let parts = Parts::Number { expression: "id".to_owned(), count: 2 };
        assert_eq!(conditions(Engine::MySql, &parts, &[]).unwrap().len(), 2);
    }
}
