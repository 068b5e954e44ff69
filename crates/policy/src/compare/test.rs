//! What a condition asks of the values of a key, and when one such question implies others.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::language::{Effort, Glob, Reading};
use crate::operand::{Network, date, number};
use crate::operator::{Comparand, Comparison};

/// Whether a value fits any of the operands of a condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Text {
        globs: Vec<Glob>,
        fold: bool,
    },
    Arn(Vec<Glob>),
    Number(Comparison, Vec<f64>),
    /// In microseconds.
    Date(Comparison, Vec<i64>),
    Address(Vec<Network>),
    Binary(Vec<Vec<u8>>),
}

impl Test {
    /// `None` for `Null`, which is no test of values.
    pub(super) fn new(comparand: Comparand, wanted: &[String], variables: bool) -> Option<Self> {
        let globs = |wildcards, fold| {
            let reading = Reading { wildcards, variables, fold };
            wanted.iter().map(|text| Glob::new(text, reading)).collect()
        };
        Some(match comparand {
            Comparand::Text { wildcards, fold } => Self::Text { globs: globs(wildcards, fold), fold },
            Comparand::Bool => {
                let reading = Reading { wildcards: false, variables: false, fold: true };
                let globs = wanted.iter().map(|text| Glob::new(text, reading)).collect();
                Self::Text { globs, fold: true }
            }
            Comparand::Arn => Self::Arn(globs(true, false)),
            Comparand::Number(comparison) => {
                Self::Number(comparison, wanted.iter().filter_map(|text| number(text)).collect())
            }
            Comparand::Date(comparison) => Self::Date(
                comparison,
                wanted.iter().filter_map(|text| date(text)).map(|at| at.micros()).collect(),
            ),
            Comparand::Address => {
                Self::Address(wanted.iter().filter_map(|text| Network::parse(text)).collect())
            }
            Comparand::Binary => {
                Self::Binary(wanted.iter().filter_map(|text| STANDARD.decode(text).ok()).collect())
            }
            Comparand::Null => return None,
        })
    }

    /// Whether every value fits.
    pub(super) fn is_any(&self, effort: &Effort) -> bool {
        let star = Glob::new("*", Reading { wildcards: true, variables: false, fold: false });
        matches!(self, Self::Text { globs, .. } if star.within(globs, effort))
    }

    pub(super) fn has_variables(&self) -> bool {
        match self {
            Self::Text { globs, .. } | Self::Arn(globs) => globs.iter().any(Glob::has_variables),
            _ => false,
        }
    }

    /// Whether every value that fits this one fits one of the others.
    pub(super) fn within(&self, others: &[&Self], effort: &Effort) -> bool {
        match self {
            Self::Text { globs, fold } => {
                let (mut exact, mut folded) = (Vec::new(), Vec::new());
                for other in others {
                    match other {
                        Self::Text { globs, fold: true } => folded.extend(globs.iter().cloned()),
                        Self::Text { globs, fold: false } if !fold => exact.extend(globs.iter().cloned()),
                        _ => {}
                    }
                }
                globs.iter().all(|glob| glob.within(&exact, effort) || glob.folded().within(&folded, effort))
            }
            Self::Arn(patterns) => patterns.iter().all(|own| {
                let mut all = others.iter().filter_map(|other| match other {
                    Self::Arn(patterns) => Some(patterns),
                    _ => None,
                });
                all.any(|patterns| patterns.iter().any(|other| arn_within(own, other, effort)))
            }),
            Self::Number(comparison, values) => {
                let mut ranges = Vec::new();
                for other in others {
                    if let Self::Number(comparison, values) = other {
                        ranges.extend(values.iter().map(|value| Range::of(*comparison, *value)));
                    }
                }
                values.iter().all(|value| Range::of(*comparison, *value).within(&ranges))
            }
            Self::Date(comparison, values) => {
                let mut ranges = Vec::new();
                for other in others {
                    if let Self::Date(comparison, values) = other {
                        ranges.extend(values.iter().map(|value| Range::of(*comparison, *value)));
                    }
                }
                values.iter().all(|value| Range::of(*comparison, *value).within(&ranges))
            }
            Self::Address(networks) => networks.iter().all(|own| {
                let covers =
                    |other: &&Self| matches!(other, Self::Address(all) if all.iter().any(|n| n.covers(*own)));
                others.iter().any(covers)
            }),
            Self::Binary(values) => values.iter().all(|own| {
                let holds = |other: &&Self| matches!(other, Self::Binary(all) if all.contains(own));
                others.iter().any(holds)
            }),
        }
    }
}

