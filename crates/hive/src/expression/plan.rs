//! Which partitions an expression can match, as they lie in the order of their values: a scan is told
//! after each partition where the next can be.

use std::borrow::Cow;
use std::ops::Bound::{Excluded, Included, Unbounded};

use super::bind::{Bound, BoundExpression, BoundTest};
use super::eval::holds;
use super::order::{ValueOrder, extent};
use super::ranges::Ranges;
use super::value::{KeyType, Value};
use super::{Comparison, ExpressionError};

/// An expression made ready for scanning partitions that lie in given orders.
#[derive(Debug)]
pub struct ScanPlan<'e> {
    expression: &'e BoundExpression,
    orders: &'e [ValueOrder],
    root: Reach<'e>,
}

/// The expression with what each of its tests admits.
#[derive(Debug)]
enum Reach<'e> {
    And(Vec<Reach<'e>>),
    Or(Vec<Reach<'e>>),
    Leaf { key: usize, leaf: &'e Bound, admitted: Ranges },
}

/// What a scan is to do after it has seen a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Go on with the next partition.
    Next,
    /// No other matches before the first partition whose leading values, encoded by their orders, are these
    /// or greater.
    Jump(Vec<String>),
    /// No other matches at all.
    End,
}

impl BoundExpression {
    /// Makes a plan for partitions whose values lie in these orders, key by key. Values that lie in
    /// the order of another type than their key's are read one by one.
    #[must_use]
    pub fn plan<'e>(&'e self, orders: &'e [ValueOrder]) -> ScanPlan<'e> {
        ScanPlan { expression: self, orders, root: reach(&self.root, orders) }
    }
}

impl ScanPlan<'_> {
    /// A scan from the first partition that can match.
    #[must_use]
    pub fn scan(&self) -> PartitionScan<'_> {
        PartitionScan { plan: self, seen: Vec::new(), values: Vec::new(), levels: vec![self.admitted(&[])] }
    }

    /// What the key after these values may be.
    fn admitted(&self, values: &[String]) -> Cow<'_, Ranges> {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        admitted(&self.root, &values)
    }
}

/// One walk over partitions in their order.
#[derive(Debug)]
pub struct PartitionScan<'p> {
    plan: &'p ScanPlan<'p>,
    /// The values of the partition seen last, as they sort, as far as they were admitted.
    seen: Vec<String>,
    /// The same values.
    values: Vec<String>,
    /// What each key may be, given the values of those before it.
    levels: Vec<Cow<'p, Ranges>>,
}

impl PartitionScan<'_> {
    /// Where to begin.
    #[must_use]
    pub fn start(&self) -> Step {
        match self.levels.first().and_then(|ranges| ranges.first_from("")) {
            Some(first) => Step::Jump(vec![first.into_owned()]),
            None => Step::End,
        }
    }

    /// Whether the partition with these values, encoded by their orders, matches, and what to do after it.
    ///
    /// # Errors
    /// `InvalidState` when a value that had to be looked at does not fit its key's type, or the
    /// number of values is not the number of keys.
    pub fn see(&mut self, row: &[String]) -> Result<(bool, Step), ExpressionError> {
        if self.plan.expression.is_blank() {
            return Ok((true, Step::Next));
        }
        if row.len() != self.plan.expression.keys {
            return Err(self.plan.expression.wrong_count(row.len()));
        }
        let same = self.seen.iter().zip(row).take_while(|(seen, value)| seen == value).count();
        self.seen.truncate(same);
        self.values.truncate(same);
        self.levels.truncate(same + 1);
        for (depth, value) in row.iter().enumerate().skip(same) {
            match self.levels.get(depth).and_then(|ranges| ranges.first_from(value)) {
                Some(first) if first == *value => {}
                Some(first) => return Ok((false, jump(row, depth, first))),
                None => return Ok((false, self.past(row, depth))),
            }
            let order = self.plan.orders.get(depth).copied();
            self.seen.push(value.clone());
            self.values.push(order.map_or_else(|| value.clone(), |order| order.decode(value.clone())));
            self.levels.push(self.plan.admitted(&self.values));
        }
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        Ok((holds(&self.plan.expression.root, &values)?, self.past(row, row.len())))
    }

    /// Where to go when nothing more can come under the first `depth` values of the row.
    fn past(&self, row: &[String], depth: usize) -> Step {
        for (place, (value, ranges)) in row.iter().zip(&self.levels).enumerate().take(depth).rev() {
            let behind = format!("{value}\0");
            match ranges.first_from(&behind) {
                // The next partition is as good a place as any.
                Some(first) if first == behind && place + 1 == row.len() => return Step::Next,
                Some(first) => return jump(row, place, first),
                None => {}
            }
        }
        Step::End
    }
}

fn jump(row: &[String], depth: usize, first: Cow<'_, str>) -> Step {
    Step::Jump(row.iter().take(depth).cloned().chain([first.into_owned()]).collect())
}

