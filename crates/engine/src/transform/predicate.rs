use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::DataFusionError;
use datafusion::logical_expr::{Expr, Operator, binary_expr, lit};
use datafusion::prelude::DataFrame;
use datafusion::scalar::ScalarValue;

use super::fields::column;
use super::wrong;
use crate::plan::{CompareOp, Predicate, Term};
use crate::types::is_text;

/// The rows of which a predicate says so.
pub(super) fn apply(frame: DataFrame, predicate: &Predicate) -> Result<DataFrame, DataFusionError> {
    let kept = expression(&frame, predicate)?;
    frame.filter(kept)
}

fn expression(frame: &DataFrame, predicate: &Predicate) -> Result<Expr, DataFusionError> {
    Ok(match predicate {
        Predicate::Always(always) => lit(*always),
        Predicate::IsNull(path) => column(frame, path)?.0.is_null(),
        Predicate::Compare(path, relation, term) => compared(frame, path, *relation, term)?,
        Predicate::Choose(when, then, otherwise) => {
            let chosen = expression(frame, when)?;
            match (then.as_ref(), otherwise.as_ref()) {
                (Predicate::Always(true), Predicate::Always(false)) => chosen,
                (Predicate::Always(true), _) => chosen.or(expression(frame, otherwise)?),
                (Predicate::Always(false), _) => not(chosen).and(expression(frame, otherwise)?),
                (_, Predicate::Always(false)) => chosen.and(expression(frame, then)?),
                (_, Predicate::Always(true)) => not(chosen).or(expression(frame, then)?),
                _ => {
                    let then = chosen.clone().and(expression(frame, then)?);
                    then.or(not(chosen).and(expression(frame, otherwise)?))
                }
            }
        }
    })
}

fn not(expression: Expr) -> Expr {
    Expr::Not(Box::new(expression))
}

fn compared(
    frame: &DataFrame,
    path: &[String],
    relation: CompareOp,
    term: &Term,
) -> Result<Expr, DataFusionError> {
    let (value, of) = column(frame, path)?;
    let operator = match relation {
        CompareOp::Equal => Operator::Eq,
        CompareOp::Unequal => Operator::NotEq,
        CompareOp::Less => Operator::Lt,
        CompareOp::LessOrEqual => Operator::LtEq,
        CompareOp::Greater => Operator::Gt,
        CompareOp::GreaterOrEqual => Operator::GtEq,
    };
    let fits = match term {
        Term::Text(text) if is_text(&of) => Some(lit(text.as_str())),
        Term::Whole(number) if of.is_signed_integer() => Some(lit(*number)),
        Term::Truth(truth) if of == DataType::Boolean => Some(lit(*truth)),
        Term::Date(days) if of == DataType::Date32 => Some(lit(ScalarValue::Date32(Some(*days)))),
        Term::Real(number) if matches!(of, DataType::Float32 | DataType::Float64) => {
            return Ok(real(value, relation, *number));
        }
        Term::Time(micros) => match &of {
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                Some(lit(ScalarValue::TimestampMicrosecond(Some(*micros), zone.clone())))
            }
            _ => None,
        },
        Term::Field(other) => {
            let (other, other_of) = column(frame, other)?;
            let same = of.is_signed_integer() && other_of.is_signed_integer()
                || is_text(&of) && is_text(&other_of)
                || of == other_of && matches!(of, DataType::Boolean | DataType::Date32);
            same.then_some(other)
        }
        _ => None,
    };
    let other = fits.ok_or_else(|| wrong(format!("`{of}` is not compared with {term:?}")))?;
    Ok(binary_expr(value, operator, other))
}