fn arn_within(own: &Glob, other: &Glob, effort: &Effort) -> bool {
    let (own, other) = (own.arn_parts(), other.arn_parts());
    own.len() == other.len()
        && own.iter().zip(&other).all(|(own, other)| own.within(std::slice::from_ref(other), effort))
}

/// What is below, above or at a value.
#[derive(Debug, Clone, Copy)]
struct Range<T> {
    comparison: Comparison,
    value: T,
}

impl<T: PartialOrd + Copy> Range<T> {
    fn of(comparison: Comparison, value: T) -> Self {
        Self { comparison, value }
    }

    fn within(&self, others: &[Self]) -> bool {
        others.iter().any(|other| self.is_within(other))
    }

    fn is_within(&self, other: &Self) -> bool {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
        let (own, bound) = (&self.value, &other.value);
        match (self.comparison, other.comparison) {
            (Equal, comparison) => comparison.holds(own, bound),
            (LessOrEqual, Less) => own < bound,
            (Less | LessOrEqual, Less | LessOrEqual) => own <= bound,
            (GreaterOrEqual, Greater) => own > bound,
            (Greater | GreaterOrEqual, Greater | GreaterOrEqual) => own >= bound,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Operator;

    fn test(operator: &str, values: &[&str]) -> Test {
        let comparand = Operator::parse(operator).unwrap().comparand;
        let values: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
        Test::new(comparand, &values, true).unwrap()
    }

    #[test]
    fn implications() {
        let implies = |a: (&str, &[&str]), b: (&str, &[&str])| {
            test(a.0, a.1).within(&[&test(b.0, b.1)], &Effort::new())
        };
        assert!(implies(("StringEquals", &["a"]), ("StringLike", &["a*", "b"])));
        assert!(!implies(("StringLike", &["a*"]), ("StringEquals", &["a"])));
        assert!(implies(("StringEquals", &["Ab"]), ("StringEqualsIgnoreCase", &["aB"])));
        assert!(!implies(("StringEqualsIgnoreCase", &["ab"]), ("StringEquals", &["ab"])));
        assert!(!implies(("StringLike", &["*"]), ("StringEquals", &["*"])));
        assert!(implies(("IpAddress", &["10.1.0.0/16"]), ("IpAddress", &["10.0.0.0/8"])));
        assert!(!implies(("IpAddress", &["10.0.0.0/8"]), ("IpAddress", &["10.1.0.0/16"])));
        assert!(implies(("NumericLessThan", &["5"]), ("NumericLessThanEquals", &["5"])));
        assert!(!implies(("NumericLessThanEquals", &["5"]), ("NumericLessThan", &["5"])));
        assert!(implies(("NumericEquals", &["5"]), ("NumericGreaterThan", &["4"])));
        assert!(implies(("DateLessThan", &["2026-01-01"]), ("DateLessThan", &["2027-01-01"])));
        assert!(implies(("ArnEquals", &["arn:aws:sns:*:1:x"]), ("ArnLike", &["arn:aws:sns:*:1:*"])));
        assert!(!implies(("ArnLike", &["arn:aws:sns:*:*:x"]), ("ArnLike", &["arn:aws:sns:*:1:*"])));
        assert!(implies(("BinaryEquals", &["AAAA"]), ("BinaryEquals", &["AAAA", "BBBB"])));
    }
}
