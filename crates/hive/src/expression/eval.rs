//! Asks a bound expression about one partition's values.

use super::bind::{Bound, BoundExpression, BoundTest};
use super::value::{KeyType, Value};
use super::{Comparison, ExpressionError};
use crate::path::DEFAULT_PARTITION;

impl BoundExpression {
    /// Whether a partition with these values, in the order of the keys, matches.
    ///
    /// `__HIVE_DEFAULT_PARTITION__` is null: `IS NULL` finds it under every key type, and under a
    /// key that is not a string nothing else does.
    ///
    /// # Errors
    /// `InvalidState` when a value that had to be looked at does not fit its key's type, or the
    /// number of values is not the number of keys.
    pub fn matches(&self, values: &[&str]) -> Result<bool, ExpressionError> {
        if values.len() != self.keys {
            return Err(self.wrong_count(values.len()));
        }
        holds(&self.root, values)
    }

    /// Whether nothing is asked.
    pub(super) fn is_blank(&self) -> bool {
        matches!(&self.root, Bound::And(nodes) if nodes.is_empty())
    }

    pub(super) fn wrong_count(&self, values: usize) -> ExpressionError {
        ExpressionError::InvalidState(format!("Partition has {values} values for {} keys.", self.keys))
    }
}

pub(super) fn holds(node: &Bound, values: &[&str]) -> Result<bool, ExpressionError> {
    match node {
        Bound::And(nodes) => {
            for node in nodes {
                if !holds(node, values)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Bound::Or(nodes) => {
            for node in nodes {
                if holds(node, values)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Bound::Leaf { key, ty, negated, test } => {
            let stored = values.get(*key).copied().unwrap_or_default();
            Ok(leaf(*ty, test, stored)?.is_some_and(|truth| truth != *negated))
        }
    }
}

/// The truth of one test; nothing when it compares with null.
fn leaf(ty: KeyType, test: &BoundTest, stored: &str) -> Result<Option<bool>, ExpressionError> {
    let null = stored == DEFAULT_PARTITION;
    if let BoundTest::IsNull = test {
        if !null && ty != KeyType::Text {
            ty.cast(stored).map_err(ExpressionError::InvalidState)?;
        }
        return Ok(Some(null));
    }
    if null && ty != KeyType::Text {
        return Ok(None);
    }
    let value = ty.cast(stored).map_err(ExpressionError::InvalidState)?;
    let truth = match test {
        BoundTest::IsNull => null,
        BoundTest::Compare(comparison, literal) => compare(*comparison, &value, literal),
        BoundTest::In(literals) => literals.contains(&value),
        // Bounds the wrong way round match what lies strictly between them, as seen on AWS.
        BoundTest::Between(low, high) => (low <= &value && &value <= high) || (low > &value && &value > high),
        BoundTest::Like(pattern) => like(pattern, stored),
    };
    Ok(Some(truth))
}

fn compare(comparison: Comparison, value: &Value<'_>, literal: &Value<'_>) -> bool {
    match comparison {
        Comparison::Equal => value == literal,
        Comparison::NotEqual => value != literal,
        Comparison::Less => value < literal,
        Comparison::LessOrEqual => value <= literal,
        Comparison::Greater => value > literal,
        Comparison::GreaterOrEqual => value >= literal,
    }
}

/// `%` is any run of characters and `_` any one; nothing escapes them.
fn like(pattern: &str, text: &str) -> bool {
    let (mut rest, mut text) = (pattern.chars(), text.chars());
    // Where to go on after a mismatch: behind the last `%`, one character further.
    let mut retry = None;
    loop {
        let mut after = rest.clone();
        let step = match (after.next(), text.clone().next()) {
            (Some('%'), _) => {
                retry = Some((after.clone(), text.clone()));
                rest = after;
                continue;
            }
            (None, None) => return true,
            (Some(p), Some(c)) => p == '_' || p == c,
            _ => false,
        };
        if step {
            rest = after;
            text.next();
            continue;
        }
        let Some((pattern_after, text_after)) = &mut retry else { return false };
        if text_after.next().is_none() {
            return false;
        }
        (rest, text) = (pattern_after.clone(), text_after.clone());
    }
}