/// A floating-point value beside a number, as Python compares them. The engine has an order of all floating-point values, in which -0 is below 0 and what is no number is at its ends.
pub(super) fn real(value: Expr, relation: CompareOp, number: f64) -> Expr {
    let (low, high) = if number == 0.0 { (-0.0, 0.0) } else { (number, number) };
    let at_least = |least: f64| value.clone().gt_eq(lit(least)).and(value.clone().lt_eq(lit(f64::INFINITY)));
    let at_most = |most: f64| value.clone().lt_eq(lit(most)).and(value.clone().gt_eq(lit(f64::NEG_INFINITY)));
    let above = |bound: f64| value.clone().gt(lit(bound)).and(value.clone().lt_eq(lit(f64::INFINITY)));
    let below = |bound: f64| value.clone().lt(lit(bound)).and(value.clone().gt_eq(lit(f64::NEG_INFINITY)));
    match relation {
        CompareOp::Equal => value.clone().gt_eq(lit(low)).and(value.clone().lt_eq(lit(high))),
        CompareOp::Unequal => value.clone().lt(lit(low)).or(value.clone().gt(lit(high))),
        CompareOp::Less => below(low),
        CompareOp::LessOrEqual => at_most(high),
        CompareOp::Greater => above(high),
        CompareOp::GreaterOrEqual => at_least(low),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{
        Array, Date32Array, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    };
    use datafusion::prelude::SessionContext;

    use super::*;

    const VALUES: [f64; 9] =
        [0.0, -0.0, 1.5, -1.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN, 1e300];

    async fn kept(predicate: Predicate) -> Vec<usize> {
        let batch = RecordBatch::try_from_iter([
            ("x", Arc::new(Float64Array::from(VALUES.to_vec())) as Arc<dyn Array>),
            ("n", Arc::new(StringArray::from_iter_values((0..VALUES.len()).map(|n| n.to_string())))),
        ]);
        let frame = SessionContext::new().read_batch(batch.unwrap()).unwrap();
        let batches = apply(frame, &predicate).unwrap().collect().await.unwrap();
        let mut found = Vec::new();
        for batch in batches {
            let names = batch.column(1).as_any().downcast_ref::<StringArray>().unwrap().clone();
            found.extend(names.iter().map(|name| name.unwrap().parse::<usize>().unwrap()));
        }
        found
    }

    #[tokio::test]
    async fn numbers_compare_as_in_python() {
        for number in [0.0, -0.0, 1.5, -1.5, 1e300] {
            for (relation, holds) in [
                (CompareOp::Equal, (|x, y| x == y) as fn(f64, f64) -> bool),
                (CompareOp::Unequal, |x, y| x != y),
                (CompareOp::Less, |x, y| x < y),
                (CompareOp::LessOrEqual, |x, y| x <= y),
                (CompareOp::Greater, |x, y| x > y),
                (CompareOp::GreaterOrEqual, |x, y| x >= y),
            ] {
                let expected: Vec<usize> = VALUES
                    .iter()
                    .enumerate()
                    .filter(|(_, value)| holds(**value, number))
                    .map(|(at, _)| at)
                    .collect();
                let compare = Predicate::Compare(vec!["x".into()], relation, Term::Real(number));
                assert_eq!(kept(compare).await, expected, "{relation:?} {number}");
            }
        }
    }

    #[tokio::test]
    async fn only_what_is_comparable() {
        let batch =
            RecordBatch::try_from_iter([("x", Arc::new(Float64Array::from(vec![1.0])) as Arc<dyn Array>)]);
        let frame = SessionContext::new().read_batch(batch.unwrap()).unwrap();
        let text = Predicate::Compare(vec!["x".into()], CompareOp::Equal, Term::Text("1".into()));
        assert!(apply(frame.clone(), &text).is_err());
        assert!(apply(frame, &Predicate::IsNull(vec!["y".into()])).is_err());
    }

    #[tokio::test]
    async fn days_and_times() {
        let batch = RecordBatch::try_from_iter([
            ("day", Arc::new(Date32Array::from(vec![-1, 0, 19_782])) as Arc<dyn Array>),
            ("at", Arc::new(TimestampMicrosecondArray::from(vec![-1, 0, 5]))),
            ("zoned", Arc::new(TimestampMicrosecondArray::from(vec![5, 0, -1]).with_timezone("UTC"))),
        ]);
        let frame = SessionContext::new().read_batch(batch.unwrap()).unwrap();
        for (name, term, expected) in
            [("day", Term::Date(0), 2), ("at", Term::Time(0), 2), ("zoned", Term::Time(5), 1)]
        {
            let compare = Predicate::Compare(vec![name.into()], CompareOp::GreaterOrEqual, term);
            assert_eq!(apply(frame.clone(), &compare).unwrap().count().await.unwrap(), expected, "{name}");
        }
        let wrong = Predicate::Compare(vec!["day".into()], CompareOp::Equal, Term::Time(0));
        assert!(apply(frame, &wrong).is_err());
    }

    #[tokio::test]
    async fn choices_go_one_way() {
        let is = |number| Predicate::Compare(vec!["x".into()], CompareOp::Greater, Term::Real(number));
        let null = Box::new(Predicate::IsNull(vec!["x".into()]));
        let guarded = Predicate::Choose(null.clone(), Box::new(Predicate::Always(false)), Box::new(is(1.0)));
        assert_eq!(kept(guarded).await, [2, 4, 8]);
        let either = Predicate::Choose(Box::new(is(1.0)), Box::new(is(2.0)), Box::new(is(-2.0)));
        assert_eq!(kept(either).await, [0, 1, 3, 4, 8]);
        assert_eq!(
            kept(Predicate::Choose(null, Box::new(is(0.0)), Box::new(Predicate::Always(true)))).await.len(),
            9
        );
    }
}
