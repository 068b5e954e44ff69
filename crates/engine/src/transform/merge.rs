use datafusion::common::{DataFusionError, JoinType};
use datafusion::logical_expr::Expr;
use datafusion::prelude::DataFrame;

use super::fields::{column, exact, names};
use super::wrong;
use crate::cast::glue_cast;
use crate::plan::Merge;
use crate::types::is_text;

/// Merge: all staged rows, and the source's rows without a staged one under the same keys (AWS Glue developer guide:
/// `mergeDynamicFrame`). Nothing is made unique. Columns are matched by their names; what one side lacks is null there.
pub(super) fn apply(
    ids: &[String],
    first: DataFrame,
    second: DataFrame,
    merge: &Merge,
) -> Result<DataFrame, DataFusionError> {
    let [first_id, second_id] = ids else { return Err(wrong("it needs 2 inputs")) };
    let (source, staged) = if *first_id == merge.source {
        (first, second)
    } else if *second_id == merge.source {
        (second, first)
    } else {
        return Err(wrong(format!("its source `{}` is none of its inputs", merge.source)));
    };
    if merge.keys.is_empty() {
        return Err(wrong("it has no primary key"));
    }
    let (mut keys, mut same) = (Vec::new(), Vec::new());
    for (at, path) in merge.keys.iter().enumerate() {
        let ((key, of), (staged_key, staged_of)) = (column(&source, path)?, column(&staged, path)?);
        let hidden = format!("__key{at}");
        let staged_key =
            if is_text(&of) == is_text(&staged_of) { staged_key } else { glue_cast(staged_key, &of) };
        keys.push(staged_key.alias(&hidden));
        same.push(key.eq(exact(&hidden)));
    }
    let kept = source.join_on(staged.clone().select(keys)?, JoinType::LeftAnti, same)?;
    let columns: Vec<Expr> = names(&kept).iter().map(|name| exact(name)).collect();
    kept.select(columns)?.union_by_name(staged)
}
