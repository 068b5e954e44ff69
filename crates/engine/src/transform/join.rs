use std::collections::BTreeSet;

use datafusion::common::{DataFusionError, JoinType};
use datafusion::logical_expr::Expr;
use datafusion::prelude::DataFrame;

use super::fields::{column, exact, names};
use super::wrong;
use crate::cast::glue_cast;
use crate::plan::{Join, JoinKind};
use crate::types::is_text;

/// What is put before a column of the right side whose name the left side has too.
const PREFIX: &str = "right_";

/// Join: all columns of both sides, those of the right side that would have the same name prefixed.
pub(super) fn apply(left: DataFrame, right: DataFrame, join: &Join) -> Result<DataFrame, DataFusionError> {
    if join.left.len() != join.right.len() || join.left.is_empty() {
        return Err(wrong("both sides need the same number of keys"));
    }
    let kind = match join.kind {
        JoinKind::Inner => JoinType::Inner,
        JoinKind::Left => JoinType::Left,
        JoinKind::Right => JoinType::Right,
        JoinKind::Outer => JoinType::Full,
        JoinKind::LeftSemi => JoinType::LeftSemi,
        JoinKind::LeftAnti => JoinType::LeftAnti,
    };
    let left_names = names(&left);
    let mut taken: BTreeSet<String> = left_names.iter().cloned().collect();
    // The right side goes under other names during the join, so that no reference has two meanings.
    let sides: Vec<(String, String, String)> = names(&right)
        .into_iter()
        .map(|name| {
            let mut unique = name.clone();
            while taken.contains(&unique) {
                unique.insert_str(0, PREFIX);
            }
            taken.insert(unique.clone());
            (format!("__right.{name}"), name, unique)
        })
        .collect();
    let mut conditions = Vec::new();
    for (left_path, right_path) in join.left.iter().zip(&join.right) {
        let (left_key, left_type) = column(&left, left_path)?;
        let (right_key, right_type) = column(&right, right_path)?;
        let right_key = renamed(right_key, &sides)?;
        conditions.push(match (is_text(&left_type), is_text(&right_type)) {
            (true, false) => glue_cast(left_key, &right_type).eq(right_key),
            (false, true) => left_key.eq(glue_cast(right_key, &left_type)),
            _ => left_key.eq(right_key),
        });
    }
    let hidden: Vec<Expr> = sides.iter().map(|(hidden, name, _)| exact(name).alias(hidden)).collect();
    let joined = left.join_on(right.select(hidden)?, kind, conditions)?;
    if matches!(kind, JoinType::LeftSemi | JoinType::LeftAnti) {
        return Ok(joined);
    }
    let mut out: Vec<Expr> = left_names.iter().map(|name| exact(name)).collect();
    out.extend(sides.iter().map(|(hidden, _, unique)| exact(hidden).alias(unique)));
    joined.select(out)
}

fn renamed(key: Expr, sides: &[(String, String, String)]) -> Result<Expr, DataFusionError> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    key.transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => {
                let found = sides.iter().find(|(_, name, _)| *name == column.name);
                Transformed::yes(exact(found.map_or(column.name.as_str(), |(hidden, ..)| hidden)))
            }
            other => Transformed::no(other),
        })
    })
    .map(|done| done.data)
}
