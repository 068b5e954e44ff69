//! Which stretches of a table's partitions, sorted by their values, an expression can match.

use std::ops::Bound as Limit;

use super::Comparison;
use super::bind::{Bound, BoundExpression, BoundTest};
use super::eval::holds;
use super::ranges::{Interval, Ranges};
use super::value::{KeyType, Value};
use crate::path::DEFAULT_PARTITION;

/// More stretches than this are joined into one: seeking costs too.
const MAX_RANGES: usize = 1000;

/// One stretch of partitions sorted by their values as text, key by key: those whose first values
/// are `prefix` and whose next value lies between the bounds. When `prefix` names every key, the
/// bounds are open and at most one partition is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRange {
    /// Values of the leading keys.
    pub prefix: Vec<String>,
    /// Where the key after `prefix` begins.
    pub lower: Limit<String>,
    /// Where the key after `prefix` ends.
    pub upper: Limit<String>,
}

impl BoundExpression {
    /// The stretches that hold every matching partition, disjoint and in order. They may hold
    /// others, so each partition found still has to be asked about with [`Self::matches`].
    ///
    /// Only keys compared as strings narrow a scan: under any other type the order of texts is not
    /// the order of values, and a stored value of the wrong form must be met to be reported.
    #[must_use]
    pub fn scan_plan(&self) -> Vec<ScanRange> {
        // Fewer leading values are fixed as long as that gives too many stretches.
        for deepest in (0..=self.keys).rev() {
            let mut plan = Vec::new();
            if self.extend(&mut Vec::new(), deepest, &mut plan).is_some() {
                return plan;
            }
        }
        let hull = reach(&self.root, &[]).hull();
        hull.map(|Interval { lower, upper }| ScanRange { prefix: Vec::new(), lower, upper })
            .into_iter()
            .collect()
    }

    /// Adds the stretches under the `fixed` leading values, fixing `deepest` at most; nothing when
    /// they become too many.
    fn extend(&self, fixed: &mut Vec<String>, deepest: usize, plan: &mut Vec<ScanRange>) -> Option<()> {
        let ranges = reach(&self.root, fixed);
        for interval in ranges.into_intervals() {
            match interval.point() {
                Some(value) if fixed.len() < deepest => {
                    fixed.push(value.clone());
                    self.extend(fixed, deepest, plan)?;
                    fixed.pop();
                }
                _ if plan.len() >= MAX_RANGES => return None,
                _ => {
                    let Interval { lower, upper } = interval;
                    plan.push(ScanRange { prefix: fixed.clone(), lower, upper });
                }
            }
        }
        Some(())
    }
}

/// The values that the key after the `fixed` ones may have; the whole line once no key is left.
fn reach(node: &Bound, fixed: &[String]) -> Ranges {
    match node {
        Bound::And(nodes) => {
            nodes.iter().fold(Ranges::all(), |ranges, node| ranges.intersect(reach(node, fixed)))
        }
        Bound::Or(nodes) => Ranges::union(nodes.iter().map(|node| reach(node, fixed))),
        Bound::Leaf { ty, .. } if *ty != KeyType::Text => Ranges::all(),
        Bound::Leaf { key, .. } if *key < fixed.len() => {
            let values: Vec<&str> = fixed.iter().map(String::as_str).collect();
            // A text key's test cannot fail; were it to, scanning more is the safe side.
            if holds(node, &values).unwrap_or(true) { Ranges::all() } else { Ranges::none() }
        }
        Bound::Leaf { key, negated, test, .. } if *key == fixed.len() => admitted(test, *negated),
        Bound::Leaf { .. } => Ranges::all(),
    }
}

/// The texts that pass a test of a string key.
fn admitted(test: &BoundTest, negated: bool) -> Ranges {
    match (test, negated) {
        (BoundTest::IsNull, false) => Ranges::point(DEFAULT_PARTITION),
        (BoundTest::Compare(comparison, Value::Text(text)), negated) => compared(*comparison, text, negated),
        (BoundTest::In(values), false) => Ranges::union(values.iter().filter_map(text).map(Ranges::point)),
        (BoundTest::Between(Value::Text(a), Value::Text(b)), false) => {
            let (low, high) = if a <= b { (a, b) } else { (b, a) };
            Ranges::between(Limit::Included(low.to_string()), Limit::Included(high.to_string()))
        }
        (BoundTest::Like(pattern), false) => {
            match pattern.find(['%', '_']).and_then(|at| pattern.get(..at)) {
                Some(prefix) => Ranges::starting_with(prefix),
                None => Ranges::point(pattern),
            }
        }
        _ => Ranges::all(),
    }
}

fn text<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn compared(comparison: Comparison, text: &str, negated: bool) -> Ranges {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let text = text.to_owned();
    let (lower, upper) = match (comparison, negated) {
        (Equal, false) | (NotEqual, true) => return Ranges::point(&text),
        (NotEqual, false) | (Equal, true) => return Ranges::all(),
        (Less, false) | (GreaterOrEqual, true) => (Limit::Unbounded, Limit::Excluded(text)),
        (LessOrEqual, false) | (Greater, true) => (Limit::Unbounded, Limit::Included(text)),
        (Greater, false) | (LessOrEqual, true) => (Limit::Excluded(text), Limit::Unbounded),
        (GreaterOrEqual, false) | (Less, true) => (Limit::Included(text), Limit::Unbounded),
    };
    Ranges::between(lower, upper)
}
