use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::{Expr, Operator, binary_expr, lit};
use datafusion::prelude::DataFrame;
use datafusion::scalar::ScalarValue;

use super::fields::column;
use super::predicate::real;
use super::wrong;
use crate::cast::{cast_array, glue_cast};
use crate::plan::{CompareOp, Comparison, Condition, Filter, Operand};
use crate::spark::compiled;
use crate::types::is_text;

/// Filter: a comparison with nothing is false, as is its opposite, but for EQ: nothing is unlike any value.
pub(super) fn apply(frame: DataFrame, filter: &Filter) -> Result<DataFrame, DataFusionError> {
    let predicate = predicate(&frame, filter)?;
    frame.filter(predicate)
}

/// What is true of the rows that a filter keeps.
pub(super) fn predicate(frame: &DataFrame, filter: &Filter) -> Result<Expr, DataFusionError> {
    let conditions =
        filter.conditions.iter().map(|one| condition(frame, one)).collect::<Result<Vec<_>, _>>()?;
    let join = if filter.any { Expr::or } else { Expr::and };
    conditions.into_iter().reduce(join).ok_or_else(|| wrong("it has no condition"))
}

fn condition(frame: &DataFrame, condition: &Condition) -> Result<Expr, DataFusionError> {
    let operator = match condition.operation {
        Comparison::IsNull => {
            let [Operand::Field(path)] = condition.operands.as_slice() else {
                return Err(wrong("ISNULL needs one field"));
            };
            let (field, _) = column(frame, path)?;
            return Ok(if condition.negated { field.is_not_null() } else { field.is_null() });
        }
        Comparison::Equal if condition.negated => Operator::IsDistinctFrom,
        Comparison::Equal => Operator::Eq,
        Comparison::Less => Operator::Lt,
        Comparison::Greater => Operator::Gt,
        Comparison::LessOrEqual => Operator::LtEq,
        Comparison::GreaterOrEqual => Operator::GtEq,
        Comparison::Regex => Operator::RegexMatch,
    };
    let [left, right] = condition.operands.as_slice() else {
        return Err(wrong("a comparison needs two values"));
    };
    if let Some(compared) = of_real(frame, condition.operation, left, right)? {
        return Ok(match (condition.negated, condition.operation) {
            (false, _) => compared,
            (true, Comparison::Equal) => Expr::IsNotTrue(Box::new(compared)),
            (true, _) => Expr::Not(Box::new(compared)),
        });
    }
    let compared = if operator == Operator::RegexMatch {
        let (Operand::Field(path), Operand::Constant(pattern)) = (left, right) else {
            return Err(wrong("REGEX needs a field and a pattern"));
        };
        compiled(pattern)?;
        let (field, of) = column(frame, path)?;
        let text = if is_text(&of) { field } else { glue_cast(field, &DataType::Utf8View) };
        binary_expr(text, operator, lit(format!("^(?:{pattern})")))
    } else {
        let (left, right) = operands(frame, left, right)?;
        binary_expr(left, operator, right)
    };
    let turned = condition.negated && condition.operation != Comparison::Equal;
    Ok(if turned { Expr::Not(Box::new(compared)) } else { compared })
}

/// A floating-point field beside a number: zero has no sign there, and what is no number stands in no relation.
fn of_real(
    frame: &DataFrame,
    operation: Comparison,
    left: &Operand,
    right: &Operand,
) -> Result<Option<Expr>, DataFusionError> {
    let (field, text, first) = match (left, right) {
        (Operand::Field(field), Operand::Constant(text)) => (field, text, true),
        (Operand::Constant(text), Operand::Field(field)) => (field, text, false),
        _ => return Ok(None),
    };
    let relation = match (operation, first) {
        (Comparison::Equal, _) => CompareOp::Equal,
        (Comparison::Less, true) | (Comparison::Greater, false) => CompareOp::Less,
        (Comparison::LessOrEqual, true) | (Comparison::GreaterOrEqual, false) => CompareOp::LessOrEqual,
        (Comparison::Greater, true) | (Comparison::Less, false) => CompareOp::Greater,
        (Comparison::GreaterOrEqual, true) | (Comparison::LessOrEqual, false) => CompareOp::GreaterOrEqual,
        (Comparison::IsNull | Comparison::Regex, _) => return Ok(None),
    };
    let (value, of) = column(frame, field)?;
    let number = text.trim().parse::<f64>().ok().filter(|number| !number.is_nan());
    let fits = matches!(of, DataType::Float32 | DataType::Float64);
    Ok(number.filter(|_| fits).map(|number| real(value, relation, number)))
}

