//! Ties a parsed expression to partition keys: names to places, literals to values, and NOT
//! pushed down to the tests, so that evaluation and planning meet only AND and OR.

use super::value::{KeyType, Value};
use super::{Comparison, ExpressionError, Node, Test};

/// An expression tied to the partition keys of one table.
#[derive(Debug, Clone)]
pub struct BoundExpression {
    /// How many partition keys the table has.
    pub(super) keys: usize,
    pub(super) root: Bound,
}

#[derive(Debug, Clone)]
pub(super) enum Bound {
    /// True when all are; no operands means true.
    And(Vec<Bound>),
    Or(Vec<Bound>),
    Leaf {
        key: usize,
        ty: KeyType,
        negated: bool,
        test: BoundTest,
    },
}

#[derive(Debug, Clone)]
pub(super) enum BoundTest {
    IsNull,
    Compare(Comparison, Value<'static>),
    Like(String),
    In(Vec<Value<'static>>),
    Between(Value<'static>, Value<'static>),
}

pub(super) fn bind(root: Option<&Node>, keys: &[(&str, &str)]) -> Result<BoundExpression, ExpressionError> {
    let root = match root {
        Some(node) => bind_node(node, keys, false)?,
        None => Bound::And(Vec::new()),
    };
    Ok(BoundExpression { keys: keys.len(), root })
}

fn bind_node(node: &Node, keys: &[(&str, &str)], flip: bool) -> Result<Bound, ExpressionError> {
    let each = |nodes: &[Node]| -> Result<Vec<Bound>, ExpressionError> {
        nodes.iter().map(|node| bind_node(node, keys, flip)).collect()
    };
    match node {
        Node::Not(inner) => bind_node(inner, keys, !flip),
        Node::And(nodes) if flip => each(nodes).map(Bound::Or),
        Node::And(nodes) => each(nodes).map(Bound::And),
        Node::Or(nodes) if flip => each(nodes).map(Bound::And),
        Node::Or(nodes) => each(nodes).map(Bound::Or),
        Node::Test { key, negated, test } => {
            let (place, ty) = find_key(key, keys)?;
            Ok(Bound::Leaf { key: place, ty, negated: *negated != flip, test: bind_test(test, ty)? })
        }
    }
}

/// The key of that name; names of columns are one whatever their case.
fn find_key(name: &str, keys: &[(&str, &str)]) -> Result<(usize, KeyType), ExpressionError> {
    let place = keys
        .iter()
        .position(|(key, _)| *key == name)
        .or_else(|| keys.iter().position(|(key, _)| key.eq_ignore_ascii_case(name)));
    let found = place.and_then(|place| keys.get(place).map(|(_, ty)| (place, *ty)));
    let Some((place, text)) = found else {
        return Err(ExpressionError::InvalidInput("Invalid partition expression!".to_owned()));
    };
    let ty = KeyType::parse(text)
        .ok_or_else(|| ExpressionError::InvalidInput(format!("Unknown type : '{text}'")))?;
    Ok((place, ty))
}

fn bind_test(test: &Test, ty: KeyType) -> Result<BoundTest, ExpressionError> {
    let cast =
        |literal: &String| ty.cast(literal).map(Value::into_owned).map_err(ExpressionError::InvalidInput);
    Ok(match test {
        Test::IsNull => BoundTest::IsNull,
        Test::Compare(comparison, literal) => BoundTest::Compare(*comparison, cast(literal)?),
        Test::In(literals) => BoundTest::In(literals.iter().map(cast).collect::<Result<_, _>>()?),
        Test::Between(low, high) => BoundTest::Between(cast(low)?, cast(high)?),
        Test::Like(pattern) if ty == KeyType::Text => BoundTest::Like(pattern.clone()),
        Test::Like(_) => {
            let title = ty.title();
            let text = format!("{title} data type doesn't support operation 'LIKE'");
            return Err(ExpressionError::InvalidInput(text));
        }
    })
}
