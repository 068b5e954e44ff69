//! Conditions that the reader of an Iceberg table understands: it leaves out partitions, files and row groups by them.

use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::scalar::ScalarValue;
use iceberg::expr::{Predicate, Reference};
use iceberg::spec::{Datum, PrimitiveType, Schema, Type};

/// The condition as the reader knows it; nothing if it does not, or would judge it otherwise.
pub(crate) fn predicate(filter: &Expr, schema: &Schema) -> Option<Predicate> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            // Half of it leaves out less, but nothing wrong.
            match (predicate(left, schema), predicate(right, schema)) {
                (Some(left), Some(right)) => Some(left.and(right)),
                (one, other) => one.or(other),
            }
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Some(predicate(left, schema)?.or(predicate(right, schema)?))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (left.as_ref(), right.as_ref()) {
            (Expr::Column(column), Expr::Literal(value, _)) => compared(schema, &column.name, *op, value),
            (Expr::Literal(value, _), Expr::Column(column)) => {
                compared(schema, &column.name, op.swap()?, value)
            }
            _ => None,
        },
        Expr::InList(InList { expr, list, negated: false }) => {
            let Expr::Column(column) = expr.as_ref() else { return None };
            let (reference, of) = reference(schema, &column.name)?;
            let values = list.iter().map(|value| match value {
                Expr::Literal(value, _) => datum(of, value),
                _ => None,
            });
            Some(reference.is_in(values.collect::<Option<Vec<_>>>()?))
        }
        Expr::IsNull(inner) => match inner.as_ref() {
            Expr::Column(column) => Some(reference(schema, &column.name)?.0.is_null()),
            _ => None,
        },
        Expr::IsNotNull(inner) => match inner.as_ref() {
            Expr::Column(column) => Some(reference(schema, &column.name)?.0.is_not_null()),
            _ => None,
        },
        _ => None,
    }
}

fn compared(schema: &Schema, name: &str, op: Operator, value: &ScalarValue) -> Option<Predicate> {
    let (reference, of) = reference(schema, name)?;
    let datum = datum(of, value)?;
    Some(match op {
        Operator::Eq => reference.equal_to(datum),
        Operator::Lt => reference.less_than(datum),
        Operator::LtEq => reference.less_than_or_equal_to(datum),
        Operator::Gt => reference.greater_than(datum),
        Operator::GtEq => reference.greater_than_or_equal_to(datum),
        _ => return None,
    })
}

fn reference<'a>(schema: &'a Schema, name: &str) -> Option<(Reference, &'a PrimitiveType)> {
    let field = schema.as_struct().field_by_name(name)?;
    match field.field_type.as_ref() {
        Type::Primitive(of) => Some((Reference::new(name), of)),
        _ => None,
    }
}

/// Types whose values both sides order in the same way.
fn datum(of: &PrimitiveType, value: &ScalarValue) -> Option<Datum> {
    Some(match (of, value) {
        (PrimitiveType::Boolean, ScalarValue::Boolean(Some(value))) => Datum::bool(*value),
        (PrimitiveType::Int, ScalarValue::Int32(Some(value))) => Datum::int(*value),
        (PrimitiveType::Long, ScalarValue::Int64(Some(value))) => Datum::long(*value),
        (PrimitiveType::Date, ScalarValue::Date32(Some(value))) => Datum::date(*value),
        (PrimitiveType::Timestamp, ScalarValue::TimestampMicrosecond(Some(value), None)) => {
            Datum::timestamp_micros(*value)
        }
        (PrimitiveType::Timestamptz, ScalarValue::TimestampMicrosecond(Some(value), None)) => {
            Datum::timestamptz_micros(*value)
        }
        (
            PrimitiveType::String,
            ScalarValue::Utf8(Some(value))
            | ScalarValue::Utf8View(Some(value))
            | ScalarValue::LargeUtf8(Some(value)),
        ) => Datum::string(value),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::prelude::{col, lit};
    use iceberg::spec::NestedField;

    use super::*;

    fn pushed(filter: &Expr) -> Option<String> {
        let field = |id, name, of| Arc::new(NestedField::optional(id, name, Type::Primitive(of)));
        let fields = [
            field(1, "n", PrimitiveType::Long),
            field(2, "s", PrimitiveType::String),
            field(3, "f", PrimitiveType::Double),
        ];
        let schema = Schema::builder().with_fields(fields).build().unwrap();
        predicate(filter, &schema).map(|predicate| predicate.to_string())
    }

    #[test]
    fn conditions_are_pushed_down_where_both_judge_alike() {
        assert_eq!(pushed(&col("n").gt(lit(3_i64))).as_deref(), Some("n > 3"));
        assert_eq!(pushed(&lit(3_i64).gt(col("n"))).as_deref(), Some("n < 3"));
        assert_eq!(pushed(&col("n").gt(lit(3_i64)).and(col("f").gt(lit(1.0)))).as_deref(), Some("n > 3"));
        assert_eq!(pushed(&col("n").gt(lit(3_i64)).or(col("f").gt(lit(1.0)))), None);
        assert_eq!(pushed(&col("f").eq(lit(1.0))), None);
        assert!(pushed(&col("s").in_list(vec![lit("a"), lit("b")], false)).is_some());
        assert!(pushed(&col("s").is_null()).is_some());
    }
}