fn operands(frame: &DataFrame, left: &Operand, right: &Operand) -> Result<(Expr, Expr), DataFusionError> {
    Ok(match (left, right) {
        (Operand::Field(left), Operand::Field(right)) => {
            let ((left, left_type), (right, right_type)) = (column(frame, left)?, column(frame, right)?);
            match (is_text(&left_type), is_text(&right_type)) {
                (true, false) => (glue_cast(left, &right_type), right),
                (false, true) => (left, glue_cast(right, &left_type)),
                _ => (left, right),
            }
        }
        (Operand::Field(field), Operand::Constant(text)) => {
            let (field, of) = column(frame, field)?;
            (field, constant(text, &of)?)
        }
        (Operand::Constant(text), Operand::Field(field)) => {
            let (field, of) = column(frame, field)?;
            (constant(text, &of)?, field)
        }
        (Operand::Constant(left), Operand::Constant(right)) => (lit(left.as_str()), lit(right.as_str())),
    })
}

/// A constant as a value that goes with a column's type.
fn constant(text: &str, of: &DataType) -> Result<Expr, DataFusionError> {
    if is_text(of) {
        return Ok(lit(text));
    }
    let trimmed = text.trim();
    if of.is_numeric() {
        if let Ok(whole) = trimmed.parse::<i64>() {
            return Ok(lit(whole));
        }
        if let Ok(number) = trimmed.parse::<f64>() {
            return Ok(lit(number));
        }
    }
    let array: ArrayRef = Arc::new(StringArray::from(vec![trimmed]));
    let cast = cast_array(&array, of)?;
    if cast.is_null(0) {
        return Err(wrong(format!("the constant `{text}` is no value of type `{of}`")));
    }
    Ok(lit(ScalarValue::try_from_array(&cast, 0)?))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Float64Array, RecordBatch};
    use datafusion::prelude::SessionContext;

    use super::*;

    /// How many of the values a comparison with a constant keeps.
    async fn kept(operation: Comparison, negated: bool, constant: &str) -> usize {
        let values = vec![Some(0.0), Some(-0.0), Some(f64::NAN), Some(-f64::NAN), Some(2.0), None];
        let values: ArrayRef = Arc::new(Float64Array::from(values));
        let frame = SessionContext::new().read_batch(RecordBatch::try_from_iter([("x", values)]).unwrap());
        let operands = vec![Operand::Field(vec!["x".into()]), Operand::Constant(constant.to_owned())];
        let filter = Filter { conditions: vec![Condition { operation, negated, operands }], any: false };
        apply(frame.unwrap(), &filter).unwrap().count().await.unwrap()
    }

    #[tokio::test]
    async fn zeros_are_one_and_no_number_is_in_no_relation() {
        for (operation, negated, constant, expected) in [
            (Comparison::Equal, false, "0", 2),
            (Comparison::Equal, true, "0", 4),
            (Comparison::GreaterOrEqual, false, "0", 3),
            (Comparison::Less, false, "-0", 0),
            (Comparison::Greater, false, "1.5", 1),
            (Comparison::Greater, true, "1.5", 4),
        ] {
            assert_eq!(
                kept(operation, negated, constant).await,
                expected,
                "{operation:?} {negated} {constant}"
            );
        }
    }
}
