//! What the conditions and principals of a statement ask of a request, one question at a time.

use super::language::{Effort, Glob};
use super::test::Test;
use crate::condition::Condition;
use crate::operator::{Operator, Quantifier};

/// A question about the keys of a request that has a yes or a no.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Atom {
    /// The key is there.
    Present(String),
    /// A value of the key fits; so the key is there.
    Any { key: String, test: Test },
    /// As `ForAllValues` and `ForAnyValue` take the values of a key together.
    Set { key: String, all: bool, negated: bool, if_exists: bool, test: Test },
    /// The resource fits a pattern with policy variables, all of which have a value.
    Fits(Glob),
    /// Something that is compared with itself only.
    Opaque(String),
}

impl Atom {
    /// Whether a request of which this is true is surely one of which any of the others is.
    fn implies_any(&self, others: &[&Self], effort: &Effort) -> bool {
        if others.contains(&self) {
            return true;
        }
        match self {
            Self::Any { key, test } => {
                let present = |other: &&Self| matches!(other, Self::Present(k) if k == key);
                let tests: Vec<&Test> = others
                    .iter()
                    .filter_map(|other| match other {
                        Self::Any { key: k, test } if k == key => Some(test),
                        _ => None,
                    })
                    .collect();
                others.iter().any(present) || test.within(&tests, effort)
            }
            Self::Set { key, all, negated, if_exists, test } => others.iter().any(|other| match other {
                Self::Present(k) => k == key && !all && !if_exists,
                Self::Set { key: k, all: a, negated: n, if_exists: e, test: wider } => {
                    let same = (k, a, n, e) == (key, all, negated, if_exists);
                    let settled = !test.has_variables() && !wider.has_variables();
                    same && if *negated {
                        settled && wider.within(&[test], effort)
                    } else {
                        test.within(&[wider], effort)
                    }
                }
                _ => false,
            }),
            Self::Fits(own) => others.iter().any(
                |other| matches!(other, Self::Fits(wider) if own.within(std::slice::from_ref(wider), effort)),
            ),
            Self::Present(key) => {
                let any = |other: &&Self| matches!(other, Self::Any { key: k, test } if k == key && test.is_any(effort));
                others.iter().any(any)
            }
            Self::Opaque(_) => false,
        }
    }
}

/// A question and the answer that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Literal<A> {
    pub(super) holds: bool,
    pub(super) atom: A,
}

impl<A: Clone> Literal<A> {
    pub(super) fn yes(atom: A) -> Self {
        Self { holds: true, atom }
    }

    pub(super) fn no(atom: A) -> Self {
        Self { holds: false, atom }
    }

    pub(super) fn complement(&self) -> Self {
        Self { holds: !self.holds, atom: self.atom.clone() }
    }
}

/// Whether no request can satisfy all of them.
pub(super) fn contradict(literals: &[Literal<Atom>], effort: &Effort) -> bool {
    let denied: Vec<&Atom> = literals.iter().filter(|l| !l.holds).map(|l| &l.atom).collect();
    literals.iter().any(|literal| literal.holds && literal.atom.implies_any(&denied, effort))
}

/// The ways in which a condition can be true, each a list of literals that all hold.
pub(super) fn ways(condition: &Condition, variables: bool) -> Vec<Vec<Literal<Atom>>> {
    let key = condition.key_name().to_lowercase();
    let opaque = || {
        let (operator, wanted) = (condition.operator_name(), condition.wanted());
        Literal::yes(Atom::Opaque(format!("{operator} {key} {wanted:?}")))
    };
    let Some(operator) = Operator::parse(condition.operator_name()) else { return vec![vec![opaque()]] };
    let Operator { quantifier, comparand, negated, if_exists } = operator;
    let Some(test) = Test::new(comparand, condition.wanted(), variables) else {
        let asks = |absent: &str| condition.wanted().iter().any(|text| text.eq_ignore_ascii_case(absent));
        return match (asks("true"), asks("false")) {
            (true, true) => vec![Vec::new()],
            (true, false) => vec![vec![Literal::no(Atom::Present(key))]],
            (false, true) => vec![vec![Literal::yes(Atom::Present(key))]],
            (false, false) => Vec::new(),
        };
    };
    match quantifier {
        Some(_) if negated && test.has_variables() => vec![vec![opaque()]],
        Some(quantifier) => {
            let all = quantifier == Quantifier::ForAllValues;
            vec![vec![Literal::yes(Atom::Set { key, all, negated, if_exists, test })]]
        }
        None if !negated => {
            let fits = vec![Literal::yes(Atom::Any { key: key.clone(), test })];
            if if_exists { vec![vec![Literal::no(Atom::Present(key))], fits] } else { vec![fits] }
        }
        None => vec![vec![Literal::no(Atom::Any { key, test })]],
    }
}

/// Whom an entry of `Principal`, or a whole `NotPrincipal`, speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    Anyone,
    Account(String),
    /// Kind and value of any other entry.
    Named(String, String),
    /// All but these.
    Except {
        names: Vec<(String, String)>,
        deny: bool,
    },
}

impl Who {
    pub(super) fn of(kind: &str, value: &str) -> Self {
        if kind == "AWS" {
            let digits = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
            let root = value.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
            match root {
                _ if value == "*" => return Self::Anyone,
                Some(account) if digits(account) && value.starts_with("arn:") => {
                    return Self::Account(account.to_owned());
                }
                _ if digits(value) => return Self::Account(value.to_owned()),
                _ => {}
            }
        }
        Self::Named(kind.to_owned(), value.to_owned())
    }

    /// The account of whoever it speaks of, where that is one.
    fn account(&self) -> Option<&str> {
        match self {
            Self::Account(account) => Some(account),
            Self::Named(kind, value) if kind == "AWS" => value.split(':').nth(4).filter(|a| !a.is_empty()),
            _ => None,
        }
    }

    /// Whether whoever it speaks of is spoken of by `other`, at least as directly. What a deny says
    /// counts however indirectly it speaks.
    fn is_spoken_of(&self, other: &Self, deny: bool) -> bool {
        match other {
            Self::Anyone => true,
            _ if self == other => true,
            Self::Account(account) if deny => self.account() == Some(account),
            _ => false,
        }
    }

    fn is_apart(&self, other: &Self) -> bool {
        match (self.account(), other.account()) {
            (Some(own), Some(other)) => own != other,
            _ => match (self, other) {
                (Self::Named(own, value), Self::Named(kind, name)) if own == kind => {
                    own == "Service" && value != name
                }
                (Self::Named(own, _), Self::Named(kind, _)) => own == "Service" || kind == "Service",
                (Self::Named(own, _), Self::Account(_)) | (Self::Account(_), Self::Named(own, _)) => {
                    own == "Service" || own == "Federated"
                }
                _ => false,
            },
        }
    }
}

/// An entry of a `Principal`, in a statement that allows or denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Party {
    pub(super) who: Who,
    pub(super) deny: bool,
}

/// Whether nobody can be spoken of by all that hold and by none that do not.
pub(super) fn nobody(parties: &[Literal<Party>]) -> bool {
    let mut yes = parties.iter().filter(|party| party.holds);
    let no = || parties.iter().filter(|party| !party.holds);
    let apart = |one: &Party| parties.iter().any(|p| p.holds && p.atom.who.is_apart(&one.who));
    yes.any(|one| {
        no().any(|other| one.atom.who.is_spoken_of(&other.atom.who, other.atom.deny)) || apart(&one.atom)
    })
}