fn reach<'e>(node: &'e Bound, orders: &[ValueOrder]) -> Reach<'e> {
    match node {
        Bound::And(nodes) => Reach::And(nodes.iter().map(|node| reach(node, orders)).collect()),
        Bound::Or(nodes) => Reach::Or(nodes.iter().map(|node| reach(node, orders)).collect()),
        Bound::Leaf { key, ty, negated, test } => {
            let order = orders.get(*key).copied().filter(|order| order.0 == *ty);
            let admitted = order.and_then(|order| of_test(test, *negated, order));
            Reach::Leaf { key: *key, leaf: node, admitted: admitted.unwrap_or_else(Ranges::all) }
        }
    }
}

/// What the key after these values may be; everything once no key is left, or nothing at all.
fn admitted<'r>(node: &'r Reach<'_>, values: &[&str]) -> Cow<'r, Ranges> {
    match node {
        Reach::And(nodes) => nodes.iter().fold(Cow::Owned(Ranges::all()), |all, node| {
            if all.is_none() { all } else { both(all, admitted(node, values)) }
        }),
        Reach::Or(nodes) => nodes.iter().fold(Cow::Owned(Ranges::none()), |any, node| {
            if any.is_all() { any } else { either(any, admitted(node, values)) }
        }),
        Reach::Leaf { key, leaf, .. } if *key < values.len() => {
            // A value that does not fit its type stays in the scan, so that it is met and told.
            let truth = holds(leaf, values).unwrap_or(true);
            Cow::Owned(if truth { Ranges::all() } else { Ranges::none() })
        }
        Reach::Leaf { key, admitted, .. } if *key == values.len() => Cow::Borrowed(admitted),
        Reach::Leaf { .. } => Cow::Owned(Ranges::all()),
    }
}

fn both<'r>(a: Cow<'r, Ranges>, b: Cow<'r, Ranges>) -> Cow<'r, Ranges> {
    match (a.is_all(), b.is_all()) {
        (true, _) => b,
        (_, true) => a,
        _ => Cow::Owned(a.intersect(&b)),
    }
}

fn either<'r>(a: Cow<'r, Ranges>, b: Cow<'r, Ranges>) -> Cow<'r, Ranges> {
    match (a.is_none(), b.is_none()) {
        (true, _) => b,
        (_, true) => a,
        _ => Cow::Owned(Ranges::union([a.into_owned(), b.into_owned()])),
    }
}

/// What passes a test, and what does not fit the type; nothing where only asking can tell.
fn of_test(test: &BoundTest, negated: bool, order: ValueOrder) -> Option<Ranges> {
    let passing = match test {
        BoundTest::IsNull if negated && order.0 != KeyType::Text => order.values(),
        BoundTest::IsNull if negated => order.null().complement(),
        BoundTest::IsNull => order.null(),
        _ => {
            let passing = comparing(test, negated)?.intersect(&order.values());
            if negated { passing.complement().intersect(&order.values()) } else { passing }
        }
    };
    Some(Ranges::union([passing, order.unfit()]))
}

/// What passes a test that is not negated. Where that is too much the answer is nothing if `exact` is wanted.
fn comparing(test: &BoundTest, exact: bool) -> Option<Ranges> {
    Some(match test {
        BoundTest::IsNull => return None,
        BoundTest::Compare(comparison, value) => compared(*comparison, value),
        BoundTest::In(values) => Ranges::union(values.iter().map(equal)),
        BoundTest::Between(low, high) if low <= high => above(low, true).intersect(&below(high, true)),
        BoundTest::Between(low, high) => above(high, false).intersect(&below(low, false)),
        BoundTest::Like(pattern) => match pattern.find(['%', '_']).map(|at| pattern.split_at(at)) {
            None => Ranges::point(pattern),
            Some((start, rest)) if !exact || rest.bytes().all(|byte| byte == b'%') => {
                Ranges::starting_with(start)
            }
            Some(_) => return None,
        },
    })
}

fn compared(comparison: Comparison, value: &Value<'_>) -> Ranges {
    match comparison {
        Comparison::Equal => equal(value),
        Comparison::NotEqual => equal(value).complement(),
        Comparison::Less => below(value, false),
        Comparison::LessOrEqual => below(value, true),
        Comparison::Greater => above(value, false),
        Comparison::GreaterOrEqual => above(value, true),
    }
}

fn equal(value: &Value<'_>) -> Ranges {
    let (begin, end) = extent(value);
    Ranges::between(Included(begin), end)
}

fn below(value: &Value<'_>, or_equal: bool) -> Ranges {
    let (begin, end) = extent(value);
    Ranges::between(Unbounded, if or_equal { end } else { Excluded(begin) })
}

fn above(value: &Value<'_>, or_equal: bool) -> Ranges {
    let (begin, end) = extent(value);
    match end {
        _ if or_equal => Ranges::between(Included(begin), Unbounded),
        Included(end) => Ranges::between(Excluded(end), Unbounded),
        Excluded(end) => Ranges::between(Included(end), Unbounded),
        Unbounded => Ranges::none(),
    }
}
